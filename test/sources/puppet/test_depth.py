"""The depth image of the puppet agrees with the person that it shows."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pose.depth import with_depth
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import FrameKeypoints

SCRIPTS = ("gestures", "two_people", "holding_book", "occluded_hand", "enter_and_leave")


def moments(script, count=8):
    puppet = open_puppet(script, width=320, height=240, fps=10.0)
    return puppet, np.linspace(0, len(puppet) - 1, count).round().astype(int)


def landmarks(frame: FrameKeypoints):
    """Return pixels (N, 2) and true places (N, 3) of everything that is in view."""
    pixels, places = [np.empty((0, 2))], [np.empty((0, 3))]
    for person in frame.people:
        seen = person.body[:, 3] > 0
        pixels += [person.body[seen, :2], person.hands[..., :2].reshape(-1, 2)]
        places += [person.body_camera[seen], person.hands_camera.reshape(-1, 3)]
    pixels, places = np.concatenate(pixels), np.concatenate(places)
    inside = (pixels >= 0).all(1) & (np.rint(pixels) < [frame.width, frame.height]).all(1)
    return pixels[inside], places[inside]


@pytest.mark.parametrize("script", SCRIPTS)
def test_depth_at_a_landmark_is_its_own_or_that_of_what_hides_it(script):
    puppet, numbers = moments(script)
    differences = []
    for number in numbers:
        frame, depth = puppet.truth(int(number)), puppet.depth(int(number))
        assert depth.shape == (240, 320) and depth.dtype == np.float32
        pixels, places = landmarks(frame)
        column, row = np.rint(pixels).astype(int).T
        differences.append(depth[row, column] - places[:, 2])
    differences = np.concatenate(differences)
    # What the picture shows lies behind a landmark only where a thin part misses its pixel.
    assert np.mean(differences > 0.05) < 0.03
    assert np.median(np.abs(differences)) < 0.005


@pytest.mark.parametrize("script", SCRIPTS)
def test_true_places_project_to_their_own_pixels(script):
    puppet, numbers = moments(script)
    for number in numbers:
        pixels, places = landmarks(puppet.truth(int(number)))
        found = puppet.camera.points(pixels.astype(np.float64), places[:, 2])
        np.testing.assert_allclose(found, places, atol=1e-4)


def test_depth_has_the_outline_of_the_person_in_the_picture():
    puppet, _ = moments("rest")
    depth, image = puppet.depth(0), puppet.frame(0).image
    empty = open_puppet("enter_and_leave", width=320, height=240, fps=10.0).frame(0).image
    person = depth < depth.max()
    # The same wall in both pictures, but for grain.
    differs = (np.abs(image.astype(int) - empty.astype(int)) > 40).any(2)
    assert np.mean(person & differs) > 0.95 * np.mean(differs) > 0.1
    assert np.mean(person ^ differs) < 0.06


def test_a_box_is_nearer_than_everything():
    puppet, _ = moments("occluded_hand")
    depth = puppet.depth(0)
    assert depth.min() == pytest.approx(0.35 * 1.05)
    assert np.mean(depth == depth.min()) > 0.01


def test_depth_extraction_finds_the_puppet_where_it_stands():
    puppet, numbers = moments("gestures")
    errors = []
    for number in numbers:
        truth = puppet.truth(int(number))
        found = with_depth(truth, puppet.depth(int(number)), puppet.camera)
        for person, expected in zip(found.people, truth.people, strict=True):
            for name in ("body_camera", "hands_camera"):
                errors.append(getattr(person, name) - getattr(expected, name))
    distances = np.concatenate([np.linalg.norm(error, axis=-1).ravel() for error in errors])
    distances = distances[np.isfinite(distances)]
    assert len(distances) > 200
    assert np.median(distances) < 0.01
