"""Timed frames from a camera, a network address, a file, a folder of images or the puppet."""

from __future__ import annotations

import logging
import re
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
from bharnet_ros.sources.stream import (
    NetworkStream,
    is_address,
    open_address,
    without_password,
)
from bharnet_ros.sources.webcam import Webcam, is_webcam
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.image_headers import check_size
from bharnet_ros.types.paths import expand_home

logger = logging.getLogger(__name__)

PUPPET = "puppet"
_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
# FFmpeg fails on a frame that it cannot decode, and continues with the next one when read again.
_MAX_FAILED_READS = 50
# The size of a JPEG comes after what a camera adds about itself.
_HEADER_BYTES = 1 << 20


def open_source(
    source: str,
    *,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
    seed: int = 0,
    depth: bool = False,
) -> FrameSource:
    """Open a source of frames.

    Args:
        source: "puppet" or "puppet:<script>", the index of a webcam ("0") or its device
            ("/dev/video0"), the address of a stream ("rtsp://...", "http://..."), or the path of a
            video file, an animated GIF or a folder of images (in the order of their names).
        width: Pixels, of the puppet or a webcam. If None, 640, or a webcam's nearest width.
        height: Pixels, of the puppet or a webcam. If None, 480, or a webcam's nearest height.
        fps: Frames per second of a webcam, or in place of the source's own rate. If None, 30 for a
            folder or the puppet.
        seed: Chooses the puppet's variation.
        depth: Whether frames include the depth of their pixels; only the puppet has it.

    Raises:
        InputError: A parameter is out of range, the file cannot be decoded, the folder holds no
            images, the puppet has no such script, or the webcam has no such size or rate.
        FileNotFoundError: There is no such file, folder or webcam.
        OSError: The webcam cannot be opened, for example because another program uses it, or the
            address does not answer in time.
    """
    source = source.strip()
    if not source:
        raise InputError(
            "source: is empty; give puppet, a webcam index, an address, a file or a folder"
        )
    if fps is not None and not 0.0 < fps <= 1000.0:
        raise InputError(f"fps: must be above 0 and at most 1000, got {fps}")
    if any(side is not None and side <= 0 for side in (width, height)):
        raise InputError(f"width, height: must be positive, got {width} x {height}")
    if source == PUPPET or source.startswith(f"{PUPPET}:"):
        return _PuppetSource(
            source,
            width=width or DEFAULT_WIDTH,
            height=height or DEFAULT_HEIGHT,
            fps=fps,
            seed=seed,
            depth=depth,
        )
    if depth:
        raise InputError(f"depth: only the puppet has it, not source {without_password(source)!r}")
    if is_address(source):
        return _open_address(source, fps)
    if is_webcam(source):
        return Webcam(source, width=width, height=height, fps=fps)
    path = expand_home(source, "source")
    if not path.exists():
        raise FileNotFoundError(f"source: {source!r} does not exist")
    if path.is_dir():
        return _ImageFolder(source, path, fps=fps)
    return _VideoFile(source, cv2.VideoCapture(str(path)), _counts_frames(path), fps=fps)


def _open_address(source: str, fps: float | None) -> FrameSource:
    """Open a live stream, or a file on a web server, which has an end and plays as any file does.

    Raises:
        InputError, OSError: As `open_source` says.
    """
    capture = open_address(source)
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        return _VideoFile(without_password(source), capture, counts_frames=False, fps=fps)
    return NetworkStream(without_password(source), capture)


