"""Of everybody a few frames a second are kept, to be drawn."""

from __future__ import annotations

import numpy as np

from bharnet_ros.bags.replay_result import SampledPeople
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

SECOND = 1_000_000_000


def person(track_id: str, place: float) -> PersonKeypoints:
    return PersonKeypoints(track_id, body=np.full((33, 4), place, dtype=np.float32))


def test_about_four_frames_a_second_of_each_person_are_kept() -> None:
    drawn = SampledPeople()
    for number in range(31):
        people = [person("ann", number)] if number < 10 else [person("bob", number)]
        drawn.take(FrameKeypoints(5 * SECOND + number * SECOND // 30, 640, 480, tuple(people)))
    ann, bob = drawn.sequences(4 * SECOND)
    assert (ann.track_id, bob.track_id, ann.width, ann.height) == ("ann", "bob", 640, 480)
    np.testing.assert_allclose(ann.stamps, [1.0, 1.0 + 8 / 30], atol=1e-6)
    np.testing.assert_allclose(bob.stamps, 1.0 + np.array([10, 18, 26]) / 30, atol=1e-6)
    assert bob.body[:, 0, 0].tolist() == [10.0, 18.0, 26.0]


def test_stamps_that_go_back_are_left_out() -> None:
    drawn = SampledPeople()
    for stamp in (3 * SECOND, 2 * SECOND, 4 * SECOND):
        drawn.take(FrameKeypoints(stamp, 640, 480, (person("ann", 0.0),)))
    (ann,) = drawn.sequences(0)
    assert ann.stamps.tolist() == [3.0, 4.0]


def test_of_nobody_there_is_nothing_to_draw() -> None:
    drawn = SampledPeople()
    drawn.take(FrameKeypoints(SECOND, 640, 480))
    assert drawn.sequences(0) == ()
