"""Crops for training: varied like light and cameras, and sometimes blinded.

A network that always sees crops ignores the skeleton and makes a decision even from black crops.
Therefore crops are black, scrambled or absent in some windows, whose labels stay the same: the
network learns that such crops carry no information.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.streams import RgbPreparation, StreamInput, window_moments
from bharnet_ros.training.store.crops import CropStore
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray

BLIND = ("black", "scrambled", "absent")
"""Ways to blind a stream: black crops, crops with shuffled pixels, no crops."""


@dataclass(frozen=True)
class CropAugmentation:
    """How far crops are varied. Probabilities are 0..1.

    Attributes:
        brightness: Greatest change of all pixels, as a share of white.
        contrast: Greatest relative change of the distance of pixels from grey.
        colour: Greatest relative change of each of red, green and blue.
        noise: Standard deviation of the noise on pixels, as a share of white.
        shift: Greatest shift of a window's crops in each direction, as a share of their side.
        blind_probability: How often a window is blinded; each way of `BLIND` is equally likely.
    """

    brightness: float = 0.15
    contrast: float = 0.25
    colour: float = 0.15
    noise: float = 0.02
    shift: float = 0.08
    blind_probability: float = 0.2

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value lies outside 0..1; names it.
        """
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise InputError(f"{name}: must lie in 0..1, got {value}")


class TrainingCrops:
    """Makes the input of the stream `rgb` from the crops of a data set."""

    def __init__(
        self, store: CropStore, options: Mapping[str, Any], augmentation: CropAugmentation
    ) -> None:
        """Prepare the crops of a data set for the stream.

        Args:
            store: Crops of all clips.
            options: Options of the stream `rgb`.
            augmentation: How far crops are varied.

        Raises:
            InputError: An option is wrong, or does not fit the crops of the data set; names it.
        """
        self._store = store
        self._preparation = RgbPreparation(options)
        self._augmentation = augmentation
        crops = self._preparation.settings.crops
        if store.shape != (len(crops.regions), crops.size):
            regions, size = store.shape
            raise InputError(
                f"streams.rgb: {len(crops.regions)} regions of {crops.size} pixels, but the data "
                f"set has {regions} of {size}"
            )

    def of(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator | None = None,
    ) -> StreamInput:
        """Return the crops nearest to the moments of each window; see `TrainingStream`."""
        times = window_moments(keypoints, self._preparation.settings.crops.moments)
        pixels, present = self._store.at(clips, times)
        if random is not None:
            pixels = varied(pixels, self._augmentation, random)
            self._blind_some(pixels, present, random)
        return self._preparation.arranged(pixels, present, _mirrored(keypoints))

    def _blind_some(
        self,
        pixels: npt.NDArray[np.uint8],
        present: npt.NDArray[np.bool_],
        random: np.random.Generator,
    ) -> None:
        """Blind a random part of N windows in place, in each way equally often."""
        blinded = random.random(len(pixels)) < self._augmentation.blind_probability
        ways = random.integers(0, len(BLIND), len(pixels))
        for number, way in enumerate(BLIND):
            rows = np.flatnonzero(blinded & (ways == number))
            if len(rows):
                pixels[rows], present[rows] = blind(pixels[rows], present[rows], way, random)


def _mirrored(keypoints: KeypointBatch) -> npt.NDArray[np.bool_]:
    """Return (N,) whether left and right of a window were swapped."""
    if keypoints.mirrored is None:
        return np.zeros(len(keypoints.body) // keypoints.people, dtype=bool)
    return np.asarray(keypoints.mirrored[:: keypoints.people], dtype=bool)


def varied(
    pixels: npt.NDArray[np.uint8], settings: CropAugmentation, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Change light and position of crops (N, K, R, S, S, 3), in the same way within a window."""
    count = len(pixels)

    def drawn(limit: float, channels: int) -> FloatArray:
        shape = (count, 1, 1, 1, 1, channels)
        return random.uniform(-limit, limit, shape).astype(np.float32)

    gain = (1.0 + drawn(settings.contrast, 1)) * (1.0 + drawn(settings.colour, 3))
    offset = 255.0 * drawn(settings.brightness, 1)
    values = (pixels.astype(np.float32) - 127.5) * gain + 127.5 + offset
    if settings.noise:
        values += 255.0 * settings.noise * random.standard_normal(values.shape, dtype=np.float32)
    changed = np.clip(values, 0.0, 255.0).astype(np.uint8)
    limit = round(settings.shift * pixels.shape[3])
    for row, (down, right) in enumerate(random.integers(-limit, limit + 1, (count, 2))):
        changed[row] = _shifted(changed[row], int(down), int(right))
    return changed


def _shifted(pixels: npt.NDArray[np.uint8], down: int, right: int) -> npt.NDArray[np.uint8]:
    """Return crops (K, R, S, S, 3) moved within their frames; pixels from outside are black."""
    size = pixels.shape[2]
    moved = np.zeros_like(pixels)
    to_y, to_x = (
        slice(max(down, 0), size + min(down, 0)),
        slice(max(right, 0), size + min(right, 0)),
    )
    from_y = slice(max(-down, 0), size + min(-down, 0))
    from_x = slice(max(-right, 0), size + min(-right, 0))
    moved[:, :, to_y, to_x] = pixels[:, :, from_y, from_x]
    return moved


def blind(
    pixels: npt.NDArray[np.uint8],
    present: npt.NDArray[np.bool_],
    way: str,
    random: np.random.Generator,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return crops without their information.

    Args:
        pixels: (N, K, R, S, S, 3).
        present: (N, K, R).
        way: One of `BLIND`.
        random: Source of randomness, for the order of pixels.

    Raises:
        InputError: The way is unknown.
    """
    if way == "black":
        return np.zeros_like(pixels), present
    if way == "absent":
        return pixels, np.zeros_like(present)
    if way == "scrambled":
        flat = pixels.reshape(*pixels.shape[:3], -1, 3)
        order = random.permuted(np.broadcast_to(np.arange(flat.shape[3]), flat.shape[:4]), axis=-1)
        return np.take_along_axis(flat, order[..., None], axis=3).reshape(pixels.shape), present
    raise InputError(f"{way!r} is not a way to blind a stream; known are: {', '.join(BLIND)}")
