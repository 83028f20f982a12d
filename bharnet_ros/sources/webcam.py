"""The newest frame of a webcam, with its capture time."""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.frame import (
    DEFAULT_FPS,
    DEFAULT_HEIGHT,
    DEFAULT_WIDTH,
    Frame,
    FrameSource,
    rgb,
)
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.paths import expand_home

LINUX = sys.platform == "linux"
# A webcam that is slow to set its exposure may need seconds for its first frame.
FRAME_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.05
CLOSE_SECONDS = 1.0
# An older stamp does not come from the clock of `time.monotonic`.
MAX_AGE_SECONDS = 5.0
# A webcam that is asked for 30 frames a second may give 29.97.
RATE_TOLERANCE = 0.01

# VIDIOC_REQBUFS of linux/videodev2.h for zero memory-mapped buffers of captured video. It requests
# nothing, and fails for the same reason that keeps a camera from streaming.
_REQUEST_BUFFERS = 0xC0145608
_NO_BUFFERS = struct.pack("=5I", 0, 1, 1, 0, 0)


class Webcam(FrameSource):
    """A camera of this machine.

    A thread takes every frame from the driver, so that the driver's queue never holds an old one.
    A consumer slower than the camera gets the newest frame; the frames between count as skipped.
    Frame times are the driver's stamps, where it sets them.

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
        self._capture = _open(name)
        try:
            own_fps = _configure(self._capture, name, width, height, fps)
        except InputError:
            self._capture.release()
            raise
        super().__init__(name, fps=own_fps, frame_count=None, live=True)
        self._width, self._height = _size(self._capture)
        self._changed = threading.Condition()
        self._newest: tuple[npt.NDArray[np.uint8], float] | None = None
        self._start: float | None = None
        self._closed = False
        self._reader = threading.Thread(target=self._read, name=f"webcam {name}", daemon=True)
        self._reader.start()
        if not self._wait_for_frame():
            raise OSError(f"source: {self._close_and_explain()}")

    def __iter__(self) -> Iterator[Frame]:
        """Yield the newest frame each time, until closed.

        Raises:
            OSError: No frame came for `FRAME_TIMEOUT_SECONDS`: the camera was lost.
        """
        while True:
            arrived = self._wait_for_frame()
            if self._closed:
                return
            with self._changed:
                newest, self._newest = self._newest, None
            if not arrived or newest is None:
                raise OSError(self._close_and_explain())
            image, captured = newest
            assert self._start is not None
            yield Frame(rgb(image), captured - self._start)

    def age(self, frame: Frame) -> float:
        assert self._start is not None
        return max(time.monotonic() - self._start - frame.time, 0.0)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # If the camera hangs, the reader is blocked for as long as OpenCV waits for a frame.
        self._reader.join(CLOSE_SECONDS)

    def _wait_for_frame(self) -> bool:
        """Wait for a new frame or for `close`; return False if neither came in time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._newest is not None or self._closed, FRAME_TIMEOUT_SECONDS
            )

    def _close_and_explain(self) -> str:
        """Close the camera; return a message that it gave no frame, with the reason if known."""
        self.close()
        # While the reader holds the camera, the reason would always be that it is busy.
        reason = "" if self._reader.is_alive() else _failure_reason(self.name)
        return f"webcam {self.name} gave no frame for {FRAME_TIMEOUT_SECONDS:g} s{reason}"

    def _read(self) -> None:
        last = 0.0
        try:
            while not self._closed:
                if not self._capture.grab():
                    time.sleep(RETRY_SECONDS)
                    continue
                captured = self._capture_time(last)
                image = self._decode()
                with self._changed:
                    if image is None or self._newest is not None:
                        self.skipped += 1
                    if image is not None:
                        last = captured
                        if self._start is None:
                            self._start = captured
                        self._newest = (image, captured)
                        self._changed.notify_all()
        finally:
            self._capture.release()

    def _decode(self) -> npt.NDArray[np.uint8] | None:
        """Decode the grabbed frame to (H, W, 3) BGR; None if it cannot be decoded."""
        found, image = self._capture.retrieve()
        if found and image.ndim == 2 and image.size == 3 * self._width * self._height:
            # OpenCV 4.11 returns the bytes of a camera with native BGR in one row.
            image = image.reshape(self._height, self._width, 3)
        return image if found and image.ndim == 3 else None

    def _capture_time(self, last: float) -> float:
        """Return the capture time of the frame just grabbed, seconds on the monotonic clock.

        Args:
            last: Capture time of the frame before, seconds.
        """
        now = time.monotonic()
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0 if LINUX else 0.0
        return stamp if last < stamp <= now < stamp + MAX_AGE_SECONDS else now


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
