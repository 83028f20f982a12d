"""Actors of NTU RGB+D: furniture and flicker are dropped, lost people are found again."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.datasets.readers.ntu.actors import LEAST_FRAMES, TrackedBody, choose_actors

FRAMES = 40


def body(
    first: int = 0, last: int = FRAMES, *, x: float = 0.0, motion: float = 0.1, wide: int = 0
) -> TrackedBody:
    """Return a swaying body, tracked in a range of frames.

    Args:
        first: First frame.
        last: Frame after the last one.
        x: Position, metres.
        motion: Extent of the sway, metres.
        wide: Number of frames in which the body is wide, like furniture.
    """
    random = np.random.default_rng(0)
    upright = random.uniform((-0.2, -0.9, 2.9), (0.2, 0.9, 3.1), (25, 3))
    joints = np.full((FRAMES, 25, 3), np.nan, dtype=np.float32)
    joints[first:last] = upright
    joints[first : first + wide] = upright[:, [1, 0, 2]]
    joints[..., 0] += x + motion * np.sin(np.arange(FRAMES))[:, None]
    confidence = np.isfinite(joints[..., 0]).astype(np.float32)
    return TrackedBody(joints, confidence)


def test_a_single_body_is_the_actor_even_if_short_and_wide() -> None:
    only = body(0, 3, wide=3)
    assert choose_actors({"a": only}) == [only]


def test_the_body_that_moves_most_is_first() -> None:
    still, lively = body(motion=0.01), body(x=1.0, motion=0.5)
    assert choose_actors({"a": still, "b": lively}) == [lively, still]
    assert choose_actors({"a": lively, "b": still}) == [lively, still]


@pytest.mark.parametrize(("frames", "kept"), [(LEAST_FRAMES - 1, 1), (LEAST_FRAMES, 2)])
def test_bodies_of_few_frames_are_dropped(frames: int, kept: int) -> None:
    actors = choose_actors({"a": body(), "b": body(0, frames, x=1.0, motion=0.5)})
    assert len(actors) == kept


def test_the_longest_of_short_bodies_is_kept() -> None:
    longest = body(3, 9)
    assert choose_actors({"a": body(0, 2), "b": longest, "c": body(20, 24)}) == [longest]


@pytest.mark.parametrize(("wide", "kept"), [(27, 2), (28, 1)])
def test_furniture_is_dropped(wide: int, kept: int) -> None:
    assert len(choose_actors({"a": body(), "b": body(x=1.0, wide=wide)})) == kept


def test_the_least_wide_of_furniture_is_kept() -> None:
    least = body(wide=30)
    assert choose_actors({"a": body(wide=38), "b": least}) == [least]


def test_frames_that_are_too_wide_do_not_count_as_motion() -> None:
    falling, lively = body(motion=0.01, wide=20), body(x=1.0, motion=0.3)
    assert choose_actors({"a": falling, "b": lively}) == [lively, falling]


def test_a_person_who_was_lost_goes_on_under_a_new_identity() -> None:
    before, after = body(0, 18, motion=0.3), body(20, 40, motion=0.2)
    other = body(x=1.0, motion=0.1)
    actors = choose_actors({"a": before, "b": other, "c": after})
    assert len(actors) == 2
    np.testing.assert_array_equal(actors[0].joints[:18], before.joints[:18])
    np.testing.assert_array_equal(actors[0].joints[20:], after.joints[20:])
    assert not actors[0].seen[18:20].any()
    np.testing.assert_array_equal(actors[0].confidence[:, 0] > 0, actors[0].seen)
    assert actors[1] is other


def test_a_third_person_at_the_same_time_is_left_out() -> None:
    bodies = {name: body(x=x, motion=x) for name, x in (("a", 0.3), ("b", 0.2), ("c", 0.1))}
    assert choose_actors(bodies) == [bodies["a"], bodies["b"]]
