"""Several people in view: who is tracked, and that nobody is tracked twice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.mediapipe.people import OnePerson, People
from bharnet_ros.pose.tracking import body_size
from bharnet_ros.sources.puppet import open_puppet

pytestmark = pytest.mark.mediapipe

FRAME_NS = 100_000_000
MIDDLE = 320
"""Column between the two people in the images, pixels."""


@pytest.fixture(scope="module")
def loaded():
    """Load the networks once for this file."""
    with PoseExtractor(engine="mediapipe", max_people=2) as extractor:
        yield extractor


@pytest.fixture
def extractor(loaded):
    loaded.reset()
    return loaded


@pytest.fixture(scope="module")
def frames():
    """Return a second of two people side by side; the left one waves."""
    return list(itertools.islice(open_puppet("two_people", fps=10.0), 5, 15))


def without_right(image: np.ndarray) -> np.ndarray:
    """Return an image without the person on the right."""
    empty = image.copy()
    empty[:, MIDDLE:] = image[:20, MIDDLE:].mean(axis=(0, 1))
    return empty


def track_ids(extractor: PoseExtractor, images: list[np.ndarray]) -> list[list[str]]:
    """Return the track ids in each image, from left to right."""
    names = []
    for number, image in enumerate(images):
        people = extractor.extract(image, number * FRAME_NS).people
        ordered = sorted(people, key=lambda person: person.body[0, 0])
        names.append([person.track_id for person in ordered])
    return names


def test_each_of_two_people_is_where_drawn_and_keeps_the_id(extractor, frames):
    names = set()
    hands = [0, 0]
    for frame in frames:
        people = extractor.extract(frame.image, round(frame.time * 1e9)).people
        assert len(people) == len(frame.truth.people) == 2
        for person in people:
            truth = min(frame.truth.people, key=lambda one: abs(one.body[0, 0] - person.body[0, 0]))
            names.add((person.track_id, truth.track_id))
            shoulders = person.body[[11, 12], :2] - truth.body[[11, 12], :2]
            assert np.linalg.norm(shoulders, axis=1).mean() < 0.15 * body_size(truth.body)
            for side, present in enumerate(person.hands_present):
                if present:
                    distance = np.linalg.norm(person.hands[side] - truth.hands[side], axis=1)
                    hands[side] += distance.mean() < 0.3 * body_size(truth.body)
    assert len(names) == 2
    assert min(hands) > len(frames)


def test_only_as_many_people_are_tracked_as_asked_for(frames):
    with PoseExtractor(engine="mediapipe") as alone:
        seen = track_ids(alone, [frame.image for frame in frames[:3]])
    assert [len(names) for names in seen] == [1, 1, 1]
    assert len({names[0] for names in seen}) == 1


def test_people_come_and_go_without_effect_on_the_others(extractor, frames):
    both, one = frames[0].image, without_right(frames[0].image)
    seen = track_ids(extractor, [both] * 2 + [one] * 8 + [both] * 5)
    left = {names[0] for names in seen}
    assert len(left) == 1
    assert [len(names) for names in seen[:2]] == [2, 2]
    assert [len(names) for names in seen[2:10]] == [1] * 8
    # A search runs a few times a second: it finds the person who returns, under a new track id.
    assert len(seen[-1]) == 2
    assert seen[-1][1] not in {seen[0][1], *left}


def test_person_out_of_view_for_a_moment_keeps_the_id(extractor, frames):
    both, one = frames[0].image, without_right(frames[0].image)
    seen = track_ids(extractor, [both] * 2 + [one] * 2 + [both] * 3)
    assert len(seen[2]) == 1
    assert seen[-1] == seen[0]


@pytest.mark.parametrize("shift", [100, 140])
def test_nobody_is_tracked_twice(extractor, frames, shift):
    both = frames[0].image
    # Now one person stands between the former places of two: both graphs find this person.
    between = np.roll(without_right(both), shift, axis=1)
    seen = track_ids(extractor, [both] * 2 + [between] * 4 + [both] * 5)
    assert [len(names) for names in seen[2:6]] == [1] * 4
    assert len({names[0] for names in seen[2:6]}) == 1
    assert len(seen[-1]) == 2


def test_after_a_reset_everybody_is_new(extractor, frames):
    image = frames[0].image
    before = track_ids(extractor, [image])[0]
    extractor.reset()
    after = track_ids(extractor, [image])[0]
    assert len(before) == len(after) == 2
    assert not {*before} & {*after}


def test_max_people_of_zero_is_refused():
    with pytest.raises(ValueError, match="max_people: must be positive, got 0"):
        PoseExtractor(engine="mediapipe", max_people=0)


def test_separate_graphs_find_the_same_person_as_one_graph():
    settings = EngineSettings()
    together, apart = OnePerson(settings), People(settings)
    try:
        for number, frame in enumerate(itertools.islice(open_puppet("hello", fps=10.0), 8, 20)):
            image = np.ascontiguousarray(frame.image)
            (one,), (other,) = (
                tracker.process(image, number * 100_000)().bodies for tracker in (together, apart)
            )
            np.testing.assert_array_equal(one.body, other.body)
            np.testing.assert_array_equal(one.world, other.world)
            for first, second in zip(one.hands, other.hands, strict=True):
                assert (first is None) == (second is None)
                if first is not None and second is not None:
                    np.testing.assert_array_equal(first.landmarks, second.landmarks)
                    assert first.score == second.score
    finally:
        together.close()
        apart.close()
