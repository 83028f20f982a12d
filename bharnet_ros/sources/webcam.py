"""The newest frame of a webcam, with the time at which it was taken."""

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

LINUX = sys.platform == "linux"
# A webcam that needs long to set its exposure may take seconds for its first picture.
PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.05
CLOSE_SECONDS = 1.0
# A stamp that is older was not taken from the clock that Python calls monotonic.
MAX_AGE_SECONDS = 5.0
# 29.97 frames a second are what one gets who asks for 30.
RATE_TOLERANCE = 0.01

# VIDIOC_REQBUFS of linux/videodev2.h with no buffers, of captured video, mapped into memory: asks
# for nothing, and is refused for the reason for which a camera does not stream.
_REQUEST_BUFFERS = 0xC0145608
_NO_BUFFERS = struct.pack("=5I", 0, 1, 1, 0, 0)


class Webcam(FrameSource):
    """A camera of this machine.

    A thread takes every frame from the driver, so that its queue never holds an old one: whoever
    is slower than the camera gets the newest frame, and those between are counted as skipped.
    Times are those that the driver stamps frames with, where it does.

    Args:
        name: Index of the camera, or path of its device.
        width: Pixels, with `height`; what is nearest to 640 x 480 if both are None.
        height: Pixels.
        fps: Frames per second; the camera's own choice if None.

    Raises:
        InputError: The camera has no such size or rate, or only one of width and height is given.
        FileNotFoundError: There is no such camera.
        OSError: It cannot be opened or gives no picture; the message says why, where that is known.
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
        except ValueError:
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
        if not self._wait():
            raise OSError(f"source: {self._silence()}")

    def __iter__(self) -> Iterator[Frame]:
        """Yield the newest frame each time, until closed.

        Raises:
            OSError: No picture came for `PATIENCE_SECONDS`: the camera was lost.
        """
        while True:
            arrived = self._wait()
            if self._closed:
                return
            with self._changed:
                newest, self._newest = self._newest, None
            if not arrived or newest is None:
                raise OSError(self._silence())
            image, taken = newest
            assert self._start is not None
            yield Frame(rgb(image), taken - self._start)

    def age(self, frame: Frame) -> float:
        assert self._start is not None
        return max(time.monotonic() - self._start - frame.time, 0.0)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # A camera that hangs keeps its reader for as long as OpenCV waits for a picture.
        self._reader.join(CLOSE_SECONDS)

    def _wait(self) -> bool:
        """Wait for a frame that was not given yet, and return whether there is one."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._newest is not None or self._closed, PATIENCE_SECONDS
            )

    def _silence(self) -> str:
        """Close the camera, and return that it gives no pictures and why, where that is known."""
        self.close()
        # While its reader has the camera, it is busy for everybody else.
        reason = "" if self._reader.is_alive() else _reason(self.name)
        return f"webcam {self.name} gave no picture for {PATIENCE_SECONDS:g} s{reason}"

    def _read(self) -> None:
        last = 0.0
        try:
            while not self._closed:
                if not self._capture.grab():
                    time.sleep(RETRY_SECONDS)
                    continue
                taken = self._time_taken(last)
                image = self._decoded()
                with self._changed:
                    if image is None or self._newest is not None:
                        self.skipped += 1
                    if image is not None:
                        last = taken
                        if self._start is None:
                            self._start = taken
                        self._newest = (image, taken)
                        self._changed.notify_all()
        finally:
            self._capture.release()

    def _decoded(self) -> npt.NDArray[np.uint8] | None:
        """Return the frame that was grabbed, (H, W, 3) BGR; None where it cannot be decoded."""
        found, image = self._capture.retrieve()
        if found and image.ndim == 2 and image.size == 3 * self._width * self._height:
            # OpenCV 4.11 gives the bytes of a camera that has BGR itself in one row.
            image = image.reshape(self._height, self._width, 3)
        return image if found and image.ndim == 3 else None

    def _time_taken(self, last: float) -> float:
        """Return when the frame that was grabbed just now was taken, on the monotonic clock.

        Args:
            last: That of the frame before, seconds.
        """
        now = time.monotonic()
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0 if LINUX else 0.0
        return stamp if last < stamp <= now < stamp + MAX_AGE_SECONDS else now


def is_webcam(source: str) -> bool:
    """Return whether a source is the index of a webcam or the path of a device."""
    return source.isdecimal() or Path(source).expanduser().is_char_device()


def _open(name: str) -> Any:
    device = _device(name)
    if LINUX and not device.exists():
        raise FileNotFoundError(f"source: webcam {name} does not exist: there is no {device}")
    # Other back ends of OpenCV stamp frames otherwise, or take a device for a file.
    capture = cv2.VideoCapture(
        int(name) if name.isdecimal() else str(device), cv2.CAP_V4L2 if LINUX else cv2.CAP_ANY
    )
    if not capture.isOpened():
        if LINUX:
            raise OSError(f"source: webcam {name} cannot be opened{_reason(name)}")
        raise FileNotFoundError(f"source: webcam {name} cannot be opened")
    return capture


def _configure(
    capture: Any, name: str, width: int | None, height: int | None, fps: float | None
) -> float:
    """Ask for a size and a rate, and return the rate."""
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width or DEFAULT_WIDTH)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height or DEFAULT_HEIGHT)
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
    own = _size(capture)
    if width is not None and own != (width, height):
        raise InputError(
            f"width, height: webcam {name} does not give {width} x {height} pixels, the nearest "
            f"is {own[0]} x {own[1]}"
        )
    own_fps = float(capture.get(cv2.CAP_PROP_FPS))
    if own_fps <= 0.0:
        return fps or DEFAULT_FPS
    if fps is not None and abs(own_fps - fps) > RATE_TOLERANCE * fps:
        raise InputError(
            f"fps: webcam {name} does not give {fps:g} frames a second at {own[0]} x {own[1]} "
            f"pixels, the nearest is {own_fps:g}"
        )
    return own_fps


def _size(capture: Any) -> tuple[int, int]:
    """Return width and height, pixels."""
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def _device(name: str) -> Path:
    return Path(f"/dev/video{int(name)}" if name.isdecimal() else name).expanduser()


def _reason(name: str) -> str:
    """Return why a camera does not stream, to be put behind a message; empty where unknown."""
    if not LINUX:
        return ""
    import fcntl

    try:
        descriptor = os.open(_device(name), os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(descriptor, _REQUEST_BUFFERS, _NO_BUFFERS)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f": {error.strerror}"
    return ""
