"""Crops of many clips, stored end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.streams import nearest_crops
from bharnet_ros.training.store.rows import ClipRows, lay_end_to_end
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray


@dataclass(frozen=True, eq=False)
class CropStore(ClipRows):
    """Crops of the main person of N clips.

    Attributes:
        pixels: (M, R, S, S, 3) uint8 RGB of all clips, clip after clip.
        present: (M, R) bool.
    """

    pixels: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of regions R, and side length S in pixels."""
        return self.pixels.shape[1], self.pixels.shape[2]

    def at(
        self, clips: npt.NDArray[np.integer], times: FloatArray
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Return the crops nearest to K moments of each clip.

        Args:
            clips: (N,) indices of the clips.
            times: (N, K) seconds by the clock of each clip.

        Returns:
            Pixels (N, K, R, S, S, 3), and whether each crop is present (N, K, R).
        """
        pixels = np.zeros((*times.shape, *self.pixels.shape[1:]), dtype=np.uint8)
        present = np.zeros((*times.shape, self.present.shape[1]), dtype=bool)
        for row, clip in enumerate(clips):
            if not self.counts[clip]:
                continue
            rows = self.rows(clip)
            crops = CropSequence(self.stamps[rows], self.pixels[rows], self.present[rows])
            pixels[row], present[row] = nearest_crops(crops, times[row])
        return pixels, present


def store_crops(sequences: Sequence[CropSequence | None]) -> CropStore | None:
    """Store the crops of clips end to end; None if no clip has crops.

    Raises:
        InputError: The crops of the clips differ in regions or size.
    """
    found = [one for one in sequences if one is not None and len(one)]
    if not found:
        return None
    shapes = {one.pixels.shape[1:] for one in found}
    if len(shapes) > 1:
        kinds = " and ".join(f"{shape[0]} of {shape[1]} pixels" for shape in sorted(shapes))
        raise InputError(f"crops: differ between clips, {kinds}")
    return CropStore(
        **vars(lay_end_to_end(sequences)),
        pixels=np.concatenate([one.pixels for one in found]),
        present=np.concatenate([one.present for one in found]),
    )
