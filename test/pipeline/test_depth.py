"""Camera coordinates of keypoints, from the messages of a depth camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.bags.writing import recorded_messages
from bharnet_ros.pipeline.depth import DepthMessages, DepthPlacer
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.camera import Calibration
from bharnet_ros.types.errors import InputError


@pytest.fixture(scope="module")
def puppet_frame():
    """Return a frame of the puppet with its depth and camera."""
    puppet = open_puppet("hello", width=160, height=120)
    return replace(puppet.truth(45), frame_id="camera"), puppet.depth(45), puppet.camera


def depth_messages(depth, camera, frame_id="camera", **changed) -> DepthMessages:
    make = recorded_messages()
    calibration = replace(Calibration.of(camera), **changed)
    return DepthMessages(
        make.depth_image(depth, 1, frame_id), make.camera_info(calibration, 1, frame_id)
    )


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def placer(warnings) -> DepthPlacer:
    return DepthPlacer("/depth", "/info", warnings.append)


def test_coordinates_are_those_of_the_depth_in_millimetres(placer, warnings, puppet_frame):
    frame, depth, camera = puppet_frame
    found = placer.place(frame, depth_messages(depth, camera)).people[0]
    expected = with_depth(frame, depth, camera).people[0]
    np.testing.assert_allclose(found.body_camera, expected.body_camera, atol=1e-3)
    assert found.depth_known and not warnings


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"d": (0.1, 0.0, 0.0, 0.0, 0.0)}, "/info: the images have distortion"),
        ({"frame_id": "other"}, "/depth: depth is in the frame 'other', images are in 'camera'"),
    ],
)
def test_what_makes_coordinates_inexact_is_warned_of_once(
    placer, warnings, puppet_frame, changed, message
):
    frame, depth, camera = puppet_frame
    for _ in range(2):
        assert placer.place(frame, depth_messages(depth, camera, **changed)).people[0].depth_known
    (text,) = warnings
    assert text.startswith(message)


def test_depth_or_camera_that_cannot_be_used_is_named_by_topic(placer, puppet_frame):
    frame, depth, camera = puppet_frame
    with pytest.raises(ValueError, match="/info: k: focal lengths must be positive"):
        placer.place(frame, depth_messages(depth, camera, k=(0.0,) * 9))
    with pytest.raises(ValueError, match="/depth: depth: is of 80 x 60 pixels"):
        placer.place(frame, depth_messages(depth[::2, ::2], camera))


def test_a_short_camera_matrix_is_named_by_topic(placer, puppet_frame):
    frame, depth, camera = puppet_frame
    messages = depth_messages(depth, camera)
    messages.camera_info.k = messages.camera_info.k[:8]
    with pytest.raises(InputError, match="/info: k: needs 9 numbers, got 8"):
        placer.place(frame, messages)
