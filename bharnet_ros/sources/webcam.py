"""Webcams of this machine."""

from __future__ import annotations

import os
import struct
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.frame import DEFAULT_FPS, DEFAULT_HEIGHT, DEFAULT_WIDTH
from bharnet_ros.sources.live import LiveSource
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.paths import expand_home

LINUX = sys.platform == "linux"
RETRY_SECONDS = 0.05
# An older stamp does not come from the clock of `time.monotonic`.
MAX_AGE_SECONDS = 5.0
# A webcam that is asked for 30 frames a second may give 29.97.
RATE_TOLERANCE = 0.01

# VIDIOC_REQBUFS of linux/videodev2.h for zero memory-mapped buffers of captured video. It requests
# nothing, and fails for the same reason that keeps a camera from streaming.
_REQUEST_BUFFERS = 0xC0145608
_NO_BUFFERS = struct.pack("=5I", 0, 1, 1, 0, 0)


class Webcam(LiveSource):
    """A camera of this machine. Frame times are the driver's stamps, where it sets them.

    Args:
        name: Index of the camera, or path of its device.
        width: Pixels; needs `height`. If both are None, the size nearest to 640 x 480.
        height: Pixels.
        fps: Frames per second; the camera's own choice if None.

    Raises:
        InputError: The camera has no such size or rate, or only one of width and height is given.
        FileNotFoundError: There is no such camera.
        OSError: The camera cannot be opened or gives no frame; the message says why, if known.
    """

    def __init__(
        self, name: str, *, width: int | None, height: int | None, fps: float | None
    ) -> None:
        """Open the camera and wait for its first frame."""
        if (width is None) != (height is None):
            raise InputError(f"width, height: webcam {name} needs both or none")
        capture = _open(name)
        try:
            own_fps = _configure(capture, name, width, height, fps)
        except InputError:
            capture.release()
            raise
        self._width, self._height = _size(capture)
        super().__init__(name, "webcam", capture, fps=own_fps)

    def _grab(self) -> bool:
        if self._capture.grab():
            return True
        time.sleep(RETRY_SECONDS)
        return False

    def _decode(self) -> npt.NDArray[np.uint8] | None:
        found, image = self._capture.retrieve()
        if found and image.ndim == 2 and image.size == 3 * self._width * self._height:
            # OpenCV 4.11 returns the bytes of a camera with native BGR in one row.
            image = image.reshape(self._height, self._width, 3)
        return image if found and image.ndim == 3 else None

    def _capture_time(self, last: float) -> float:
        now = time.monotonic()
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0 if LINUX else 0.0
        return stamp if last < stamp <= now < stamp + MAX_AGE_SECONDS else now

    def _failure_reason(self) -> str:
        return _failure_reason(self.name)


def is_webcam(source: str) -> bool:
    """Return whether a source is the index of a webcam or the path of a device.

    Raises:
        InputError: The path begins with the home folder of an unknown user.
    """
    return source.isdecimal() or expand_home(source, "source").is_char_device()


def _open(name: str) -> Any:
    device = _device_path(name)
    if LINUX and not device.exists():
        raise FileNotFoundError(f"source: webcam {name} does not exist: there is no {device}")
    # Other back ends of OpenCV stamp frames differently, or mistake a device for a file.
    capture = cv2.VideoCapture(
        int(name) if name.isdecimal() else str(device), cv2.CAP_V4L2 if LINUX else cv2.CAP_ANY
    )
    if not capture.isOpened():
        if LINUX:
            raise OSError(f"source: webcam {name} cannot be opened{_failure_reason(name)}")
        raise FileNotFoundError(f"source: webcam {name} cannot be opened")
    return capture


def _configure(
    capture: Any, name: str, width: int | None, height: int | None, fps: float | None
) -> float:
    """Request a size and a rate; return the rate that the camera uses.

    Raises:
        InputError: The camera has no such size or rate.
    """
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width or DEFAULT_WIDTH)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height or DEFAULT_HEIGHT)
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
    own_size = _size(capture)
    if width is not None and own_size != (width, height):
        raise InputError(
            f"width, height: webcam {name} does not give {width} x {height} pixels, the nearest "
            f"is {own_size[0]} x {own_size[1]}"
        )
    own_fps = float(capture.get(cv2.CAP_PROP_FPS))
    if own_fps <= 0.0:
        return fps or DEFAULT_FPS
    if fps is not None and abs(own_fps - fps) > RATE_TOLERANCE * fps:
        raise InputError(
            f"fps: webcam {name} does not give {fps:g} frames a second at "
            f"{own_size[0]} x {own_size[1]} pixels, the nearest is {own_fps:g}"
        )
    return own_fps


def _size(capture: Any) -> tuple[int, int]:
    """Return width and height, pixels."""
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def _device_path(name: str) -> Path:
    return Path(f"/dev/video{int(name)}") if name.isdecimal() else expand_home(name, "source")


def _failure_reason(name: str) -> str:
    """Return why a camera does not stream, as the end of a message; empty if unknown."""
    if not LINUX:
        return ""
    import fcntl

    try:
        descriptor = os.open(_device_path(name), os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(descriptor, _REQUEST_BUFFERS, _NO_BUFFERS)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f": {error.strerror}"
    return ""
