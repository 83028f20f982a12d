"""People in a part of the image: their keypoints have coordinates of the whole image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bharnet_ros.pose.engines import ENGINES
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.roi import WHOLE_IMAGE, parse_roi, region_of_interest
from bharnet_ros.pose.scene import BodyLandmarks, HandLandmarks, Scene
from bharnet_ros.sources.puppet import open_puppet

LEFT, TOP = 700, 60


@pytest.fixture(scope="module")
def waving():
    """Return images of a waving puppet, (480, 640, 3)."""
    return [frame.image for frame in itertools.islice(open_puppet("hello", fps=10.0), 14, 18)]


def beside_another(image):
    """Return an image with a person on the left, and `image` on the right."""
    wide = np.full((600, 1400, 3), 90, np.uint8)
    wide[:480, :640] = image
    wide[TOP : TOP + 480, LEFT : LEFT + 640] = image
    return wide


@pytest.mark.mediapipe
@pytest.mark.parametrize("engine", ENGINES)
def test_only_people_of_the_region_are_found_at_their_place(engine, waving):
    roi = (LEFT, TOP, 640, 480)
    with PoseExtractor(engine=engine) as alone, PoseExtractor(engine=engine, roi=roi) as extractor:
        hands = 0
        for number, image in enumerate(waving):
            (expected,) = alone.extract(image, number).people
            found = extractor.extract(beside_another(image), number)
            assert (found.width, found.height) == (1400, 600)
            (person,) = found.people
            shift = [LEFT, TOP, 0.0]
            np.testing.assert_allclose(person.body[:, :3], expected.body[:, :3] + shift, atol=0.01)
            np.testing.assert_array_equal(person.body[:, 3], expected.body[:, 3])
            np.testing.assert_allclose(person.hands, expected.hands + shift, atol=0.01)
            np.testing.assert_array_equal(person.body_world, expected.body_world)
            hands += sum(person.hands_present)
    assert hands


@pytest.mark.mediapipe
@pytest.mark.parametrize("engine", ENGINES)
def test_region_outside_of_an_image_is_refused_and_the_next_is_used(engine, waving):
    with PoseExtractor(engine=engine, roi=(LEFT, TOP, 640, 480)) as extractor:
        with pytest.raises(
            ValueError, match=r"^roi: \[700, 60, 640, 480\] does not lie in the image of 640 x 480"
        ):
            extractor.extract(waving[0], 1)
        assert extractor.extract(beside_another(waving[0]), 2).people


def test_landmarks_of_bodies_and_hands_move_into_the_image():
    hand = HandLandmarks(np.full((21, 3), 0.5), np.ones((21, 3)), 0.9, 0.2)
    body = BodyLandmarks(np.full((33, 4), 0.25), np.ones((33, 3)), (None, hand))
    region = region_of_interest([100, 50, 200, 40])
    assert region is not None
    scene = region.in_image(Scene((body,), (hand,)), 400, 100)
    # x and z by the width of the image, y by its height; visibility as it was.
    expected = [(100 + 50) / 400, (50 + 10) / 100, 50 / 400, 0.25]
    np.testing.assert_allclose(scene.bodies[0].body, np.tile(expected, (33, 1)))
    assert scene.bodies[0].hands[0] is None
    for found in (scene.bodies[0].hands[1], scene.lone_hands[0]):
        expected = [(100 + 100) / 400, (50 + 20) / 100, 100 / 400]
        np.testing.assert_allclose(found.landmarks, np.tile(expected, (21, 1)))
        assert (found.score, found.left_probability) == (0.9, 0.2)
    np.testing.assert_array_equal(body.body, 0.25)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2, 3], r"must be x, y, width and height, got \[1, 2, 3\]"),
        ([-1, 0, 10, 10], "x and y must not be negative"),
        ([0, 0, 0, 10], "width and height must be positive"),
        ([5, 5, 10, -1], "width and height must be positive"),
    ],
)
def test_values_that_are_no_region_are_refused(values, message):
    with pytest.raises(ValueError, match=f"^roi: {message}"):
        PoseExtractor(roi=values)


def test_zeros_stand_for_the_whole_image():
    assert region_of_interest(WHOLE_IMAGE) is None


@pytest.mark.parametrize("text", ["", "1,2,3,x", "0.5,0,10,10", "10 10 20 20"])
def test_text_that_is_no_region_is_refused(text):
    with pytest.raises(ValueError, match=r"^roi: must be four whole numbers X,Y,W,H"):
        parse_roi(text)
    assert parse_roi("10,20, 30,40") == [10, 20, 30, 40]
