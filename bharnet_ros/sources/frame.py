"""A timed image, and the base class of everything that yields them."""

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
    """One image with its time.

    Attributes:
        image: (H, W, 3) RGB.
        time: Seconds from the start of the source, strictly increasing.
        depth: (H, W) metres of each pixel along the optical axis, if it was asked for.
    """

    image: npt.NDArray[np.uint8]
    time: float
    depth: FloatArray | None = None


class FrameSource(ABC):
    """The frames of one source, yielded once and in order.

    Attributes:
        name: The source as the user wrote it.
        fps: Frames per second, as far as the source knows.
        frame_count: Total number of frames, None if unknown.
        live: Whether frames come by themselves in real time (a webcam, a network stream).
        reopens: Whether a live source is reopened whenever it is lost, without being asked to.
        skipped: Number of frames so far that were not yielded: they could not be decoded, were
            missing at the end of a file, or were replaced by a newer frame of a live source.
        true_actions: The actions that the frames show; known for the puppet only.
        camera: The camera that took the images; known for the puppet only.
    """

    true_actions: tuple[TrueAction, ...] = ()
    camera: PinholeCamera | None = None
    reopens = False

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
        """Return how many seconds ago a frame was taken; 0 if the source is not live."""
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
    """Convert an OpenCV image, (H, W, 3) BGR, to RGB."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
