"""The engine `direct` beside the engine `mediapipe`, whose networks it runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.tracking import palm_size
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

pytestmark = pytest.mark.mediapipe

STEP_NS = 100_000_000


@pytest.fixture(scope="module")
def engines():
    with PoseExtractor(engine="mediapipe") as first, PoseExtractor(engine="direct") as second:
        yield first, second


def both(engines, images: Iterable[np.ndarray]) -> list[tuple[FrameKeypoints, FrameKeypoints]]:
    """Return what both engines find in a stream of images."""
    for one in engines:
        one.reset()
    return [
        tuple(one.extract(image, number * STEP_NS) for one in engines)
        for number, image in enumerate(images)
    ]


def torso(person: PersonKeypoints) -> float:
    shoulders, hips = person.body[[11, 12], :2].mean(0), person.body[[23, 24], :2].mean(0)
    return float(np.linalg.norm(shoulders - hips))


def distances(
    pairs: list[tuple[FrameKeypoints, FrameKeypoints]],
) -> tuple[list[float], list[float]]:
    """Return the mean distances of bodies in torsos, and of hands in palms."""
    bodies, hands = [], []
    for reference, found in pairs:
        assert len(reference.people) == len(found.people)
        for first, second in zip(reference.people, found.people, strict=True):
            assert first.hands_present == second.hands_present
            apart = np.linalg.norm(first.body[:, :2] - second.body[:, :2], axis=1)
            bodies.append(apart.mean() / torso(first))
            assert np.linalg.norm(first.body_world - second.body_world, axis=1).mean() < 0.015
            for side, present in enumerate(first.hands_present):
                if present:
                    apart = np.linalg.norm(
                        first.hands[side, :, :2] - second.hands[side, :, :2], axis=1
                    )
                    hands.append(apart.mean() / palm_size(first.hands[side]))
    return bodies, hands


def puppet(script: str, start: int, stop: int) -> list[np.ndarray]:
    return [one.image for one in itertools.islice(open_puppet(script, fps=10.0), start, stop)]


def test_landmarks_of_a_gesturing_person_are_the_same(engines):
    bodies, hands = distances(both(engines, puppet("hello", 10, 26)))
    assert len(bodies) == 16 and len(hands) >= 10
    assert np.mean(bodies) < 0.005 and np.mean(hands) < 0.01


@pytest.mark.parametrize("degrees", [-40, 25])
def test_landmarks_of_a_turned_person_are_the_same(engines, degrees):
    matrix = cv2.getRotationMatrix2D((320.0, 240.0), degrees, 0.8)
    turned = [cv2.warpAffine(one, matrix, (640, 480)) for one in puppet("hello", 12, 18)]
    bodies, _ = distances(both(engines, turned))
    assert len(bodies) == 6 and np.mean(bodies) < 0.01


def test_landmarks_of_a_person_cut_by_the_border_are_the_same(engines):
    cut = [np.ascontiguousarray(one[:, 300:]) for one in puppet("hello", 12, 18)]
    bodies, _ = distances(both(engines, cut))
    assert len(bodies) == 6 and np.mean(bodies) < 0.01


def test_hands_without_a_body_are_the_same(engines, shared_data):
    image = cv2.imread(str(shared_data("golden/hands.jpg")))[:, :, ::-1]
    ((reference, found),) = both(engines, [np.ascontiguousarray(image)])
    assert reference.people and not any(one.body_present for one in reference.people)
    for first, second in zip(reference.people, found.people, strict=True):
        assert first.hands_present == second.hands_present
        np.testing.assert_allclose(first.hands, second.hands, atol=3.0)


def test_landmarks_of_a_signing_person_are_the_same(engines, shared_data):
    with open_source(str(shared_data("videos/sign_a.mp4"))) as source:
        images = [frame.image for frame in source]
    bodies, hands = distances(both(engines, images))
    assert len(bodies) == 62 and len(hands) == 29
    assert np.mean(bodies) < 0.005 and np.mean(hands) < 0.01


@pytest.mark.parametrize(
    ("script", "start", "hands_at_least"),
    [("help", 10, 10), ("thanks", 10, 5), ("unknown", 60, 4), ("occluded_hand", 10, 4)],
)
def test_hands_that_cross_or_hide_the_face_are_the_same(engines, script, start, hands_at_least):
    bodies, hands = distances(both(engines, puppet(script, start, start + 10)))
    assert len(bodies) == 10 and len(hands) >= hands_at_least
    assert np.mean(bodies) < 0.005 and np.median(hands) < 0.01


def test_more_hands_are_found_in_blurred_images(engines):
    source = open_puppet("please", fps=10.0, seed=3)
    images = [cv2.GaussianBlur(frame.image, (0, 0), 5.0) for frame in source]
    truth = [source.truth(number).people[0].hands_present for number in range(len(source))]
    reference, found = (
        [frame.people[0].hands_present for frame in frames]
        for frames in zip(*both(engines, images), strict=True)
    )
    assert sum(right for _, right in truth) == 27
    assert sum(right for _, right in reference) < 15 < sum(right for _, right in found)
    assert not any(left for left, _ in found)


def test_smoothing_begins_with_the_first_image(engines):
    # MediaPipe's filters would ignore an image at graph time zero.
    pairs = both(engines, puppet("hello", 12, 14))
    bodies, _ = distances(pairs)
    assert bodies[1] < 0.001


def test_nobody_is_found_in_an_empty_image(engines):
    for pair in both(engines, [np.full((240, 320, 3), 90, dtype=np.uint8)] * 2):
        assert not any(frame.people for frame in pair)


def test_landmarks_of_two_people_are_the_same():
    with (
        PoseExtractor(engine="mediapipe", max_people=2) as first,
        PoseExtractor(engine="direct", max_people=2) as second,
    ):
        pairs = both((first, second), puppet("two_people", 10, 18))
    assert all(len(one.people) == len(other.people) == 2 for one, other in pairs)
    bodies, hands = distances(pairs)
    assert len(bodies) == 16 and len(hands) >= 16
    assert np.mean(bodies) < 0.005 and np.median(hands) < 0.01


def test_two_people_are_both_tracked():
    images = puppet("two_people", 10, 16)
    with PoseExtractor(engine="direct", max_people=2) as extractor:
        tracks = [
            {one.track_id for one in extractor.extract(image, number * STEP_NS).people}
            for number, image in enumerate(images)
        ]
    assert all(len(one) == 2 for one in tracks) and len(set.union(*tracks)) == 2


def test_a_person_who_is_lost_for_a_moment_is_found_at_once():
    images = puppet("two_people", 10, 14)
    half = images[1].copy()
    half[:, 320:] = 90
    stream = [images[0], half, *images[2:]]
    with PoseExtractor(engine="direct", max_people=2) as extractor:
        people = [
            len(extractor.extract(image, number * STEP_NS // 3).people)
            for number, image in enumerate(stream)
        ]
    assert people == [2, 1, 2, 2]
