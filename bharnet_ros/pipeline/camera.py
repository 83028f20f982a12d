"""The camera that keypoints were seen by, from messages on `camera_info`."""

from __future__ import annotations

from bharnet_ros.messages.reading import Message, calibration_from_message
from bharnet_ros.pipeline.message_log import MessageLog
from bharnet_ros.types.camera import Calibration, PinholeCamera
from bharnet_ros.types.keypoints import FrameKeypoints

_CONSEQUENCE = "directions to people are not known"


class CameraFeed:
    """Keeps the newest calibration, and warns once of each thing that is wrong with it."""

    def __init__(self, log: MessageLog) -> None:
        """Start without a camera.

        Args:
            log: Receives the warnings.
        """
        self._log = log
        self._calibration: Calibration | None = None
        self._camera: PinholeCamera | None = None
        self._frame_id = ""
        self._warned: set[str] = set()

    def take(self, message: Message) -> None:
        """Take a sensor_msgs/CameraInfo message."""
        try:
            calibration = calibration_from_message(message)
            self._frame_id = message.header.frame_id
            # Cameras repeat the same calibration with every image.
            if calibration == self._calibration:
                return
            self._calibration, self._camera = calibration, None
            self._camera = calibration.camera
        except ValueError as error:
            self._warn(f"camera_info: {error}; {_CONSEQUENCE}")
            return
        if calibration.distorted:
            self._warn(
                "camera_info: the images have distortion, which is ignored: directions to people "
                "are exact only for rectified images"
            )

    def of(self, frame: FrameKeypoints) -> PinholeCamera | None:
        """Return the camera of a frame; None if it is not known."""
        camera = self._camera
        if camera is None or not frame.people:
            return camera
        if (camera.width, camera.height) != (frame.width, frame.height):
            self._warn(
                f"camera_info: is of {camera.width} x {camera.height} pixels, but the images of "
                f"{frame.width} x {frame.height}; {_CONSEQUENCE}"
            )
            return None
        if self._frame_id and frame.frame_id and self._frame_id != frame.frame_id:
            # As it must be if the parameter frame_id names the camera.
            self._warn(
                f"camera_info: is of the frame {self._frame_id!r}, but the keypoints of "
                f"{frame.frame_id!r}; directions to people are right only if that is one camera"
            )
        return camera

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._log.warn(text)
