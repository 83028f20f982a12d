"""Crops for the stream `rgb`: when to cut them, and whether images have stopped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.rgb_settings import RGB, RgbSettings
from bharnet_ros.pose.cropping import cut_all
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.types.crops import CropSettings, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints
from bharnet_ros.types.stamps import InputTimeout

_CUTS_PER_MOMENT = 2
"""How often crops are cut for each moment of a window that the network uses."""


class RgbFeed:
    """Cuts crops as often as the network can use them, and detects when images have stopped."""

    def __init__(self, settings: CropSettings, window_s: float, timeout_s: float = 1.0) -> None:
        """Start with no image.

        Args:
            settings: Which crops to cut.
            window_s: Length of the sliding window, seconds.
            timeout_s: Seconds of keypoints without an image after which images count as stopped.

        Raises:
            InputError: A time is not positive.
        """
        if not window_s > 0:
            raise InputError(f"window_s: must be positive, got {window_s}")
        self._settings = settings
        self._period_ns = round(window_s / settings.moments / _CUTS_PER_MOMENT * NANOSECONDS)
        self._images = InputTimeout(timeout_s)
        self.reset()

    def reset(self) -> None:
        """Forget all stamps, as after a time jump."""
        self._cut_ns: int | None = None
        self._images.reset()

    def due(self, stamp_ns: int) -> bool:
        """Return whether it is time to cut crops from an image of this stamp."""
        return self._cut_ns is None or stamp_ns - self._cut_ns >= self._period_ns

    def cut(self, image: npt.NDArray[np.uint8], frame: FrameKeypoints) -> dict[str, FrameCrops]:
        """Return the crops of each person in a frame, by track id.

        Args:
            image: (H, W, 3) uint8 RGB.
            frame: The keypoints found in it, or in an image of the same size taken at nearly the
                same time.

        Raises:
            InputError: The keypoints are of an image of another size.
        """
        if image.shape[:2] != (frame.height, frame.width):
            raise InputError(
                f"image: {image.shape[1]} x {image.shape[0]} pixels, but the keypoints are of an "
                f"image of {frame.width} x {frame.height}"
            )
        self._cut_ns = frame.stamp_ns
        return cut_all(image, frame, self._settings)

    def note_image(self, stamp_ns: int) -> None:
        """Note that an image has come."""
        self._images.received(stamp_ns)

    def note_keypoints(self, stamp_ns: int) -> None:
        """Note that keypoints have come."""
        self._images.expected(stamp_ns)

    def images_stopped(self, newest_ns: int | None) -> bool:
        """Return whether keypoints up to this stamp have come without an image for too long."""
        return self._images.expired(newest_ns)


def make_rgb_feed(
    description: BundleDescription, window_s: float, *, wanted: bool
) -> RgbFeed | None:
    """Return the feed for the stream `rgb` of a model; None if it is not wanted.

    Raises:
        InputError: The feed is wanted, but the model has no such stream.
    """
    if not wanted:
        return None
    if RGB not in description.streams:
        raise InputError(f"use_rgb: model {description.name} has no stream {RGB!r}")
    return RgbFeed(RgbSettings.of(description.streams[RGB]).crops, window_s)
