"""A lesson before a camera: who is watched, what is taken, and what the person is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from bharnet_ros.gestures.lesson import Lesson
from bharnet_ros.gestures.watching import example_between, newest_motion
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints


def frames(script: str, *, until_s: float = 1e9) -> Iterator[FrameKeypoints]:
    """Yield the exact keypoints of a puppet."""
    source = open_puppet(script)
    for number in range(source.frame_count or 0):
        if number / source.fps > until_s:
            return
        yield source.truth(number)


def held(script: str, lesson: Lesson) -> list[str]:
    """Hold a lesson with a puppet and return what it was told."""
    return tell(lesson, frames(script))


def tell(lesson: Lesson, shown: Iterable[FrameKeypoints]) -> list[str]:
    """Return what a lesson tells."""
    steps = (lesson.push(frame) for frame in shown)
    return [step.text for step in steps if step is not None and step.text]


def test_gestures_are_taken_in_the_order_of_their_names() -> None:
    lesson = Lesson(["hello", "thanks", "iloveyou"], 1)
    told = held("gestures", lesson)
    assert lesson.gesture is None
    assert {name: len(taken) for name, taken in lesson.taken.items()} == {
        "hello": 1,
        "thanks": 1,
        "iloveyou": 1,
    }
    actions = open_puppet("gestures").true_actions
    for action, (example,) in zip(actions, lesson.taken.values(), strict=False):
        assert example.motion is not None
        start, end = example.motion
        assert end - start == pytest.approx(action.duration_s, abs=0.4)
        assert start > 0.3
    assert told[:3] == [
        "let your hands rest for a moment",
        "hello 1 of 1: show it now",
        "hello 1 of 1: taken, 3.0 s, body and hands seen",
    ]
    # Nothing is said once all have been shown.
    assert told[-1].startswith("iloveyou 1 of 1: taken")


def test_a_lesson_that_ends_early_keeps_what_it_has() -> None:
    lesson = Lesson(["hello"], 3)
    held("hello", lesson)
    assert (lesson.gesture, len(lesson.taken["hello"])) == ("hello", 1)


def test_a_motion_does_not_go_on_with_another_person() -> None:
    shown = list(frames("hello"))
    swapped = [
        replace(frame, people=tuple(replace(one, track_id="2") for one in frame.people))
        if frame.stamp_ns > 2 * NANOSECONDS
        else frame
        for frame in shown
    ]
    lesson = Lesson(["hello"], 1)
    told = tell(lesson, swapped)
    assert any("not taken, you left the view" in message for message in told)


def test_only_the_named_person_is_taught() -> None:
    shown = list(frames("hello"))
    resting = replace(shown[0].people[0], track_id="2")
    both = [replace(frame, people=(*frame.people, resting)) for frame in shown]
    for track_id, taken in (("1", 1), ("2", 0)):
        lesson = Lesson(["hello"], 1, track_id)
        told = tell(lesson, both)
        assert len(lesson.taken["hello"]) == taken, track_id
        assert "hello 1 of 1: show it now" in told
    assert tell(Lesson(["hello"], 1, "3"), both) == ["nobody in view: step in front of the camera"]


def test_the_newest_motion_is_cut_out_of_the_last_seconds() -> None:
    action = open_puppet("hello").true_actions[0]
    shown = list(frames("hello"))
    example = newest_motion(shown, 0, shown[-1].stamp_ns)
    assert example.motion is not None
    start, end = example.motion
    assert end - start == pytest.approx(action.duration_s, abs=0.4)
    # A person who did not rest meanwhile showed it all the time.
    moving = [frame for frame in shown if abs(frame.stamp_ns / NANOSECONDS - 2.5) < 0.5]
    example = newest_motion(moving, moving[0].stamp_ns, moving[-1].stamp_ns)
    assert example.motion == pytest.approx((0.0, 1.0), abs=0.1)


def test_what_a_person_did_between_two_times_is_an_example() -> None:
    action = open_puppet("hello").true_actions[0]
    start, end = (round(one * NANOSECONDS) for one in (action.start_s, action.end_s))
    example = example_between(frames("hello"), start, end)
    assert example.motion == pytest.approx((action.start_s, action.end_s), abs=0.05)
    with pytest.raises(InputError, match=r"nobody is in view from 1\.\d+ to"):
        example_between(frames("hello"), start, end, track_id="9")
    with pytest.raises(InputError, match="nobody is in view"):
        example_between([], start, end)
