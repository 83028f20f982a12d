"""The comparison of the pose engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.accuracy.engines import Comparison, matched
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints


@pytest.fixture(scope="module")
def frame():
    """Return two people, each with both hands."""
    return open_puppet("two_people").truth(10)


def moved(person: PersonKeypoints, pixels: float) -> PersonKeypoints:
    shift = np.array([pixels, 0.0, 0.0, 0.0], dtype=np.float32)
    return replace(person, body=person.body + shift, hands=person.hands + shift[:3])


def of(*people: PersonKeypoints) -> FrameKeypoints:
    return FrameKeypoints(0, 640, 480, people)


def test_people_are_compared_with_the_nearest_one(frame):
    first, second = frame.people
    pairs = list(matched((first, second), (moved(second, 2.0), moved(first, 2.0))))
    assert [(one.track_id, other.track_id) for one, other in pairs] == [
        (first.track_id, first.track_id),
        (second.track_id, second.track_id),
    ]
    assert [other.track_id for _, other in matched((first,), (first, second))] == [
        first.track_id,
        second.track_id,
    ]


def test_distances_counts_and_jitter_of_each_engine(frame):
    person = frame.people[0]
    comparison = Comparison()
    for number in range(3):
        comparison.add(of(person), of(moved(person, float(number % 2))))
    comparison.add(of(person), of())
    found = comparison.summary()
    assert (found["frames"], found["bodies"], found["hands"]) == (4, [4, 3], [8, 6])
    assert found["swapped"] == 0 and found["hands of both"] == 6
    assert 0.0 < found["body distance"] < 0.02 and 0.0 < found["hand distance"] < 0.02
    assert found["body jitter, mediapipe"] == 0.0 < found["body jitter, direct"]
    assert comparison.worst(1)[0].endswith("in frame 1")


def test_a_hand_on_the_other_side_is_counted_and_compared(frame):
    person = frame.people[0]
    swapped = replace(person, hands=person.hands[::-1], hand_scores=person.hand_scores[::-1])
    comparison = Comparison()
    comparison.add(of(person), of(swapped))
    assert comparison.summary()["swapped"] == 2
    assert comparison.summary()["hand distance"] == 0.0
