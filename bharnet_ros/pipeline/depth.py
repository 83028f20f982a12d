"""Keypoints into space by what a depth camera says: messages of a robot or of a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bharnet_ros.messages.reading import Message, calibration_from_message, depth_from_message
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints

DEPTH_TOPIC = "depth/image_rect_raw"
CAMERA_INFO_TOPIC = "camera_info"


@dataclass(frozen=True)
class DepthMessages:
    """What belongs to one image.

    Attributes:
        depth: Its depth, sensor_msgs/Image.
        camera_info: Its camera, sensor_msgs/CameraInfo.
    """

    depth: Message
    camera_info: Message


class DepthPlacer:
    """Places keypoints before the camera, and tells once of what makes places inexact.

    Args:
        depth_topic: Where depth comes from, for what is told.
        info_topic: Where the camera comes from.
        warn: Told a sentence the first time that it is true.
    """

    def __init__(self, depth_topic: str, info_topic: str, warn: Callable[[str], None]) -> None:
        """Start with nothing told."""
        self._depth_topic = depth_topic
        self._info_topic = info_topic
        self._warn = warn
        self._told: set[str] = set()

    def place(self, frame: FrameKeypoints, found: DepthMessages) -> FrameKeypoints:
        """Return the keypoints of an image with their places; see `with_depth`.

        Raises:
            InputError: Depth or camera cannot be used; names the topic.
        """
        calibration = calibration_from_message(found.camera_info)
        if calibration.distorted:
            self._tell_once(
                f"{self._info_topic}: the images have distortion, which is left out: "
                "camera coordinates are exact for rectified images alone"
            )
        depth_frame = found.depth.header.frame_id
        if depth_frame != frame.frame_id:
            self._tell_once(
                f"{self._depth_topic}: depth is in the frame {depth_frame!r}, images are in "
                f"{frame.frame_id!r}; it has to be registered to them"
            )
        try:
            camera = calibration.camera
        except ValueError as error:
            raise InputError(f"{self._info_topic}: {error}") from error
        try:
            return with_depth(frame, depth_from_message(found.depth), camera)
        except ValueError as error:
            raise InputError(f"{self._depth_topic}: {error}") from error

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._warn(text)
