"""Readings of a sensor other than a camera, of one person over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError

MOST_APART_S = 0.25
"""Maximum time, in seconds, between a moment and the reading that stands for it."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Readings of one stream at M times, which may differ from those of the keypoints.

    Attributes:
        stamps: (M,) seconds on the clock of the keypoints, strictly increasing.
        values: (M, ...) in whatever form the stream takes them.
    """

    stamps: npt.NDArray[np.floating]
    values: npt.NDArray[Any]

    def __post_init__(self) -> None:
        """Check lengths and stamps.

        Raises:
            InputError: Lengths disagree or stamps do not increase.
        """
        if self.stamps.ndim != 1 or self.values.shape[:1] != self.stamps.shape:
            raise InputError(
                f"stamps, values: shapes {self.stamps.shape} and {self.values.shape} do not fit"
            )
        if not np.all(np.diff(self.stamps) > 0):
            raise InputError("stamps: must increase strictly")

    def __len__(self) -> int:
        """Return the number of times M."""
        return len(self.stamps)

    def nearest(
        self, times: npt.NDArray[np.floating]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return the reading nearest to each of K times.

        Returns:
            (K,) index of the reading, and (K,) whether it is within `MOST_APART_S`.

        Raises:
            InputError: There are no readings.
        """
        if not len(self):
            raise InputError("readings: there are none")
        after = np.clip(np.searchsorted(self.stamps, times), 0, len(self) - 1)
        before = np.maximum(after - 1, 0)
        earlier = np.abs(times - self.stamps[before]) <= np.abs(self.stamps[after] - times)
        chosen = np.where(earlier, before, after)
        return chosen, np.abs(self.stamps[chosen] - times) <= MOST_APART_S
