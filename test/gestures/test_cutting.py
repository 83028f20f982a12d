"""Cutting examples out of a stream of keypoints, with the exact keypoints of the puppet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.gestures.cutting import CutSettings, CutState, CutStep, MotionCutter
from bharnet_ros.sources.puppet.source import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, PersonKeypoints

ENDED = (CutState.TAKEN, CutState.REFUSED)


def watch(
    script: str,
    seconds: float = 60.0,
    settings: CutSettings | None = None,
    change: object = None,
    seed: int = 0,
) -> list[CutStep]:
    """Return what each frame of a script led to; `change` may alter the person of a frame."""
    source = open_puppet(script, seed=seed)
    cutter = MotionCutter(settings)
    steps = []
    for number in range(min(len(source), int(seconds * source.fps))):
        frame = source.truth(number)
        person: PersonKeypoints | None = frame.people[0] if frame.people else None
        if callable(change):
            person = change(number / source.fps, person)
        steps.append(cutter.push(frame.stamp_ns, person))
    return steps


@pytest.mark.parametrize("seed", [0, 1])
def test_each_gesture_between_two_rests_is_cut_once(seed: int) -> None:
    cuts = [step.cut for step in watch("gestures", seed=seed) if step.cut is not None]
    actions = open_puppet("gestures", seed=seed).true_actions
    assert len(cuts) == len(actions) == 8
    for cut, action in zip(cuts, actions, strict=True):
        assert cut.start_ns / NANOSECONDS == pytest.approx(action.start_s, abs=0.2)
        assert cut.end_ns / NANOSECONDS == pytest.approx(action.end_s, abs=0.2)
        assert cut.hand_share > 0.8 and cut.body_share == 1.0
        # Rest stands around the motion, for windows that hold both.
        stamps = [stamp for stamp, _ in cut.frames]
        assert stamps[0] <= cut.start_ns - 0.3 * NANOSECONDS
        assert stamps[-1] >= cut.end_ns + 0.3 * NANOSECONDS


def test_the_person_is_told_what_to_do() -> None:
    states = [step.state for step in watch("hello")]
    changes = [state for n, state in enumerate(states) if n == 0 or states[n - 1] != state]
    assert changes[:4] == [
        CutState.WAITING_FOR_REST,
        CutState.READY,
        CutState.MOVING,
        CutState.TAKEN,
    ]


def test_a_person_who_leaves_during_the_gesture_is_told_so() -> None:
    steps = watch("hello", change=lambda time, person: None if time > 2.0 else person)
    (ended,) = [step for step in steps if step.state in ENDED]
    assert ended.state is CutState.REFUSED
    assert "left the view" in ended.reason
    assert steps[-1].state is CutState.NOBODY


def test_a_gesture_without_an_end_is_refused() -> None:
    steps = watch("hello", settings=CutSettings(longest_s=1.5))
    refused = [step for step in steps if step.state in ENDED]
    assert refused[0].state is CutState.REFUSED
    assert "longer than 1.5 s" in refused[0].reason


def test_a_short_twitch_is_refused_and_a_wild_landmark_ignored() -> None:
    def twitch(length: float) -> list[CutStep]:
        def move(time: float, person: PersonKeypoints) -> PersonKeypoints:
            body = person.body.copy()
            if 0.8 <= time < 0.8 + length:
                body[:13, 0] += 300.0
            return replace(person, body=body)

        quiet = CutSettings(shortest_s=0.4)
        return [step for step in watch("rest", 3.0, quiet, move) if step.state in ENDED]

    (refused,) = twitch(0.3)
    assert "too short" in refused.reason
    assert twitch(0.05) == []


def test_a_motion_in_which_nothing_was_seen_is_refused() -> None:
    def vanish(time: float, person: PersonKeypoints) -> PersonKeypoints:
        if 1.4 < time < 3.8:
            return PersonKeypoints(person.track_id)
        return person

    (ended,) = [step for step in watch("hello", 6.0, change=vanish) if step.state in ENDED]
    assert ended.state is CutState.REFUSED
    assert "neither body nor hands" in ended.reason


def test_resting_people_show_nothing() -> None:
    def jitter(time: float, person: PersonKeypoints) -> PersonKeypoints:
        random = np.random.default_rng(int(time * 1000))
        body = person.body.copy()
        body[:, :2] += random.normal(0, 2.0, (33, 2))
        return replace(person, body=body)

    steps = watch("rest", 10.0, change=jitter)
    assert {step.state for step in steps[30:]} == {CutState.READY}


def test_frames_that_go_back_in_time_are_refused() -> None:
    cutter = MotionCutter()
    cutter.push(2, PersonKeypoints("body_1"))
    with pytest.raises(InputError, match="stamp_ns: 2 is not after 2"):
        cutter.push(2, PersonKeypoints("body_1"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"arm": 0.0}, "arm: must be positive"),
        ({"still_share": 1.5}, "still_share: must not be above 1"),
        ({"shortest_s": 7.0}, "shortest_s: must be below longest_s"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CutSettings(**wrong)
