"""Readings of further streams of many clips end to end, beside their keypoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.readings import Readings


@dataclass(frozen=True, eq=False)
class ReadingStore:
    """Readings of one stream, of the main person of N clips.

    Attributes:
        values: (M, ...) of all clips, one after the other.
        stamps: (M,) seconds by the clock of each clip.
        starts: (N,) first row of each clip.
        counts: (N,) rows of each clip, 0 where it has none.
    """

    values: npt.NDArray[Any]
    stamps: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def of(self, clip: int) -> Readings | None:
        """Return the readings of a clip, None where it has none."""
        if not self.counts[clip]:
            return None
        rows = slice(self.starts[clip], self.starts[clip] + self.counts[clip])
        return Readings(self.stamps[rows], self.values[rows])


def store_readings(clips: Sequence[Mapping[str, Readings]]) -> dict[str, ReadingStore]:
    """Lay the readings of clips end to end, by stream.

    Raises:
        ValueError: Readings of clips differ in shape; names the stream.
    """
    stores = {}
    for name in sorted({name for clip in clips for name in clip}):
        given = [clip.get(name) for clip in clips]
        found = [one for one in given if one is not None and len(one)]
        shapes = {one.values.shape[1:] for one in found}
        if len(shapes) > 1:
            told = " and ".join(map(str, sorted(shapes)))
            raise ValueError(f"readings: {name}: clips have different ones, {told}")
        if found:
            counts = np.asarray([0 if one is None else len(one) for one in given])
            stores[name] = ReadingStore(
                np.concatenate([one.values for one in found]),
                np.concatenate([np.asarray(one.stamps, dtype=np.float64) for one in found]),
                np.cumsum(counts) - counts,
                counts,
            )
    return stores
