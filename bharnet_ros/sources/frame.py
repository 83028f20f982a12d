"""One picture with its time, and what every source of them is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FloatArray
from bharnet_ros.types.timeline import TrueAction

DEFAULT_WIDTH, DEFAULT_HEIGHT = 640, 480
DEFAULT_FPS = 30.0


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
        skipped: Frames so far that were not given: that could not be decoded, that a file ended
            without, or that a newer one of a webcam displaced.
        true_actions: The actions that it shows, where that is known: of the puppet alone.
        camera: What the images were taken with, where that is known: of the puppet alone.
    """

    true_actions: tuple[TrueAction, ...] = ()
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

    def age(self, frame: Frame) -> float:
        """Return how long ago a frame was taken, seconds; 0 where the source is not live."""
        return 0.0

    def close(self) -> None:  # noqa: B027
        """Free the device or file."""

    def __enter__(self) -> FrameSource:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()


def rgb(bgr: Any) -> npt.NDArray[np.uint8]:
    """Return an image of OpenCV, (H, W, 3) BGR, as RGB."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
