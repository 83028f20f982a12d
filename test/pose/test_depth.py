"""Keypoints and depth to metres before the camera."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bharnet_ros.pose.depth import depth_at, with_depth
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

CAMERA = PinholeCamera(64, 48, fx=50.0, fy=50.0, cx=32.0, cy=24.0)
WALL = np.full((48, 64), 3.0, dtype=np.float32)


def lone(x, y):
    return np.array([[x, y]], dtype=np.float32)


def person(**places) -> PersonKeypoints:
    """Return a person all of whose landmarks are absent but those given, by their number."""
    one = PersonKeypoints("body_1")
    for name, (x, y) in places.items():
        one.body[int(name.removeprefix("body")), :3] = x, y, 0.0
    return one


def frame(*people) -> FrameKeypoints:
    return FrameKeypoints(1, 64, 48, tuple(people), "camera")


def test_places_are_metres_in_the_optical_frame():
    found = with_depth(frame(person(body0=(32, 24), body11=(57, 24), body12=(32, 4))), WALL, CAMERA)
    places = found.people[0].body_camera
    np.testing.assert_allclose(places[0], [0.0, 0.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(places[11], [1.5, 0.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(places[12], [0.0, -1.2, 3.0], atol=1e-6)
    assert np.isnan(places[[1, 32]]).all()
    assert np.isnan(found.people[0].hands_camera).all()
    assert (found.stamp_ns, found.frame_id) == (1, "camera")


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_finger_before_a_wall_is_not_on_the_wall(width):
    depth = WALL.copy()
    depth[:, 30 : 30 + width] = 1.0
    assert depth_at(depth, lone(30, 20)) == pytest.approx(1.0)


def test_stray_pixels_are_no_thing():
    depth = WALL.copy()
    depth[20, 30] = depth[21, 31] = 0.4
    assert depth_at(depth, lone(30, 20)) == pytest.approx(3.0)


def test_a_slope_is_one_thing():
    depth = np.tile(np.linspace(1.0, 2.0, 64, dtype=np.float32), (48, 1))
    assert depth_at(depth, lone(30, 20)) == pytest.approx(depth[20, 30])


def test_a_patch_in_which_nothing_is_like_anything_gives_its_median():
    depth = WALL.copy()
    depth[18:23, 28:33] = np.linspace(1.0, 5.0, 25).reshape(5, 5)
    assert depth_at(depth, lone(30, 20)) == pytest.approx(3.0)


def test_pixels_without_depth_are_left_out():
    depth = np.full_like(WALL, np.nan)
    depth[20, 30] = 1.25
    assert depth_at(depth, lone(31, 21)) == pytest.approx(1.25)
    assert np.isnan(depth_at(depth, lone(10, 10)))


@pytest.mark.parametrize("place", [(-0.6, 5), (63.6, 5), (5, -3), (5, 48), (np.nan, np.nan)])
def test_a_landmark_out_of_the_image_is_nowhere(place):
    assert np.isnan(depth_at(WALL, lone(*place)))


@pytest.mark.parametrize("place", [(0, 0), (63, 0), (0, 47), (63, 47)])
def test_a_landmark_in_a_corner_is_somewhere(place):
    assert depth_at(WALL, lone(*place)) == pytest.approx(3.0)


def test_nobody_is_as_deep_as_a_room():
    depth = np.full_like(WALL, 1.0)
    depth[:, 50:] = 3.0
    found = with_depth(
        frame(person(body0=(20, 10), body11=(25, 20), body13=(60, 20))), depth, CAMERA
    )
    places = found.people[0].body_camera[:, 2]
    assert np.isfinite(places[[0, 11, 13]]).tolist() == [True, True, False]


def test_a_finger_is_not_far_from_its_hand():
    one = person(body0=(20, 10))
    one.hands[1, :, 0] = 10 + np.arange(21) * 2
    one.hands[1, :, 1:] = 20
    depth = np.full_like(WALL, 1.0)
    depth[:, 46:] = 1.4
    found = with_depth(frame(one), depth, CAMERA).people[0].hands_camera
    assert np.isnan(found[0]).all()
    # The patches of the last two, at 48 and 50, lie on what is behind all over.
    assert np.isfinite(found[1, :, 2]).tolist() == [True] * 19 + [False, False]


def test_nobody_stays_nobody():
    assert with_depth(frame(), WALL, CAMERA).people == ()


def test_sizes_have_to_agree():
    with pytest.raises(ValueError, match="depth: is of 32 x 24 pixels, but the image of 64 x 48"):
        with_depth(frame(), WALL[::2, ::2], CAMERA)
    with pytest.raises(ValueError, match="camera_info: is of 640 x 48"):
        with_depth(frame(), WALL, dataclasses.replace(CAMERA, width=640))
