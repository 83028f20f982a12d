"""Truth is read, and errors in it are named."""

from __future__ import annotations

import pytest

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.truth import fitting_truth, read_table, read_truth
from bharnet_ros.datasets.readers.pku_mmd.actions import PKU_ACTIONS
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import TrueAction

ORIGIN_NS = 1_700_000_000_500_000_000


def write_table(tmp_path, *lines: str):
    path = tmp_path / "truth.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def read(tmp_path, messages, write_bag):
    """Return a function that reads a truth of a short recording."""

    def call(source, rows=None):
        bag = tmp_path / "bag"
        if not bag.exists():
            write_bag(bag, rows or messages.waving([], until=5.0))
        with Recording(bag) as recording:
            return read_truth(str(source), recording, messages.start_ns)

    return call


def test_table_in_seconds_of_the_recording(tmp_path):
    path = write_table(
        tmp_path, "track,label,start,end", "body_1, wave, 1.5, 2.5", "", ",point,3,4"
    )
    assert [row.action for row in read_table(path, ORIGIN_NS)] == [
        TrueAction("wave", 1.5, 2.5, "body_1"),
        TrueAction("point", 3.0, 4.0),
    ]


def test_table_in_ros_time(tmp_path):
    path = write_table(tmp_path, "label,start,end", "wave,1700000002.0,1700000003.25")
    (row,) = read_table(path, ORIGIN_NS)
    assert row.action.start_s == pytest.approx(1.5, abs=1e-6)
    assert row.action.end_s == pytest.approx(2.75, abs=1e-6)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("body_1,wave,one,2", r"truth\.csv: line 3: start: 'one' is not a number"),
        ("body_1,wave,1,nan", r"truth\.csv: line 3: end: 'nan' is not finite"),
        ("body_1,wave,2,1", r"truth\.csv: line 3: end 1 is before start 2"),
        ("body_1,wave,2", r"truth\.csv: line 3: expected 4 values, got 3"),
        ("body_1,,1,2", r"truth\.csv: line 3: label: is empty"),
        ("body_1,wave,1,1700000002", r"truth\.csv: line 3: start, end: one is ROS time"),
        ('body_1,"wave,1,2', r"truth\.csv: line 3: "),
    ],
)
def test_broken_line_is_named(tmp_path, line, message):
    path = write_table(tmp_path, "track,label,start,end", "body_1,wave,0,1", line)
    with pytest.raises(ValueError, match=message):
        read_table(path, ORIGIN_NS)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["body_1,wave,0,1"], r"line 1: expected the names of the columns, track,label,start,end"),
        (["label,label,start,end"], r"line 1: expected the names"),
        ([""], r"line 1: is empty"),
    ],
)
def test_broken_header_is_named(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        read_table(write_table(tmp_path, *lines), ORIGIN_NS)


def test_overlap_on_a_track_names_both_lines(tmp_path, read):
    path = write_table(
        tmp_path,
        "track,label,start,end",
        "body_1,wave,2,4",
        "body_2,wave,1,3",
        "body_1,point,1,2.5",
    )
    with pytest.raises(ValueError, match=r"line 2: track 'body_1': wave begins .*\(.*line 4\)"):
        read(path)


def test_actions_that_touch_do_not_overlap(tmp_path, read):
    path = write_table(tmp_path, "label,start,end", "wave,1,2", "point,2,3")
    assert len(read(path)) == 2


def test_labels_of_pku_mmd(tmp_path, read):
    path = tmp_path / "0002-L.txt"
    path.write_text("1,30,60,1\n51,90,120,1\n")
    assert [row.action for row in read(path)] == [
        TrueAction(PKU_ACTIONS[0], 1.0, 2.0),
        TrueAction(PKU_ACTIONS[50], 3.0, 4.0),
    ]


def test_broken_labels_of_pku_mmd_are_named(tmp_path, read):
    path = tmp_path / "0002-L.txt"
    path.write_text("1,30,60,1\n99,90,120,1\n")
    with pytest.raises(ValueError, match=r"0002-L\.txt: line 2: class"):
        read(path)


def test_truth_can_be_a_topic(read, messages):
    rows = [
        ("truth", messages.event("a", 1, 1.0, 1.0, 1.0)),
        ("truth", messages.event("a", 2, 3.0, 1.0, 2.5, reason="ended")),
    ]
    assert [row.action for row in read("topic:/truth", rows)] == [
        TrueAction("wave", 1.0, 2.5, "body_1")
    ]


def test_truth_that_never_ends_is_refused(read, messages):
    with pytest.raises(ValueError, match=r"topic /truth: event a: has an ONSET and no OFFSET"):
        read("topic:/truth", [("truth", messages.event("a", 1, 1.0, 1.0, 1.0))])


def test_broken_event_of_the_truth_is_named(read, messages):
    with pytest.raises(InputError, match=r"bag: topic /truth: .*9"):
        read("topic:/truth", [("truth", messages.event("a", 9, 1.0, 1.0, 1.0))])


def test_topic_of_another_type_is_refused(read):
    with pytest.raises(ValueError, match=r"topic /action_scores: has .*ActionScores, not"):
        read("topic:/action_scores")


def test_missing_topic_is_named(read):
    with pytest.raises(ValueError, match=r"has no topic /truth"):
        read("topic:/truth")


def test_file_of_another_kind_is_refused(read):
    with pytest.raises(ValueError, match=r"truth\.json: is not a truth"):
        read("truth.json")


@pytest.fixture
def rows(tmp_path):
    path = write_table(
        tmp_path, "label,start,end", "point,3,4", "wave,1,2", "background,0,1", "jump,4,5.2"
    )
    return read_table(path, ORIGIN_NS)


def test_labels_that_the_model_lacks_are_refused_by_name(rows):
    with pytest.raises(ValueError, match=r"truth\.csv: line 5: label 'jump' is none of"):
        fitting_truth(rows, 5.0, ("wave", "point", "background"), others=False)


def test_labels_that_the_model_lacks_can_be_background(rows):
    truth = fitting_truth(rows, 5.0, ("wave", "point", "background"), others=True)
    assert [one.label for one in truth] == ["wave", "point"]


def test_without_class_names_every_label_counts(rows):
    truth = fitting_truth(rows, 5.0, (), others=False)
    assert [one.label for one in truth] == ["wave", "point", "jump"]


def test_truth_outside_the_recording_is_refused(rows):
    with pytest.raises(ValueError, match=r"line 5: jump from 4\.000 s to 5\.200 s is outside"):
        fitting_truth(rows, 4.5, (), others=False)
