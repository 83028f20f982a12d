"""Gestures taught to a recogniser that runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
from bundles import embedding_bundle
from moving_clips import moving_clip, performance

from bharnet_ros.gestures import classroom as module
from bharnet_ros.gestures.classroom import Classroom
from bharnet_ros.gestures.gesture_set import GestureSet, read_gesture_set, write_gesture_set
from bharnet_ros.gestures.progress import TeachingProgress, TeachingState
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints


class School:
    """A classroom, and all that it told."""

    def __init__(self, bundle: Path, folder: Path | None, keep: list[str] | None = None) -> None:
        self.recognizer = Recognizer(load_bundle(bundle), "cpu")
        self.room = Classroom(self.recognizer, window_s=1.0, folder=folder, keep=keep)
        self.told: list[TeachingProgress] = []
        self.classes: list[tuple[str, ...]] = []
        self.room.on_progress = self.told.append
        self.room.on_classes = lambda vocabulary: self.classes.append(vocabulary.class_names)

    def show(self, frames: Iterable[FrameKeypoints]) -> None:
        for frame in frames:
            self.room.push(frame)

    def states(self) -> list[TeachingState]:
        return [one.state for one in self.told]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return embedding_bundle(tmp_path_factory.mktemp("bundles") / "model")


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "mine"
    path.mkdir()
    return path


@pytest.fixture
def school(bundle, folder) -> School:
    return School(bundle, folder)


def test_a_lesson_is_learned_and_written(school, folder):
    school.room.start("raise", 2)
    school.show(performance("up", "up"))
    school.room.close()
    state = TeachingState
    assert school.states() == [
        *(state.REST, state.SHOW_NOW, state.MOVING, state.TAKEN),
        *(state.SHOW_NOW, state.MOVING, state.TAKEN, state.LEARNED),
    ]
    assert [(one.taken, one.wanted) for one in school.told][-2:] == [(2, 2), (2, 2)]
    assert {one.track_id for one in school.told} == {"body_1"}
    assert school.told[-1].text == "1 gestures are known now: raise"
    known = ("wave", "point", "raise", "background")
    assert school.classes == [known] and school.recognizer.vocabulary.class_names == known
    assert len(read_gesture_set(folder).gestures["raise"]) == 2
    assert read_gesture_set(folder).model == "tiny"


def test_a_lesson_adds_examples_or_replaces_them(school, folder):
    for number, replace in enumerate([False, False, True]):
        school.room.start("raise", 1, replace=replace)
        school.show(performance("up", start_s=100.0 + 10 * number))
    school.room.close()
    assert len(read_gesture_set(folder).gestures["raise"]) == 1
    assert [one.state for one in school.told].count(TeachingState.LEARNED) == 3


def test_a_lesson_that_is_stopped_keeps_what_it_has(school, folder):
    school.room.start("raise", 5)
    school.show(performance("up", "up"))
    assert school.room.stop() == "raise: 2 of 5 examples taken"
    with pytest.raises(InputError, match="no gesture is being taught"):
        school.room.stop()
    school.room.close()
    assert len(read_gesture_set(folder).gestures["raise"]) == 2


def test_a_lesson_waits_a_minute_for_an_example(school, folder):
    school.room.start("raise", 1)
    (first, *_) = performance("up")
    late = [next(performance("up", start_s=start)) for start in (130.0, 159.0, 161.0)]
    school.show([first, *late])
    assert school.told[-1].state is TeachingState.ENDED
    assert school.told[-1].text == "raise: ended without an example"
    assert school.room.lesson == "" and not list(folder.iterdir())


def test_the_newest_motion_of_the_last_seconds_is_learned(school, folder):
    school.show(performance("aside", "up"))
    text = school.room.teach_from_window("raise", seconds=3.0).result()
    assert text == "1 gestures are known now: raise"
    (example,) = read_gesture_set(folder).gestures["raise"]
    assert example.motion is not None
    assert example.motion[1] - example.motion[0] == pytest.approx(1.2, abs=0.3)
    work = school.room.teach_from_window("raise", "somebody else")
    with pytest.raises(InputError, match="nobody is in view from"):
        work.result()
    assert len(read_gesture_set(folder).gestures["raise"]) == 1


def test_a_motion_before_a_change_of_the_model_can_still_be_learned(school, bundle, folder):
    school.show(performance("up"))
    successor = School(bundle, folder).room
    successor.continue_from(school.room)
    school.room.close()
    successor.teach_from_window("raise", seconds=3.0).result()
    assert len(read_gesture_set(folder).gestures["raise"]) == 1


def test_a_moment_of_the_last_half_minute_becomes_an_example(school, folder):
    school.show(performance("up"))
    school.show(performance("aside", start_s=110.0))
    # As of an event that began a little late and ended a little early.
    moment = 101_300_000_000, 101_900_000_000
    school.room.teach_moment("raise", "body_1", *moment).result()
    taught = read_gesture_set(folder).gestures["raise"][0]
    assert np.ptp(taught.body[:, 16, 1]) > 100 and np.ptp(taught.body[:, 16, 0]) < 20
    school.room.teach_moment("background", "", 110_900_000_000, 112_500_000_000).result()
    assert len(read_gesture_set(folder).background) == 1


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        (("raise", "", 102, 101), "start: must be before end"),
        (("raise", "", 50, 51), "start: must be at most 30 s ago"),
        (("a/b", "", 101, 102), "a name has up to 64"),
        (("background", "", 101, 102), "tells taught gestures what they are not"),
        (("raise", "body_9", 101, 102), "nobody is in view"),
    ],
)
def test_a_moment_that_cannot_be_learned_is_refused(school, folder, moment, problem):
    school.show(performance("up"))
    name, track, start, end = moment
    with pytest.raises(InputError, match=problem):
        school.room.teach_moment(name, track, start * 10**9, end * 10**9).result()
    assert not list(folder.iterdir())


def test_the_set_is_checked_while_the_robot_runs(school, folder):
    with pytest.raises(InputError, match="the set is empty"):
        school.room.check().result()
    school.room.start("raise", 2)
    school.show(performance("up", "up"))
    assert school.room.check().result().examples("raise") == 2


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda room: room.start("a/b"), r"gesture 'a/b': a name has up to 64"),
        (lambda room: room.start("background"), "stands for what is no gesture"),
        (lambda room: room.teach_from_window(""), "a name has up to 64"),
        (lambda room: room.teach_from_window("raise", seconds=9.0), "from 0 to 8, got 9"),
        (
            lambda room: room.teach_from_window("raise", seconds=float("nan")),
            "from 0 to 8, got nan",
        ),
        (lambda room: room.teach_from_window("raise"), "nobody has been seen yet"),
        (
            lambda room: room.change(lambda known: known.without("jump")).result(),
            "gesture 'jump': is not in the set",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(school, folder, ask, problem):
    with pytest.raises(InputError, match=problem):
        ask(school.room)
    assert not list(folder.iterdir()) and school.classes == []


def test_two_lessons_at_once_are_refused(school):
    school.room.start("raise")
    with pytest.raises(InputError, match="gesture 'raise': is being taught; end that first"):
        school.room.start("wave")


def test_without_a_folder_nothing_is_taught(bundle):
    school = School(bundle, None)
    for ask in (
        lambda: school.room.start("raise"),
        lambda: school.room.change(lambda known: known.without("raise")),
        lambda: school.room.teach_from_window("raise"),
    ):
        with pytest.raises(InputError, match="parameter gestures names no folder"):
            ask()


def test_a_forgotten_gesture_is_gone_at_once(school, folder):
    school.room.start("raise", 1)
    school.show(performance("up"))
    school.room.change(lambda known: known.without("raise")).result()
    assert school.classes[-1] == ("wave", "point", "background")
    assert school.recognizer.vocabulary.name == "tiny"
    assert read_gesture_set(folder).names == ()


def test_the_last_class_cannot_be_forgotten(bundle, folder):
    write_gesture_set(folder, GestureSet({"raise": (moving_clip("up"),)}))
    school = School(bundle, folder, keep=[])
    with pytest.raises(InputError, match="none is taught"):
        school.room.change(lambda known: known.without("raise")).result()
    assert read_gesture_set(folder).names == ("raise",)
    assert school.recognizer.vocabulary.class_names == ("raise", "background")


def test_a_full_disk_leaves_the_gestures_as_they_were(school, folder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_gesture_set", full)
    school.room.start("raise", 1)
    school.show(performance("up"))
    school.room.close()
    assert school.told[-1].state is TeachingState.FAILED
    assert "No space left on device" in school.told[-1].text
    assert school.classes == [] and school.room.gestures.names == ()


def test_what_another_process_has_taught_meanwhile_stays(school, folder):
    write_gesture_set(folder, GestureSet({"lower": (moving_clip("down"),)}))
    school.room.start("raise", 1)
    school.show(performance("up"))
    school.room.close()
    assert read_gesture_set(folder).names == ("lower", "raise")
    assert school.classes[-1] == ("wave", "point", "lower", "raise", "background")


def test_a_set_of_another_model_is_taught_anew(bundle, folder):
    gestures = GestureSet({"raise": (moving_clip("up"),)}).used_with("old", "0" * 64)
    write_gesture_set(folder, gestures)
    school = School(bundle, folder)
    assert school.room.taught_anew == "old"
    assert "raise" in school.recognizer.vocabulary.class_names


def test_stamps_that_go_back_break_the_motion_off_and_keep_examples(school, folder):
    school.room.start("raise", 2)
    school.show(performance("up"))
    school.show(list(performance("up", start_s=110.0))[:35])
    school.room.restart()
    school.show(performance("up", start_s=50.0))
    school.room.close()
    assert len(read_gesture_set(folder).gestures["raise"]) == 2


def test_scores_go_on_while_gestures_are_learned(school):
    """No scores of the new classes come before they are told of."""
    seen: list[tuple[str, ...]] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            vocabulary = school.recognizer.vocabulary
            if not seen or seen[-1] != vocabulary.class_names:
                assert len(vocabulary.class_names) == 3 or vocabulary.class_names in school.classes
                seen.append(vocabulary.class_names)

    thread = threading.Thread(target=watch)
    thread.start()
    school.room.start("raise", 1)
    school.show(performance("up"))
    school.room.close()
    stop.set()
    thread.join()
    assert seen[0] == ("wave", "point", "background")


def test_a_failed_change_keeps_what_another_process_has_taught(school, folder):
    """A change that fails has read the folder, but the next one must start from it again."""
    school.room.start("raise", 1)
    school.show(performance("up"))
    school.room.close()
    known = read_gesture_set(folder)
    write_gesture_set(folder, known.with_examples("lower", [moving_clip("down")]))
    with pytest.raises(InputError, match="is not in the set"):
        school.room.change(lambda known: known.without("jump")).result()
    school.room.change(lambda known: known.without("raise")).result()
    assert read_gesture_set(folder).names == ("lower",)


def test_an_unexpected_error_is_told_and_changes_nothing(school, monkeypatch):
    monkeypatch.setattr(school.recognizer, "logits", None)
    school.room.start("raise", 1)
    school.show(performance("up"))
    school.room.close()
    assert school.told[-1].state is TeachingState.FAILED
    assert school.classes == []


def test_a_client_that_asks_too_fast_is_refused_and_does_not_keep_the_node(school, folder):
    begun, go_on = threading.Event(), threading.Event()

    def slow(known: GestureSet) -> GestureSet:
        begun.set()
        go_on.wait()
        return known.with_examples("lower", [moving_clip("down")])

    first = school.room.change(slow)
    begun.wait()
    waiting = []
    with pytest.raises(InputError, match="requests wait already"):
        while len(waiting) < 100:
            waiting.append(school.room.change(lambda known: known.without("lower")))
    closing = threading.Thread(target=school.room.close)
    closing.start()
    for one in waiting:
        with pytest.raises(CancelledError):
            one.result()
    go_on.set()
    closing.join()
    assert first.result().startswith("1 gestures are known now")
    assert read_gesture_set(folder).names == ("lower",)
    assert waiting
