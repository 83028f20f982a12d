"""What further streams are given of windows in training, whatever their sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.rgb_settings import RGB
from bharnet_ros.features.streams import (
    ReadingPreparation,
    StreamInput,
    prepare_streams,
    window_moments,
)
from bharnet_ros.training.augmentation.crops import CropAugmentation, TrainingCrops
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.training.store.readings import ReadingStore
from bharnet_ros.types.errors import InputError


class TrainingStream(Protocol):
    """Makes the input of one stream of a data set's windows."""

    def of(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator | None = None,
    ) -> StreamInput:
        """Return what the stream is given of N windows.

        Args:
            clips: (N,) which clips they are of.
            keypoints: The windows, with their times.
            random: Varies them; None takes them as they are.
        """


class TrainingReadings:
    """Makes the input of one stream from the readings of a data set."""

    def __init__(
        self, store: ReadingStore, preparation: ReadingPreparation, blind_probability: float
    ) -> None:
        """Take the readings of a stream.

        Args:
            store: Readings of all clips.
            preparation: Of the stream.
            blind_probability: Probability 0..1 that a varied window is without its readings.
        """
        self._store = store
        self._preparation = preparation
        self._blind_probability = blind_probability

    def of(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator | None = None,
    ) -> StreamInput:
        """Return the readings nearest to the moments of each window; see `TrainingStream`."""
        readings = [self._store.of(int(clip)) for clip in clips]
        given = self._preparation.at(readings, window_moments(keypoints, self._preparation.moments))
        if random is None:
            return given
        seen = random.random(len(clips)) >= self._blind_probability
        mask = given.mask * seen.reshape(-1, *(1,) * (given.mask.ndim - 1))
        return StreamInput(given.values, mask.astype(np.float32))


def training_streams(
    streams: Mapping[str, Mapping[str, Any]], augmentation: CropAugmentation, store: ClipStore
) -> dict[str, TrainingStream]:
    """Return what gives further streams their input, by the name of the stream.

    Args:
        streams: Options by name.
        augmentation: How crops vary; how often any stream is blinded.
        store: All clips.

    Raises:
        InputError: A stream is unknown, or the data set has nothing that fits it; names it.
    """
    found: dict[str, TrainingStream] = {}
    for name, preparation in prepare_streams(streams).items():
        if isinstance(preparation, ReadingPreparation):
            if name not in store.readings:
                raise InputError(f"streams.{name}: the data set has no such readings")
            blind_probability = augmentation.blind_probability
            found[name] = TrainingReadings(store.readings[name], preparation, blind_probability)
        elif name == RGB:
            if store.crops is None:
                raise InputError(
                    "streams.rgb: the data set has no crops (`bharnet crop` makes them)"
                )
            found[name] = TrainingCrops(store.crops, streams[name], augmentation)
        else:
            raise InputError(f"streams.{name}: has no readings to be trained on")
    return found