class _VideoFile(FrameSource):
    def __init__(self, name: str, capture: Any, counts_frames: bool, *, fps: float | None) -> None:
        self._capture = capture
        # Phones film on their side and say so in the container.
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        opened = self._capture.isOpened()
        found, first = self._capture.read() if opened else (False, None)
        if not found:
            self._capture.release()
            raise InputError(f"source: {name!r} cannot be decoded as a video")
        own_fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not 0.0 < own_fps <= 1000.0:
            own_fps = DEFAULT_FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        super().__init__(
            name, fps=fps or own_fps, frame_count=count if count > 0 else None, live=False
        )
        self._given_fps = fps
        self._own_fps = own_fps
        self._counts_frames = counts_frames
        self._first: Any = first
        self._start_ms = float(self._capture.get(cv2.CAP_PROP_POS_MSEC))

    def __iter__(self) -> Iterator[Frame]:
        last = -1.0
        shown_s = 0.0
        index = 0
        while True:
            image = self._next_image()
            if image is None:
                break
            shown_s = self._seconds()
            now = self._time_of(index, last)
            yield Frame(rgb(image), now)
            last = now
            index += 1
        if self.frame_count is not None:
            # FFmpeg silently drops some corrupt frames, and all frames that a truncated file lacks.
            # Other containers know their length alone, of which OpenCV makes a number of frames.
            shown = index if self._counts_frames else round(shown_s * self._own_fps) + 1
            self.skipped = max(self.skipped, self.frame_count - shown)
        if self.skipped:
            logger.warning("%s: %d frames are corrupt or missing", self.name, self.skipped)

    def close(self) -> None:
        self._capture.release()

    def _next_image(self) -> npt.NDArray[np.uint8] | None:
        if self._first is not None:
            image, self._first = self._first, None
            return image
        failed = 0
        while failed < _MAX_FAILED_READS:
            found, image = self._capture.read()
            if found and image is not None:
                self.skipped += failed
                return np.asarray(image, dtype=np.uint8)
            position = self._capture.get(cv2.CAP_PROP_POS_FRAMES)
            if self.frame_count is None or position + failed >= self.frame_count:
                return None
            failed += 1
        return None

    def _seconds(self) -> float:
        """Return the time of the frame that was read last, from the first one, by the container."""
        return (float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) - self._start_ms) / 1000.0

    def _time_of(self, index: int, last: float) -> float:
        if self._given_fps is not None:
            return index / self._given_fps
        now = self._seconds()
        # Containers without times, and some broken ones, repeat the last time.
        return now if now > last else last + 1.0 / self.fps


def _counts_frames(path: Path) -> bool:
    """Return whether a container holds the number of its frames: MP4, QuickTime and AVI do."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" or head[:4] == b"RIFF"


class _ImageFolder(FrameSource):
    def __init__(self, name: str, path: Path, *, fps: float | None) -> None:
        images = (file for file in path.iterdir() if file.suffix.lower() in _IMAGE_SUFFIXES)
        self._files = sorted(images, key=_natural)
        if not self._files:
            raise InputError(f"source: folder {name!r} holds no images")
        super().__init__(name, fps=fps or DEFAULT_FPS, frame_count=len(self._files), live=False)

    def __iter__(self) -> Iterator[Frame]:
        for index, file in enumerate(self._files):
            image = _read_image(file)
            if image is None:
                self.skipped += 1
                logger.warning("%s: cannot be decoded, skipped", file)
                continue
            yield Frame(rgb(image), index / self.fps)


def _natural(file: Path) -> list[Any]:
    """Return a key that puts `2.jpg` before `10.jpg`."""
    words = re.split(r"(\d+)", file.name)
    return [int(word) if number % 2 else word for number, word in enumerate(words)]


def _read_image(file: Path) -> Any:
    """Read an image file, (H, W, 3) BGR; None if it cannot be decoded."""
    try:
        with file.open("rb") as start:
            check_size(start.read(_HEADER_BYTES))
        return cv2.imread(str(file), cv2.IMREAD_COLOR)
    except (cv2.error, InputError, OSError):
        # OpenCV raises, in place of returning None, where the header claims too many pixels.
        return None


class _PuppetSource(FrameSource):
    def __init__(
        self,
        name: str,
        *,
        width: int,
        height: int,
        fps: float | None,
        seed: int,
        depth: bool,
    ) -> None:
        # Imported here because only this source draws.
        from bharnet_ros.sources.puppet import open_puppet

        script = name.partition(":")[2]
        options: dict[str, Any] = {
            "width": width,
            "height": height,
            "fps": fps or DEFAULT_FPS,
            "seed": seed,
        }
        self.puppet = open_puppet(script, **options) if script else open_puppet(**options)
        self.true_actions = self.puppet.true_actions
        self.camera = self.puppet.camera
        self._depth = depth
        super().__init__(name, fps=self.puppet.fps, frame_count=self.puppet.frame_count, live=False)

    def __iter__(self) -> Iterator[Frame]:
        for number, (image, seconds, _) in enumerate(self.puppet):
            yield Frame(image, seconds, self.puppet.depth(number) if self._depth else None)
