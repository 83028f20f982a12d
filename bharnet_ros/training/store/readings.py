"""Readings of further streams of many clips, stored end to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.training.store.rows import ClipRows, lay_end_to_end
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.sensor_readings import Readings


@dataclass(frozen=True, eq=False)
class ReadingStore(ClipRows):
    """Readings of one stream for the main person of N clips.

    Attributes:
        values: (M, ...) of all clips, clip after clip.
    """

    values: npt.NDArray[Any]

    def of(self, clip: int) -> Readings | None:
        """Return the readings of a clip, None if it has none."""
        if not self.counts[clip]:
            return None
        rows = self.rows(clip)
        return Readings(self.stamps[rows], self.values[rows])


def store_readings(clips: Sequence[Mapping[str, Readings]]) -> dict[str, ReadingStore]:
    """Store the readings of clips end to end, by stream.

    Raises:
        InputError: The readings of the clips differ in shape; names the stream.
    """
    stores = {}
    for name in sorted({name for clip in clips for name in clip}):
        given = [clip.get(name) for clip in clips]
        found = [one for one in given if one is not None and len(one)]
        shapes = {one.values.shape[1:] for one in found}
        if len(shapes) > 1:
            kinds = " and ".join(map(str, sorted(shapes)))
            raise InputError(f"readings: {name}: shapes differ between clips, {kinds}")
        if found:
            values = np.concatenate([one.values for one in found])
            stores[name] = ReadingStore(**vars(lay_end_to_end(given)), values=values)
    return stores
