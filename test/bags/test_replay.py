"""Every stage of a recording gives the same events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, origin_of
from bharnet_ros.types.actions import OffsetReason, Phase
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.timeline import TrueAction

WAVES = [(1.0, 3.0), (5.0, 7.0)]


def play(bag, progress=False, excluded=(), **settings):
    with Recording(bag) as recording:
        return replay(recording, ReplaySettings(**settings), excluded=excluded, progress=progress)


@pytest.fixture(scope="module")
def tiny(tiny_bundle):
    return str(tiny_bundle)


@pytest.fixture(scope="module")
def waves(tmp_path_factory, messages, write_bag):
    """Return a recording of scores in which somebody waves twice."""
    folder = tmp_path_factory.mktemp("scores") / "waves"
    return write_bag(folder, messages.waving(WAVES, until=9.0))


def test_scores_become_events(waves):
    found = play(waves)
    assert found.stage is Stage.SCORES
    timeline = found.timeline([TrueAction("wave", *times) for times in WAVES])
    assert [(event.start_s, event.end_s) for event in timeline.events] == WAVES
    assert {event.reason for event in timeline.events} == {"ended"}
    assert timeline.class_names == ("wave", "point", "background")
    assert timeline.duration_s == pytest.approx(9.0)
    (trace,) = timeline.traces
    assert trace.stamps_s == pytest.approx(np.arange(91) / 10)
    assert trace.probabilities.shape == (91, 3)


def test_a_replay_is_reproducible(waves):
    first, second = play(waves), play(waves)
    assert first.events == second.events
    assert [event.event_id for event in first.events] == ["replay-waves-1"] * 2 + [
        "replay-waves-2"
    ] * 2


def test_an_event_that_is_open_at_the_end_is_closed(tmp_path, messages, write_bag):
    bag = write_bag(tmp_path / "open", messages.waving([(1.0, 9.0)], until=3.0))
    events = play(bag).events
    assert [event.phase for event in events] == [Phase.ONSET, Phase.OFFSET]
    assert events[-1].reason is OffsetReason.SOURCE_ENDED


def test_a_gap_in_the_scores_ends_events(tmp_path, messages, write_bag):
    rows = messages.waving([(1.0, 20.0)], until=20.0)
    kept = [row for row in rows if not 5 < row[1].header.stamp.sec - 1_700_000_000 < 10]
    reasons = [one.reason for one in play(write_bag(tmp_path / "gap", kept)).events]
    assert reasons[1::2] == [OffsetReason.SOURCE_LOST, OffsetReason.SOURCE_ENDED]


def test_stamps_that_go_back_end_events_and_are_noted(tmp_path, messages, write_bag):
    rows = messages.waving([(1.0, 9.0)], until=4.0)
    again = messages.waving([(1.0, 3.0)], until=6.0)[1:]
    found = play(write_bag(tmp_path / "loop", rows + again, in_order=True))
    assert found.events[1].reason is OffsetReason.TIME_JUMP
    assert any("stamps went back" in note for note in found.notes)
    assert (np.diff(found.traces[0].stamps_s) > 0).all()


def test_scores_of_another_model_are_left_out_and_noted(tmp_path, messages, write_bag):
    rows = messages.waving(WAVES, until=4.0)
    rows.append(("action_scores", messages.scores(4.1, {}, model_name="other")))
    found = play(write_bag(tmp_path / "mixed", rows))
    assert len(found.events) == 2
    assert any("1 messages on /action_scores cannot be used" in note for note in found.notes)


def test_scores_that_can_never_be_used_are_refused(tmp_path, messages, write_bag):
    rows = [("model_info", messages.model_info())]
    rows += [("action_scores", messages.scores(at, {"body_1": (1.0, 0.0)})) for at in (0.1, 0.2)]
    with pytest.raises(ValueError, match=r"topic /action_scores: .*has 2 classes, not 3"):
        play(write_bag(tmp_path / "bag", rows))


def test_scores_without_their_model_need_one(tmp_path, messages, write_bag, tiny):
    rows = messages.waving(WAVES, until=9.0)[1:]
    bag = write_bag(tmp_path / "nameless", rows)
    with pytest.raises(ValueError, match=r"/action_scores: nothing in the bag says .*--model"):
        play(bag)
    assert len(play(bag, model=tiny).events) == 4


def test_a_model_of_other_classes_is_refused(tmp_path, messages, write_bag, tiny):
    rows = messages.waving([], until=1.0)
    rows[0] = ("model_info", messages.model_info(class_names=("point", "wave", "background")))
    with pytest.raises(ValueError, match=r"topic /model_info: the classes of model tiny are point"):
        play(write_bag(tmp_path / "bag", rows), model=tiny)


def test_broken_model_information_is_named(tmp_path, messages, write_bag):
    rows = messages.waving([], until=1.0)
    rows[0][1].background_id = 7
    with pytest.raises(InputError, match=r"bag: topic /model_info: background_id 7 is not the"):
        play(write_bag(tmp_path / "bag", rows))


def test_a_second_model_ends_events(tmp_path, messages, write_bag):
    rows = messages.waving([(1.0, 9.0)], until=6.0)
    rows.append(("model_info", messages.model_info(at=3.05)))
    found = play(write_bag(tmp_path / "bag", rows))
    assert [one.reason for one in found.events if one.phase is Phase.OFFSET] == [
        OffsetReason.SOURCE_LOST,
        OffsetReason.SOURCE_ENDED,
    ]
    assert len({one.event_id for one in found.events}) == 2


def test_a_gesture_that_was_taught_meanwhile_ends_no_event(tmp_path, messages, write_bag):
    rows = messages.waving([(1.0, 6.0)], until=3.0)
    rows[0][1].weights_sha256 = "w"
    names = ("clap", "wave", "point", "background")
    taught = messages.model_info(at=3.05, class_names=names)
    taught.name, taught.weights_sha256 = "tiny+own@1", "w"
    rows.append(("model_info", taught))
    for at in range(31, 50):
        row = {"body_1": (0.01, 0.95, 0.02, 0.02)}
        rows.append(("action_scores", messages.scores(at / 10, row, "tiny+own@1")))
    found = play(write_bag(tmp_path / "bag", rows))
    assert [one.phase for one in found.events] == [Phase.ONSET, Phase.OFFSET]
    assert found.class_names == ("wave", "point", "background", "clap")
    (trace,) = found.traces
    assert trace.probabilities.shape[1] == 4
    assert (trace.probabilities[-5:].argmax(1) == 0).all()


def test_recorded_events_are_unchanged(tmp_path, messages, write_bag):
    rows = [
        ("action_scores", messages.scores(0.0, {})),
        ("action_recognition", messages.event("a", 1, 2.0, 1.0, 1.5, latency=0.125)),
        ("action_recognition", messages.event("a", 2, 4.0, 1.0, 3.0, reason="ended", latency=0.25)),
        ("model_info", messages.model_info(10.0)),
    ]
    found = play(write_bag(tmp_path / "events", rows))
    assert found.stage is Stage.EVENTS
    timeline = found.timeline([])
    (event,) = timeline.events
    assert (event.start_s, event.end_s, event.onset_s, event.offset_s) == (1.0, 3.0, 2.0, 4.0)
    assert (event.latency_s, event.reason, event.label) == (0.125, "ended", "wave")
    assert timeline.duration_s == 10.0
    assert timeline.class_names == ("wave", "point", "background")


def test_an_empty_topic_of_events_gives_no_event(tmp_path, messages, write_bag):
    silent = [("/action_recognition", "bharnet_ros/msg/ActionEvent")]
    bag = write_bag(tmp_path / "bag", messages.waving([], until=2.0), silent=silent)
    found = play(bag, stage=Stage.EVENTS)
    assert found.events == ()
    assert found.duration_s == pytest.approx(2.0)


def test_every_stage_has_the_same_start(tmp_path, messages, write_bag):
    rows = [
        ("camera", messages.image(0.5, np.zeros((4, 4, 3), dtype=np.uint8))),
        *messages.waving([], until=1.0)[10:],
        ("action_recognition", messages.event("a", 1, 2.0, 1.0, 1.5)),
    ]
    with Recording(write_bag(tmp_path / "bag", rows)) as recording:
        assert origin_of(recording) == messages.start_ns + NANOSECONDS // 2


def test_a_broken_first_event_is_named(tmp_path, messages, write_bag):
    bag = write_bag(tmp_path / "bag", [("events", messages.event("a", 9, 2.0, 1.0, 1.5))])
    with pytest.raises(InputError, match=r"bag: topic /events: .*9"):
        play(bag)


def without_stamp(message):
    """Take the stamp of a message away."""
    stamp = replace(message.header.stamp, sec=0, nanosec=0)
    message.header = replace(message.header, stamp=stamp)
    return message


def test_messages_without_a_stamp_are_counted_and_left_out(tmp_path, messages, write_bag):
    rows = messages.waving(WAVES, until=9.0)
    expected = play(write_bag(tmp_path / "whole", rows))
    unset = [without_stamp(messages.scores(0.0, {"body_1": (0.9, 0.05, 0.05)})) for _ in range(4)]
    mixed = [("action_scores", one) for one in unset]
    rows = [rows[0], *mixed[:2], *rows[1:20], *mixed[2:], *rows[20:]]
    found = play(write_bag(tmp_path / "mixed", rows, in_order=True))
    events, same = (
        [replace(event, event_id="") for event in one.events] for one in (found, expected)
    )
    assert events == same and len(events) == 4
    assert (found.origin_ns, found.duration_s) == (messages.start_ns, expected.duration_s)
    (note,) = found.notes
    assert note == "4 messages on /action_scores have no stamp and are left out"


def test_recorded_events_without_a_stamp_are_left_out(tmp_path, messages, write_bag):
    rows = [("events", without_stamp(messages.event("a", 1, 2.0, 1.0, 1.5)))]
    rows += [("events", messages.event("b", phase, 3.0, 2.5, 3.0)) for phase in (1, 2)]
    found = play(write_bag(tmp_path / "bag", rows, in_order=True))
    assert [event.event_id for event in found.events] == ["b", "b"]
    assert "1 messages on /events have no stamp and are left out" in found.notes


def test_scores_swapped_in_pairs_change_no_event(tmp_path, messages, write_bag):
    rows = messages.waving(WAVES, until=9.0)
    expected = play(write_bag(tmp_path / "whole", rows))
    swapped = list(rows)
    for first in range(1, len(rows) - 1, 7):
        swapped[first : first + 2] = rows[first + 1], rows[first]
    found = play(write_bag(tmp_path / "swapped", swapped, in_order=True))
    assert [one.reason for one in found.events] == [one.reason for one in expected.events]
    assert [one.label for one in found.events] == [one.label for one in expected.events]
    (note,) = found.notes
    assert note == "13 messages on /action_scores came after later ones and are left out"


def test_the_start_is_the_first_stamp_that_is_set(shared_case):
    with Recording(shared_case("03-first-stamp-zero/sim")) as recording:
        assert origin_of(recording) == 5_200_000_000
    found = play(shared_case("03-first-stamp-zero/sim"), device="cpu")
    assert (found.origin_ns, found.duration_s) == (5_200_000_000, 0.5)
    assert "2 messages on /image_raw/compressed have no stamp and are left out" in found.notes


@pytest.mark.parametrize("every", [None, 7])
def test_images_a_little_late_leave_one_hello(tmp_path, shared_case, write_bag, every):
    topic = "/image_raw/compressed"
    with Recording(shared_case("06-one-frame-late/hello")) as recording:
        rows = [(topic, one.message) for one in recording.messages(topic)]
    firsts = range(3, len(rows) - 1, every) if every else [22]
    for first in firsts:
        rows[first], rows[first + 1] = rows[first + 1], rows[first]
    found = play(write_bag(tmp_path / "late", rows, in_order=True), device="cpu")
    onset, offset = found.events
    assert (onset.label, offset.reason) == ("hello", OffsetReason.SOURCE_ENDED)
    assert (found.frames, found.dropped) == (len(rows) - len(firsts), len(firsts))
