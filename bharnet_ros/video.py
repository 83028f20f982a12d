"""Frames with their times from a webcam, a video file, a folder of images or the puppet."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.camera import PinholeCamera
from bharnet_ros.keypoints import FloatArray

if TYPE_CHECKING:
    from bharnet_ros.puppet import Segment

logger = logging.getLogger(__name__)

PUPPET = "puppet"
_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_DEFAULT_FPS = 30.0
# FFmpeg gives up on a frame that it cannot decode, and goes on with the next one when asked again.
_MAX_FAILED_READS = 50


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture.

    Attributes:
        image: (H, W, 3) RGB.
        time: Seconds from the start of the source, strictly rising.
        depth: (H, W) metres of each pixel along the optical axis, where that was asked for.
    """

    image: npt.NDArray[np.uint8]
    time: float
    depth: FloatArray | None = None


class FrameSource(ABC):
    """Frames of one source, once, in order.

    Attributes:
        name: The source as the user wrote it.
        fps: Frames per second, as far as the source knows.
        frame_count: Frames in all, None where unknown.
        live: Whether frames come by themselves in real time (a webcam).
        skipped: Frames that could not be decoded so far, or that a file ended without.
        segments: The actions that it shows, where that is known: of the puppet alone.
        camera: What the images were taken with, where that is known: of the puppet alone.
    """

    segments: tuple[Segment, ...] = ()
    camera: PinholeCamera | None = None

    def __init__(self, name: str, *, fps: float, frame_count: int | None, live: bool) -> None:
        """Set the attributes."""
        self.name = name
        self.fps = fps
        self.frame_count = frame_count
        self.live = live
        self.skipped = 0

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""

    def close(self) -> None:  # noqa: B027
        """Free the device or file."""

    def __enter__(self) -> FrameSource:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()


def open_source(
    source: str,
    *,
    width: int = 640,
    height: int = 480,
    fps: float | None = None,
    seed: int = 0,
    depth: bool = False,
) -> FrameSource:
    """Open a source of frames.

    Args:
        source: "puppet" or "puppet:<script>", the index of a webcam ("0"), or the path of a video
            file, an animated GIF or a folder of images (taken in the order of their names).
        width: Pixels, of the puppet and asked of a webcam.
        height: Pixels, of the puppet and asked of a webcam.
        fps: Frames per second in place of the source's own; 30 for a folder or puppet if None.
        seed: Of the puppet's variations.
        depth: Whether frames come with the depth of their pixels; the puppet alone has it.

    Raises:
        ValueError: A parameter is out of range, the file cannot be decoded, the folder holds no
            images, or the puppet has no such script.
        FileNotFoundError: There is no such file, folder or webcam.
    """
    source = source.strip()
    if not source:
        raise ValueError("source: is empty; give puppet, a webcam index, a file or a folder")
    if fps is not None and not 0.0 < fps <= 1000.0:
        raise ValueError(f"fps: must be in 0..1000, got {fps}")
    if width <= 0 or height <= 0:
        raise ValueError(f"width, height: must be positive, got {width}x{height}")
    if source == PUPPET or source.startswith(f"{PUPPET}:"):
        return _PuppetSource(source, width=width, height=height, fps=fps, seed=seed, depth=depth)
    if depth:
        raise ValueError(f"depth: the puppet alone has it, not source {source!r}")
    if source.isdecimal():
        return _Webcam(source, width=width, height=height, fps=fps)
    path = Path(source).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"source: {source!r} does not exist")
    if path.is_dir():
        return _ImageFolder(source, path, fps=fps)
    return _VideoFile(source, path, fps=fps)


class _Capture(FrameSource):
    """A source that OpenCV decodes."""

    _capture: Any
    _first: npt.NDArray[np.uint8] | None

    def close(self) -> None:
        self._capture.release()


