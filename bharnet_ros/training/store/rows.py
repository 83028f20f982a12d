"""Rows of many clips stored end to end, with stamps of their own beside those of keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.sensor_readings import Readings


@dataclass(frozen=True, eq=False)
class ClipRows:
    """M rows of N clips, clip after clip.

    Attributes:
        stamps: (M,) seconds by the clock of each clip.
        starts: (N,) first row of each clip.
        counts: (N,) number of rows of each clip, 0 if it has none.
    """

    stamps: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def rows(self, clip: int) -> slice:
        """Return the rows of a clip."""
        return slice(self.starts[clip], self.starts[clip] + self.counts[clip])


def lay_end_to_end(sequences: Sequence[CropSequence | Readings | None]) -> ClipRows:
    """Return the positions and stamps of the rows of N clips; at least one clip must have rows."""
    counts = np.asarray([0 if one is None else len(one) for one in sequences])
    stamps = [np.asarray(one.stamps, dtype=np.float64) for one in sequences if one is not None]
    return ClipRows(np.concatenate(stamps), np.cumsum(counts) - counts, counts)
