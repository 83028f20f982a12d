"""Rows of many clips laid end to end, at times of their own beside those of the keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.sensor_readings import Readings


@dataclass(frozen=True, eq=False)
class ClipRows:
    """M rows of N clips, one clip after the other.

    Attributes:
        stamps: (M,) seconds by the clock of each clip.
        starts: (N,) first row of each clip.
        counts: (N,) rows of each clip, 0 where it has none.
    """

    stamps: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def rows(self, clip: int) -> slice:
        """Return where the rows of a clip are."""
        return slice(self.starts[clip], self.starts[clip] + self.counts[clip])


def lay_end_to_end(sequences: Sequence[CropSequence | Readings | None]) -> ClipRows:
    """Return where the rows of N clips come to lie, and when they were; one of them has some."""
    counts = np.asarray([0 if one is None else len(one) for one in sequences])
    stamps = [np.asarray(one.stamps, dtype=np.float64) for one in sequences if one is not None]
    return ClipRows(np.concatenate(stamps), np.cumsum(counts) - counts, counts)
