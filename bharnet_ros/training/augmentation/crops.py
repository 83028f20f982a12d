"""Crops for training: varied as light and cameras vary, and blinded now and then.

A network that always sees crops forgets the skeleton, and says something about black crops too.
So crops are black, scrambled or absent in a part of the windows, whose labels stay as they are:
what tells nothing there is learned to say nothing.
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
"""How a stream can be blinded: nothing to see, pixels in any order, no crops at all."""


@dataclass(frozen=True)
class CropAugmentation:
    """How far crops are varied. Probabilities are 0..1.

    Attributes:
        brightness: Greatest change of all pixels, as a share of white.
        contrast: Greatest change of the distance of pixels from grey, as a share of it.
        colour: Greatest change of each of red, green and blue, as a share of it.
        noise: Standard deviation of each pixel, as a share of white.
        shift: Greatest shift of a window's crops in each direction, as a share of their side.
        blind_probability: How often a window is blinded, in each way of `BLIND` as often.
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
            InputError: One lies outside of 0..1; names it.
        """
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise InputError(f"{name}: must lie in 0..1, got {value}")


class TrainingCrops:
    """Makes the input of the stream `rgb` from the crops of a data set."""

    def __init__(
        self, store: CropStore, options: Mapping[str, Any], augmentation: CropAugmentation
    ) -> None:
        """Prepare.

        Args:
            store: Crops of all clips.
            options: Of the stream `rgb`.
            augmentation: How far to vary.

        Raises:
            InputError: An option is wrong, or the data set has crops of another kind; names it.
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
        """Blind as many of N windows as asked, in place; in each way as often."""
        blinded = random.random(len(pixels)) < self._augmentation.blind_probability
        way = random.integers(0, len(BLIND), len(pixels))
        for number, how in enumerate(BLIND):
            rows = np.flatnonzero(blinded & (way == number))
            if len(rows):
                pixels[rows], present[rows] = blind(pixels[rows], present[rows], how, random)


def _mirrored(keypoints: KeypointBatch) -> npt.NDArray[np.bool_]:
    """Return whose left and right were swapped, (N,)."""
    if keypoints.mirrored is None:
        return np.zeros(len(keypoints.body) // keypoints.people, dtype=bool)
    return np.asarray(keypoints.mirrored[:: keypoints.people], dtype=bool)


def varied(
    pixels: npt.NDArray[np.uint8], settings: CropAugmentation, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return crops (N, K, R, S, S, 3) in another light, all of a window alike, and shifted."""
    count = len(pixels)

    def drawn(reach: float, channels: int) -> FloatArray:
        shape = (count, 1, 1, 1, 1, channels)
        return random.uniform(-reach, reach, shape).astype(np.float32)

    gain = (1.0 + drawn(settings.contrast, 1)) * (1.0 + drawn(settings.colour, 3))
    lighter = 255.0 * drawn(settings.brightness, 1)
    values = (pixels.astype(np.float32) - 127.5) * gain + 127.5 + lighter
    if settings.noise:
        values += 255.0 * settings.noise * random.standard_normal(values.shape, dtype=np.float32)
    changed = np.clip(values, 0.0, 255.0).astype(np.uint8)
    reach = round(settings.shift * pixels.shape[3])
    for row, (down, right) in enumerate(random.integers(-reach, reach + 1, (count, 2))):
        changed[row] = _shifted(changed[row], int(down), int(right))
    return changed


def _shifted(pixels: npt.NDArray[np.uint8], down: int, right: int) -> npt.NDArray[np.uint8]:
    """Return crops (K, R, S, S, 3) moved within their frames, black where nothing is known."""
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
    how: str,
    random: np.random.Generator,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return crops that show nothing any more.

    Args:
        pixels: (N, K, R, S, S, 3).
        present: (N, K, R).
        how: One of `BLIND`.
        random: Puts pixels in another order.

    Raises:
        InputError: There is no such way.
    """
    if how == "black":
        return np.zeros_like(pixels), present
    if how == "absent":
        return pixels, np.zeros_like(present)
    if how == "scrambled":
        flat = pixels.reshape(*pixels.shape[:3], -1, 3)
        order = random.permuted(np.broadcast_to(np.arange(flat.shape[3]), flat.shape[:4]), axis=-1)
        return np.take_along_axis(flat, order[..., None], axis=3).reshape(pixels.shape), present
    raise InputError(f"{how!r} is no way to blind a stream; known are: {', '.join(BLIND)}")
