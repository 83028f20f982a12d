"""Notices a camera that has frozen: the same pixels again and again, with new stamps."""

from __future__ import annotations

import numpy as np

from bharnet_ros.messages.images import RgbImage
from bharnet_ros.pipeline.message_log import FROZEN, MessageLog
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

FROZEN_TIMEOUT_S = 2.0
"""Images of a sensor differ by its noise, however still the scene is; those of a simulator or a
video stream may not."""

_SAMPLE = 16
"""Every how many rows and columns are compared first."""


class FrozenImages:
    """Compares each image with the last one that differed from its predecessor.

    Attributes:
        frozen: Whether the newest image has counted as frozen.
    """

    def __init__(self, log: MessageLog, timeout_s: float = FROZEN_TIMEOUT_S) -> None:
        """Start with no image.

        Args:
            log: Gets a count of each frozen image, and one warning each time the camera freezes.
            timeout_s: Time for which images may be the same, seconds; 0 for any time.

        Raises:
            InputError: The time is negative.
        """
        if not timeout_s >= 0:
            raise InputError(f"frozen_timeout_s: must not be negative, got {timeout_s}")
        self.frozen = False
        self._log = log
        self._timeout_s = timeout_s
        self.reset()

    def reset(self) -> None:
        """Forget the last image, as after a time jump."""
        self.frozen = False
        self._image: RgbImage | None = None
        self._since_ns = 0

    def take(self, image: RgbImage, stamp_ns: int) -> bool:
        """Return whether an image is that of a frozen camera, and report it.

        Args:
            image: (H, W, 3) RGB, which must not change afterwards.
            stamp_ns: Its stamp, nanoseconds; stamps must rise.
        """
        if not self._timeout_s:
            return False
        if self._image is None or not _same(image, self._image):
            self.frozen, self._image, self._since_ns = False, image, stamp_ns
            return False
        if stamp_ns - self._since_ns <= self._timeout_s * NANOSECONDS:
            return False
        self._log.count(FROZEN)
        if not self.frozen:
            self.frozen = True
            self._log.warn(self.problem())
        return True

    def problem(self) -> str:
        """Return what is wrong with the newest image; empty if nothing is."""
        return (
            f"the camera has frozen: for {self._timeout_s:g} s all images have had the same pixels "
            "and are ignored if somebody is in view; set frozen_timeout_s to 0 for a simulator or "
            "a stream whose still images are alike"
            if self.frozen
            else ""
        )


def _same(one: RgbImage, other: RgbImage) -> bool:
    # Nearly all images differ in the sample already, which costs some microseconds.
    return np.array_equal(one[::_SAMPLE, ::_SAMPLE], other[::_SAMPLE, ::_SAMPLE]) and (
        np.array_equal(one, other)
    )
