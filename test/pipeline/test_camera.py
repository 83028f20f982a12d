"""The camera of keypoints, from camera_info."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pipeline.camera import CameraFeed
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

CAMERA = PinholeCamera(640, 480, fx=600.0, fy=610.0, cx=320.0, cy=240.0)
FRAME = FrameKeypoints(1, 640, 480, (PersonKeypoints("body_1"),), "camera")


@pytest.fixture
def log() -> CollectedLog:
    return CollectedLog()


def test_there_is_no_camera_before_the_first_message(log):
    assert CameraFeed(log).of(FRAME) is None
    assert log.warnings == []


def test_the_newest_calibration_counts(log, messages):
    feed = CameraFeed(log)
    feed.take(messages.camera_info(1.0, PinholeCamera(640, 480, 1.0, 1.0, 1.0, 1.0)))
    feed.take(messages.camera_info(2.0, CAMERA))
    assert feed.of(FRAME) == CAMERA
    assert log.warnings == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"k": np.zeros(9)}, "camera_info: k: focal lengths must be positive"),
        ({"width": 1280}, "camera_info: is of 1280 x 480 pixels, but the images of 640 x 480"),
    ],
)
def test_a_calibration_that_does_not_fit_is_named_once_and_not_used(log, messages, change, problem):
    message = messages.camera_info(1.0, CAMERA)
    for name, value in change.items():
        setattr(message, name, value)
    feed = CameraFeed(log)
    for _ in range(3):
        feed.take(message)
        assert feed.of(FRAME) is None
    (warning,) = log.warnings
    assert warning.startswith(problem)
    assert warning.endswith("directions to people are not known")


def test_a_camera_that_has_another_name_in_keypoints_is_used_and_told(log, messages):
    message = messages.camera_info(1.0, CAMERA)
    message.header.frame_id = "other"
    feed = CameraFeed(log)
    feed.take(message)
    assert feed.of(FRAME) == feed.of(FRAME) == CAMERA
    (warning,) = log.warnings
    assert warning.startswith("camera_info: is of the frame 'other', but the keypoints of 'camera'")


def test_distortion_is_told(log, messages):
    message = messages.camera_info(1.0, CAMERA)
    message.d = np.array([0.1, 0.0, 0.0, 0.0, 0.0])
    feed = CameraFeed(log)
    feed.take(message)
    assert feed.of(FRAME) == CAMERA
    assert "the images have distortion, which is ignored" in log.warnings[0]
