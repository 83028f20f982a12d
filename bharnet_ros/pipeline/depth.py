"""Camera coordinates of keypoints, from the messages of a depth camera or of a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bharnet_ros.messages.reading import Message, calibration_from_message, depth_from_message
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints

DEPTH_TOPIC = "depth/image_rect_raw"
CAMERA_INFO_TOPIC = "camera_info"


@dataclass(frozen=True)
class DepthMessages:
    """The messages that belong to one image.

    Attributes:
        depth: Depth of its pixels, sensor_msgs/Image.
        camera_info: Calibration of its camera, sensor_msgs/CameraInfo.
    """

    depth: Message
    camera_info: Message


class DepthPlacer:
    """Gives keypoints camera coordinates, and warns once of each thing that makes them inexact.

    Args:
        depth_topic: Topic of the depth images, named in warnings and errors.
        info_topic: Topic of the calibration, named likewise.
        warn: Called with each warning, once.
    """

    def __init__(self, depth_topic: str, info_topic: str, warn: Callable[[str], None]) -> None:
        """Start with no warning given."""
        self._depth_topic = depth_topic
        self._info_topic = info_topic
        self._warn = warn
        self._warned: set[str] = set()

    def place(self, frame: FrameKeypoints, messages: DepthMessages) -> FrameKeypoints:
        """Return the keypoints of an image with their camera coordinates; see `with_depth`.

        Raises:
            InputError: The depth or the calibration cannot be used; names the topic.
        """
        try:
            camera = self._camera(frame, messages)
        except ValueError as error:
            raise InputError(f"{self._info_topic}: {error}") from error
        try:
            return with_depth(frame, depth_from_message(messages.depth), camera)
        except ValueError as error:
            raise InputError(f"{self._depth_topic}: {error}") from error

    def _camera(self, frame: FrameKeypoints, messages: DepthMessages) -> PinholeCamera:
        """Return the camera, and warn of what makes camera coordinates inexact."""
        calibration = calibration_from_message(messages.camera_info)
        if calibration.distorted:
            self._warn_once(
                f"{self._info_topic}: the images have distortion, which is ignored: "
                "camera coordinates are exact only for rectified images"
            )
        depth_frame = messages.depth.header.frame_id
        if depth_frame != frame.frame_id:
            self._warn_once(
                f"{self._depth_topic}: depth is in the frame {depth_frame!r}, images are in "
                f"{frame.frame_id!r}; register the depth to the images"
            )
        return calibration.camera

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)