class _VideoFile(_Capture):
    def __init__(self, name: str, path: Path, *, fps: float | None) -> None:
        self._capture = cv2.VideoCapture(str(path))
        opened = self._capture.isOpened()
        found, first = self._capture.read() if opened else (False, None)
        if not found:
            self._capture.release()
            raise ValueError(f"source: {name!r} cannot be decoded as a video")
        own_fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not 0.0 < own_fps <= 1000.0:
            own_fps = _DEFAULT_FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        super().__init__(
            name, fps=fps or own_fps, frame_count=count if count > 0 else None, live=False
        )
        self._given_fps = fps
        self._first = first
        self._start_ms = float(self._capture.get(cv2.CAP_PROP_POS_MSEC))

    def __iter__(self) -> Iterator[Frame]:
        last = -1.0
        index = 0
        while True:
            image = self._next_image()
            if image is None:
                break
            now = self._time_of(index, last)
            yield Frame(_rgb(image), now)
            last = now
            index += 1
        if self.frame_count is not None:
            # FFmpeg drops some corrupt frames silently, and all behind the end of a cut file.
            self.skipped = max(self.skipped, self.frame_count - index)
        if self.skipped:
            logger.warning("%s: %d frames are corrupt or missing", self.name, self.skipped)

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

    def _time_of(self, index: int, last: float) -> float:
        if self._given_fps is not None:
            return index / self._given_fps
        now = (float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) - self._start_ms) / 1000.0
        # Containers without times, and some broken ones, repeat a time.
        return now if now > last else last + 1.0 / self.fps


class _Webcam(_Capture):
    def __init__(self, name: str, *, width: int, height: int, fps: float | None) -> None:
        index = int(name)
        self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise FileNotFoundError(f"source: webcam {index} cannot be opened")
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if fps is not None:
            self._capture.set(cv2.CAP_PROP_FPS, fps)
        # An old frame in a queue is worth less than the newest one.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        found, self._first = self._capture.read()
        if not found:
            self._capture.release()
            raise FileNotFoundError(f"source: webcam {index} gives no picture")
        own_fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        super().__init__(
            name, fps=own_fps if own_fps > 0.0 else _DEFAULT_FPS, frame_count=None, live=True
        )
        self._start = time.monotonic()

    def __iter__(self) -> Iterator[Frame]:
        failed = 0
        while failed < _MAX_FAILED_READS:
            found, image = self._capture.read()
            now = time.monotonic() - self._start
            if found:
                failed = 0
                yield Frame(_rgb(image), now)
            else:
                failed += 1
                self.skipped += 1
        logger.warning("webcam %s: gives no more pictures", self.name)


class _ImageFolder(FrameSource):
    def __init__(self, name: str, path: Path, *, fps: float | None) -> None:
        self._files = sorted(
            file for file in path.iterdir() if file.suffix.lower() in _IMAGE_SUFFIXES
        )
        if not self._files:
            raise ValueError(f"source: folder {name!r} holds no images")
        super().__init__(name, fps=fps or _DEFAULT_FPS, frame_count=len(self._files), live=False)

    def __iter__(self) -> Iterator[Frame]:
        for index, file in enumerate(self._files):
            image: Any = cv2.imread(str(file), cv2.IMREAD_COLOR)
            if image is None:
                self.skipped += 1
                logger.warning("%s: cannot be decoded, skipped", file)
                continue
            yield Frame(_rgb(image), index / self.fps)


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
        # Drawing is needed by this source alone.
        from bharnet_ros.puppet import open_puppet

        script = name.partition(":")[2]
        options: dict[str, Any] = {
            "width": width,
            "height": height,
            "fps": fps or _DEFAULT_FPS,
            "seed": seed,
        }
        self.puppet = open_puppet(script, **options) if script else open_puppet(**options)
        self.segments = self.puppet.segments
        self.camera = self.puppet.camera
        self._depth = depth
        super().__init__(name, fps=self.puppet.fps, frame_count=self.puppet.frame_count, live=False)

    def __iter__(self) -> Iterator[Frame]:
        for number, (image, seconds, _) in enumerate(self.puppet):
            yield Frame(image, seconds, self.puppet.depth(number) if self._depth else None)


def _rgb(bgr: Any) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
