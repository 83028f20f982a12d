"""Camera coordinates from keypoints and depth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bharnet_ros.pose.depth import depth_at, with_depth
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

CAMERA = PinholeCamera(64, 48, fx=50.0, fy=50.0, cx=32.0, cy=24.0)
WALL = np.full((48, 64), 3.0, dtype=np.float32)


def at(x, y):
    return np.array([[x, y]], dtype=np.float32)


def person(**places) -> PersonKeypoints:
    """Return a person with only the given landmarks, named by their numbers."""
    made = PersonKeypoints("body_1")
    for name, (x, y) in places.items():
        made.body[int(name.removeprefix("body")), :3] = x, y, 0.0
    return made


def frame(*people) -> FrameKeypoints:
    return FrameKeypoints(1, 64, 48, tuple(people), "camera")


def test_camera_coordinates_are_metres_in_the_optical_frame():
    found = with_depth(frame(person(body0=(32, 24), body11=(57, 24), body12=(32, 4))), WALL, CAMERA)
    places = found.people[0].body_camera
    np.testing.assert_allclose(places[0], [0.0, 0.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(places[11], [1.5, 0.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(places[12], [0.0, -1.2, 3.0], atol=1e-6)
    assert np.isnan(places[[1, 32]]).all()
    assert np.isnan(found.people[0].hands_camera).all()
    assert (found.stamp_ns, found.frame_id) == (1, "camera")


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_finger_in_front_of_a_wall_is_not_on_the_wall(width):
    depth = WALL.copy()
    depth[:, 30 : 30 + width] = 1.0
    assert depth_at(depth, at(30, 20)) == pytest.approx(1.0)


def test_stray_pixels_are_not_a_surface():
    depth = WALL.copy()
    depth[20, 30] = depth[21, 31] = 0.4
    assert depth_at(depth, at(30, 20)) == pytest.approx(3.0)


def test_a_slope_is_one_surface():
    depth = np.tile(np.linspace(1.0, 2.0, 64, dtype=np.float32), (48, 1))
    assert depth_at(depth, at(30, 20)) == pytest.approx(depth[20, 30])


def test_a_patch_without_a_surface_gives_its_median():
    depth = WALL.copy()
    depth[18:23, 28:33] = np.linspace(1.0, 5.0, 25).reshape(5, 5)
    assert depth_at(depth, at(30, 20)) == pytest.approx(3.0)


def test_pixels_without_depth_are_ignored():
    depth = np.full_like(WALL, np.nan)
    depth[20, 30] = 1.25
    assert depth_at(depth, at(31, 21)) == pytest.approx(1.25)
    assert np.isnan(depth_at(depth, at(10, 10)))


@pytest.mark.parametrize("place", [(-0.6, 5), (63.6, 5), (5, -3), (5, 48), (np.nan, np.nan)])
def test_a_landmark_outside_the_image_has_no_depth(place):
    assert np.isnan(depth_at(WALL, at(*place)))


@pytest.mark.parametrize("place", [(0, 0), (63, 0), (0, 47), (63, 47)])
def test_a_landmark_in_a_corner_has_depth(place):
    assert depth_at(WALL, at(*place)) == pytest.approx(3.0)


def test_a_landmark_far_behind_its_body_has_no_coordinates():
    depth = np.full_like(WALL, 1.0)
    depth[:, 50:] = 3.0
    found = with_depth(
        frame(person(body0=(20, 10), body11=(25, 20), body13=(60, 20))), depth, CAMERA
    )
    places = found.people[0].body_camera[:, 2]
    assert np.isfinite(places[[0, 11, 13]]).tolist() == [True, True, False]


def test_a_fingertip_far_behind_its_hand_has_no_coordinates():
    one = person(body0=(20, 10))
    one.hands[1, :, 0] = 10 + np.arange(21) * 2
    one.hands[1, :, 1:] = 20
    depth = np.full_like(WALL, 1.0)
    depth[:, 46:] = 1.4
    found = with_depth(frame(one), depth, CAMERA).people[0].hands_camera
    assert np.isnan(found[0]).all()
    # The patches of the last two, at 48 and 50, lie entirely on the background.
    assert np.isfinite(found[1, :, 2]).tolist() == [True] * 19 + [False, False]


def test_a_frame_without_people_stays_empty():
    assert with_depth(frame(), WALL, CAMERA).people == ()


def test_image_depth_and_camera_must_have_the_same_size():
    with pytest.raises(ValueError, match="depth: is of 32 x 24 pixels, but the image of 64 x 48"):
        with_depth(frame(), WALL[::2, ::2], CAMERA)
    with pytest.raises(ValueError, match="camera_info: is of 640 x 48"):
        with_depth(frame(), WALL, dataclasses.replace(CAMERA, width=640))
