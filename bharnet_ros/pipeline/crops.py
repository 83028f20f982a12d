"""When crops are cut for the stream `rgb`, and whether images still come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.rgb_settings import RGB, RgbSettings
from bharnet_ros.pose.cropping import cut_all
from bharnet_ros.recognition.bundle import BundleDescription
from bharnet_ros.types.crops import CropSettings, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints
from bharnet_ros.types.stamps import InputTimeout

_CUTS_A_MOMENT = 2
"""How often crops are cut for each moment of a window that the network looks at."""


class RgbFeed:
    """Cuts crops as often as the network can use them, and knows when images have stopped."""

    def __init__(self, settings: CropSettings, window_s: float, timeout_s: float = 1.0) -> None:
        """Start with no image.

        Args:
            settings: Which crops.
            window_s: Length of the sliding window, seconds.
            timeout_s: Seconds of keypoints without an image after which images count as stopped.

        Raises:
            InputError: A time is not positive.
        """
        if not window_s > 0:
            raise InputError(f"window_s: must be positive, got {window_s}")
        self._settings = settings
        self._period_ns = round(window_s / settings.moments / _CUTS_A_MOMENT * NANOSECONDS)
        self._images = InputTimeout(timeout_s)
        self.reset()

    def reset(self) -> None:
        """Forget all stamps, as after a jump of time."""
        self._cut_ns: int | None = None
        self._images.reset()

    def due(self, stamp_ns: int) -> bool:
        """Return whether an image of this time would be cut."""
        return self._cut_ns is None or stamp_ns - self._cut_ns >= self._period_ns

    def cut(self, image: npt.NDArray[np.uint8], frame: FrameKeypoints) -> dict[str, FrameCrops]:
        """Return the crops of everybody in a frame, by track id.

        Args:
            image: (H, W, 3) uint8 RGB.
            frame: What was found in it, or in an image of nearly the same time and the same size.

        Raises:
            InputError: The image is of another size than the keypoints say.
        """
        if image.shape[:2] != (frame.height, frame.width):
            raise InputError(
                f"image: {image.shape[1]} x {image.shape[0]} pixels, but the keypoints are of an "
                f"image of {frame.width} x {frame.height}"
            )
        self._cut_ns = frame.stamp_ns
        return cut_all(image, frame, self._settings)

    def note_image(self, stamp_ns: int) -> None:
        """Take note of an image."""
        self._images.received(stamp_ns)

    def note_keypoints(self, stamp_ns: int) -> None:
        """Take note of keypoints."""
        self._images.expected(stamp_ns)

    def images_stopped(self, newest_ns: int | None) -> bool:
        """Return whether keypoints up to this time came for long without an image."""
        return self._images.expired(newest_ns)


def make_rgb_feed(
    description: BundleDescription, window_s: float, *, wanted: bool
) -> RgbFeed | None:
    """Return what feeds the stream `rgb` of a model; None where it is not wanted.

    Raises:
        InputError: It is wanted, but the model has no such stream.
    """
    if not wanted:
        return None
    if RGB not in description.streams:
        raise InputError(f"use_rgb: model {description.name} has no stream {RGB!r}")
    return RgbFeed(RgbSettings.of(description.streams[RGB]).crops, window_s)
