"""Gestures learned from a recording, and looked for in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import embedding_bundle

from bharnet_ros import cli
from bharnet_ros.bags.examples import examples_in
from bharnet_ros.bags.reading import Recording
from bharnet_ros.gestures.gesture_set import read_gesture_set
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError

TRUTH = """track,label,start,end
,greet,1.1,3.9
1,background,0.1,0.8
,thank,5.7,8.5
"""


@pytest.fixture(scope="module")
def bag(tmp_path_factory, messages, write_bag) -> Path:
    """Return ten seconds of the puppet's exact keypoints: hello, then thanks."""
    source = open_puppet("gestures", fps=15.0)
    frames = [source.truth(number) for number in range(150)]
    rows = [("keypoints", messages.keypoints(frame)) for frame in frames]
    return write_bag(tmp_path_factory.mktemp("lesson") / "bag", rows)


def truth(folder: Path, text: str = TRUTH) -> str:
    path = folder / "truth.csv"
    path.write_text(text)
    return str(path)


def test_true_actions_become_examples_with_the_rest_around_them(bag: Path, tmp_path: Path) -> None:
    examples, _ = examples_in(bag, truth(tmp_path))
    assert {name: len(given) for name, given in examples.items()} == {
        "greet": 1,
        "background": 1,
        "thank": 1,
    }
    (greet,) = examples["greet"]
    assert greet.motion == pytest.approx((1.0, 3.8), abs=0.14)
    assert greet.stamp[-1] == pytest.approx(4.8, abs=0.14)
    assert (greet.width, greet.height) == (640, 480)


def test_keypoints_without_a_stamp_or_late_are_said_and_left_out(
    bag: Path, tmp_path: Path, messages, write_bag
) -> None:
    with Recording(bag) as recording:
        rows = [("keypoints", one.message) for one in recording.messages("/keypoints")]
    unset = messages.make("builtin_interfaces/msg/Time", sec=0, nanosec=0)
    header = replace(rows[0][1].header, stamp=unset)
    rows[30], rows[31] = rows[31], rows[30]
    rows.insert(0, ("keypoints", replace(rows[0][1], header=header)))
    odd = write_bag(tmp_path / "odd", rows, in_order=True)
    examples, notes = examples_in(odd, truth(tmp_path))
    assert {name: len(given) for name, given in examples.items()} == {
        "greet": 1,
        "background": 1,
        "thank": 1,
    }
    assert notes == [
        "1 messages on /keypoints have no stamp and are left out",
        "1 messages on /keypoints came after later ones and are left out",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("track,label,start,end\n", "truth.csv: has no true actions"),
        ("label,start,end\ngreet,60,61\n", "line 2: greet: nobody is in view from"),
        ("track,label,start,end\nbody_7,greet,1,2\n", "line 2: greet: nobody is in view from"),
        ("label,start\ngreet,1\n", "expected the names of the columns"),
    ],
)
def test_truth_that_shows_nobody_is_refused_by_line(
    bag: Path, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        examples_in(bag, truth(tmp_path, text))


def test_a_recording_of_events_alone_shows_no_examples(tmp_path: Path, messages, write_bag) -> None:
    events = write_bag(tmp_path / "bag", [("events", messages.event("a", 1, 2.0, 1.0, 1.5))])
    with pytest.raises(InputError, match="no messages with keypoints or images"):
        examples_in(events, truth(tmp_path))


def test_what_was_taught_from_a_recording_is_looked_for_in_recordings(
    bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(embedding_bundle(tmp_path / "model"))
    folder = str(tmp_path / "mine")
    source = truth(tmp_path)
    taught = ["--gestures", folder, "--model", model]
    assert cli.main(["teach", "--bag", str(bag), "--truth", source, *taught]) == 0
    gestures = read_gesture_set(Path(folder))
    assert (gestures.names, len(gestures.background)) == (("greet", "thank"), 1)
    capsys.readouterr()
    report = tmp_path / "report.json"
    evaluate = ["evaluate", "bag", str(bag), "--truth", source, "--device", "cpu", "--json"]
    assert cli.main([*evaluate, *taught, "--only", "--out", str(report)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result["labels"]) == {"greet", "thank"}
    assert result["mistakes"]
    assert cli.main(["teach", "--bag", str(bag), "--truth", str(report), *taught]) == 0
    taught_again = read_gesture_set(Path(folder))
    known = [*taught_again.gestures.values(), taught_again.background]
    assert sum(map(len, known)) > 3
    # Without the set, the truth names classes that the model does not have.
    assert cli.main([*evaluate, "--model", model]) != 0
    assert "label 'greet' is none of the model's" in capsys.readouterr().err
    wrong = [*evaluate, *taught, "--from", "events"]
    assert cli.main(wrong) != 0
    assert "other classes need keypoints or images" in capsys.readouterr().err


def mistake(kind: str, truth: object, event: object, recording: str = "bag") -> dict[str, object]:
    def span(label: str, start: float, end: float) -> dict[str, object]:
        return {"label": label, "start_s": start, "end_s": end, "track_id": ""}

    return {
        "kind": kind,
        "recording": recording,
        "truth": None if truth is None else span(*truth),
        "event": None if event is None else span(*event),
    }


def test_the_mistakes_of_a_report_become_examples(bag: Path, tmp_path: Path) -> None:
    mistakes = [
        mistake("missed", ("greet", 1.0, 3.8), None),
        mistake("false", None, ("greet", 4.0, 5.0)),
        mistake("wrong_label", ("hello", 5.0, 6.0), ("greet", 5.0, 6.0)),
        mistake("wrong_label", ("greet", 6.0, 7.0), ("hello", 6.0, 7.0)),
        mistake("badly_timed", ("greet", 1.0, 3.8), ("greet", 2.0, 3.0)),
        mistake("missed", ("hello", 1.0, 3.8), None),
        mistake("missed", ("greet", 1.0, 3.8), None, "another"),
        # A part of a gesture is none of the background.
        mistake("false", None, ("greet", 8.0, 8.5)),
        # Nobody is in view any more.
        mistake("missed", ("greet", 60.0, 61.0), None),
    ]
    matches = [mistake("", ("greet", 7.5, 8.2), ("greet", 7.5, 8.0))]
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"metrics": {"mistakes": mistakes, "matches": matches}}))
    examples, notes = examples_in(bag, str(path), known=["greet"])
    assert {name: len(given) for name, given in examples.items()} == {"greet": 2, "background": 2}
    assert len(notes) == 1 and "mistake 8: greet: nobody is in view" in notes[0]
    with pytest.raises(InputError, match="has no mistake of thank in recording bag"):
        examples_in(bag, str(path), known=["thank"])
    for content in ("{}", "[1]", "{", '{"mistakes": [{"recording": "bag"}], "matches": []}'):
        path.write_text(content)
        with pytest.raises(InputError, match=r"report\.json: is not a report of bharnet evaluate"):
            examples_in(bag, str(path), known=["greet"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bag", "bag"], "--bag and --truth need each other"),
        (["wave", "--bag", "bag", "--truth", "t.csv"], "the truth names the gestures"),
        ([], "NAME: name at least one gesture"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert cli.main(["teach", *words, "--gestures", str(tmp_path / "mine")]) == 2
    assert message in capsys.readouterr().err
