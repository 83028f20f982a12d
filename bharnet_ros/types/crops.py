"""Crops: images around the hands and the body of one person, for what skeletons do not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError

REGIONS = ("left_hand", "right_hand", "upper_body")
"""Where crops can be cut; upper_body is the square around shoulders, elbows and wrists."""


@dataclass(frozen=True)
class CropSettings:
    """Which crops the network receives; stored in the model bundle.

    Attributes:
        regions: Subset of `REGIONS`, R of them.
        size: Pixels S of each side of a crop, after scaling.
        moments: Times K in a window at which crops are taken, evenly spaced up to its newest
            frame.
        hand_reach: Shoulder widths from the middle of a hand to each side of its crop.
    """

    regions: tuple[str, ...] = ("left_hand", "right_hand")
    size: int = 48
    moments: int = 4
    hand_reach: float = 0.55

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A region is unknown or listed twice, or a number is out of range; the
                message names the field.
        """
        unknown = [name for name in self.regions if name not in REGIONS]
        if unknown or not self.regions or len(set(self.regions)) != len(self.regions):
            raise InputError(
                f"regions: must be one or more of {', '.join(REGIONS)}, each at most once, "
                f"got {self.regions}"
            )
        if self.size < 8:
            raise InputError(f"size: must be at least 8 pixels, got {self.size}")
        if self.moments < 1:
            raise InputError(f"moments: must be positive, got {self.moments}")
        if not 0.0 < self.hand_reach < np.inf:
            raise InputError(f"hand_reach: must be positive, got {self.hand_reach}")


@dataclass(frozen=True, eq=False)
class FrameCrops:
    """Crops of one person in one frame.

    Attributes:
        pixels: (R, S, S, 3) uint8 RGB, zero where absent.
        present: (R,) bool, whether the region was found in the image.
    """

    pixels: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CropSequence:
    """Crops of one person at M times, which may differ from those of the keypoints.

    Attributes:
        stamps: (M,) seconds on the clock of the keypoints, strictly increasing; empty if there were
            no images.
        pixels: (M, R, S, S, 3) uint8 RGB, zero where absent.
        present: (M, R) bool, whether the region was found in the image.
    """

    stamps: npt.NDArray[np.floating]
    pixels: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check shapes and stamps.

        Raises:
            InputError: Shapes disagree or stamps do not increase.
        """
        if self.pixels.ndim != 5 or self.pixels.shape[2:] != (*self.pixels.shape[2:3] * 2, 3):
            raise InputError(f"pixels: expected (M, R, S, S, 3), got {self.pixels.shape}")
        fits = self.present.shape == self.pixels.shape[:2]
        if not fits or self.stamps.shape != self.present.shape[:1]:
            raise InputError(
                f"present, stamps: {self.present.shape} and {self.stamps.shape} do not fit "
                f"pixels {self.pixels.shape}"
            )
        if not np.all(np.diff(self.stamps) > 0):
            raise InputError("stamps: must increase strictly")

    @classmethod
    def of(cls, frames: Sequence[tuple[float, FrameCrops]]) -> CropSequence:
        """Join the crops of M > 0 frames, each given as a stamp in seconds and its crops."""
        return cls(
            np.asarray([stamp for stamp, _ in frames]),
            np.stack([crops.pixels for _, crops in frames]),
            np.stack([crops.present for _, crops in frames]),
        )

    def __len__(self) -> int:
        """Return the number of times M."""
        return len(self.stamps)
