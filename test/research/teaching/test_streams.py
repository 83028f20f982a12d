"""`python -m research taught_streams`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundles
import numpy as np
import pytest
import tiny_data

from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.gestures.gesture_set import check_gesture_name
from research.__main__ import main
from research.teaching.streams import StreamSettings, gesture_name, gestures_in, lesson_of

PEOPLE = {"ann": 0, "bob": 1}
COUNTS = {"wave": 6, "bow": 6, "jump": 2, "nothing": 7}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    each = [label for label, count in COUNTS.items() for _ in range(count)]
    labels, subjects = each * len(PEOPLE), [one for one in PEOPLE for _ in each]
    folder = tmp_path_factory.mktemp("streams")
    tiny_data.write_sources(folder / "sources.csv", PEOPLE)
    return tiny_data.write_clips(
        folder / "clips.npz", tiny_data.tiny_arrays(tuple(labels), tuple(subjects))
    )


def test_clips_that_are_taught_are_not_looked_for(data: Path) -> None:
    clips = read_holistic_wild(data)
    lesson = lesson_of(clips, np.flatnonzero(clips.subjects == "ann"), StreamSettings(examples=2))
    assert lesson is not None
    assert sorted(action.label for action in lesson.taught.truth) == ["bow"] * 2 + ["wave"] * 2
    assert sorted(action.label for action in lesson.stream.truth) == ["bow"] * 4 + ["wave"] * 4
    assert {action.label for action in lesson.stream.unknown} <= {"jump", "nothing"}
    gestures = gestures_in(lesson.taught)
    assert {name: len(given) for name, given in gestures.gestures.items()} == {"bow": 2, "wave": 2}
    for example in gestures.gestures["wave"]:
        assert example.motion is not None
        start, end = example.motion
        assert start > 0.5
        assert example.stamp[-1] - end > 0.5


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("i'm", "i_m"),
        ("-", "gesture -"),
        ("thumbs up", "thumbs up"),
        ("", "gesture"),
        ("no.", "no"),
    ],
)
def test_labels_become_names_of_gestures(label: str, name: str) -> None:
    assert gesture_name(label) == name
    check_gesture_name(name)


def test_too_few_clips_teach_nothing(data: Path) -> None:
    clips = read_holistic_wild(data)
    mine = np.flatnonzero(clips.subjects == "ann")
    assert lesson_of(clips, mine, StreamSettings(examples=4)) is None


def test_figures_are_printed_for_the_people_of_a_model(
    data: Path, tmp_path: Path, printed: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    model = bundles.embedding_bundle(tmp_path / "model")
    words = ["taught_streams", "--model", model, "--data", data, "--examples", "2"]
    words += ["--minutes", "0.1"]
    assert main([*map(str, words), "--json"]) == 0
    content = printed()
    assert {"f1", "false_per_minute", "onset_delay_s"} < set(content)
    assert (content["people"], content["examples"]) == (2, 2)
    assert main([*map(str, words), "--json"]) == 0
    assert printed() == content
    assert main([*map(str, words)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[0] == "recordings"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--examples", "0"), "--examples: must be positive"),
        (("--examples", "9"), "nobody shows a gesture often enough"),
        (("--minutes", "0"), "--minutes: must be positive"),
        (("--seed", "-1"), "--seed: must not be negative"),
    ],
)
def test_impossible_lessons_are_refused(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    model = bundles.embedding_bundle(tmp_path / "model")
    given = ["taught_streams", "--model", str(model), "--data", str(data), *words]
    assert main(given) == 2
    assert message in capsys.readouterr().err
