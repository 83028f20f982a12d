"""Smooths landmarks over time: the one-euro filter (Casiez et al., CHI 2012)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bharnet_ros.types.keypoints import NANOSECONDS, FloatArray


@dataclass(frozen=True)
class OneEuroSettings:
    """Settings of a one-euro filter.

    Attributes:
        min_cutoff: Cutoff frequency at rest, hertz.
        beta: How much faster the cutoff rises than the speed.
        derivative_cutoff: Cutoff frequency of the speed, hertz.
    """

    min_cutoff: float
    beta: float
    derivative_cutoff: float = 1.0


class OneEuroFilter:
    """Smooths arrays of values: at rest strongly, in motion hardly."""

    def __init__(self, settings: OneEuroSettings) -> None:
        """Start without values."""
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget all values."""
        self._raw: FloatArray | None = None
        self._smooth = self._speed = np.zeros(0)
        self._stamp_ns = 0

    def apply(self, values: FloatArray, stamp_ns: int, scale: float = 1.0) -> FloatArray:
        """Return smoothed values.

        Args:
            values: Always of the same shape.
            stamp_ns: Their time, nanoseconds, later than that of the values before.
            scale: Size of the object in the unit of the values; speeds count relative to it.
        """
        if self._raw is None:
            self._raw, self._smooth = values.copy(), values.copy()
            self._speed = np.zeros_like(values)
            self._stamp_ns = stamp_ns
            return values
        step_s = (stamp_ns - self._stamp_ns) / NANOSECONDS
        settings = self._settings
        speed = (values - self._raw) / (scale * step_s)
        keep = _weight(settings.derivative_cutoff, step_s)
        self._speed = self._speed + keep * (speed - self._speed)
        cutoff = settings.min_cutoff + settings.beta * np.abs(self._speed)
        self._smooth = self._smooth + _weight(cutoff, step_s) * (values - self._smooth)
        self._raw = values.copy()
        self._stamp_ns = stamp_ns
        return self._smooth


def _weight(cutoff: FloatArray | float, step_s: float) -> FloatArray | float:
    """Return the weight of a new value in a low-pass filter."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff * step_s))
