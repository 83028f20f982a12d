"""Keypoints that messages of a depth camera place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.bags.writing import recorded_messages
from bharnet_ros.pipeline.depth import DepthMessages, DepthPlacer
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.camera import Calibration


@pytest.fixture(scope="module")
def shown():
    """A frame of the puppet with its depth and camera."""
    puppet = open_puppet("hello", width=160, height=120)
    return replace(puppet.truth(45), frame_id="camera"), puppet.depth(45), puppet.camera


def said(depth, camera, frame_id="camera", **changed) -> DepthMessages:
    make = recorded_messages()
    calibration = replace(Calibration.of(camera), **changed)
    return DepthMessages(
        make.depth_image(depth, 1, frame_id), make.camera_info(calibration, 1, frame_id)
    )


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def placer(told) -> DepthPlacer:
    return DepthPlacer("/depth", "/info", told.append)


def test_places_are_those_of_the_depth_in_millimetres(placer, told, shown):
    frame, depth, camera = shown
    found = placer.place(frame, said(depth, camera)).people[0]
    expected = with_depth(frame, depth, camera).people[0]
    np.testing.assert_allclose(found.body_camera, expected.body_camera, atol=1e-3)
    assert found.depth_known and not told


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"d": (0.1, 0.0, 0.0, 0.0, 0.0)}, "/info: the images have distortion"),
        ({"frame_id": "other"}, "/depth: depth is in the frame 'other', images are in 'camera'"),
    ],
)
def test_what_makes_places_inexact_is_told_once(placer, told, shown, changed, message):
    frame, depth, camera = shown
    for _ in range(2):
        assert placer.place(frame, said(depth, camera, **changed)).people[0].depth_known
    (text,) = told
    assert text.startswith(message)


def test_what_cannot_be_used_is_named(placer, shown):
    frame, depth, camera = shown
    with pytest.raises(ValueError, match="/info: k: focal lengths must be positive"):
        placer.place(frame, said(depth, camera, k=(0.0,) * 9))
    with pytest.raises(ValueError, match="/depth: depth: is of 80 x 60 pixels"):
        placer.place(frame, said(depth[::2, ::2], camera))
