"""A few frames a second of each person are kept for drawing."""

from __future__ import annotations

import numpy as np

from bharnet_ros.bags.replay_result import SampledPeople
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

SECOND = 1_000_000_000


def person(track_id: str, place: float) -> PersonKeypoints:
    return PersonKeypoints(track_id, body=np.full((33, 4), place, dtype=np.float32))


def test_about_four_frames_a_second_of_each_person_are_kept() -> None:
    people = SampledPeople()
    for number in range(31):
        seen = [person("ann", number)] if number < 10 else [person("bob", number)]
        people.take(FrameKeypoints(5 * SECOND + number * SECOND // 30, 640, 480, tuple(seen)))
    ann, bob = people.sequences(4 * SECOND)
    assert (ann.track_id, bob.track_id, ann.width, ann.height) == ("ann", "bob", 640, 480)
    np.testing.assert_allclose(ann.stamps, [1.0, 1.0 + 8 / 30], atol=1e-6)
    np.testing.assert_allclose(bob.stamps, 1.0 + np.array([10, 18, 26]) / 30, atol=1e-6)
    assert bob.body[:, 0, 0].tolist() == [10.0, 18.0, 26.0]


def test_stamps_that_go_back_are_left_out() -> None:
    people = SampledPeople()
    for stamp in (3 * SECOND, 2 * SECOND, 4 * SECOND):
        people.take(FrameKeypoints(stamp, 640, 480, (person("ann", 0.0),)))
    (ann,) = people.sequences(0)
    assert ann.stamps.tolist() == [3.0, 4.0]


def test_frames_without_people_give_no_sequence() -> None:
    people = SampledPeople()
    people.take(FrameKeypoints(SECOND, 640, 480))
    assert people.sequences(0) == ()
