"""Input of further streams in training, for any sensor."""

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
    """Makes the input of one stream for windows of a data set."""

    def of(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator | None = None,
    ) -> StreamInput:
        """Return the input of the stream for N windows.

        Args:
            clips: (N,) index of the clip of each window.
            keypoints: The windows, with their times.
            random: Source of randomness for variation; None leaves the input unvaried.
        """


class TrainingReadings:
    """Makes the input of one stream from the readings of a data set."""

    def __init__(
        self, store: ReadingStore, preparation: ReadingPreparation, blind_probability: float
    ) -> None:
        """Prepare the readings of a stream.

        Args:
            store: Readings of all clips.
            preparation: Preparation of the stream's input.
            blind_probability: Probability 0..1 that a varied window loses its readings.
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
        moments = window_moments(keypoints, self._preparation.moments)
        prepared = self._preparation.at(readings, moments)
        if random is None:
            return prepared
        kept = random.random(len(clips)) >= self._blind_probability
        mask = prepared.mask * kept.reshape(-1, *(1,) * (prepared.mask.ndim - 1))
        return StreamInput(prepared.values, mask.astype(np.float32))


def training_streams(
    streams: Mapping[str, Mapping[str, Any]], augmentation: CropAugmentation, store: ClipStore
) -> dict[str, TrainingStream]:
    """Return the sources of input for further streams, by the name of the stream.

    Args:
        streams: Options of the streams by name.
        augmentation: How crops are varied, and how often any stream is blinded.
        store: All clips.

    Raises:
        InputError: A stream is unknown, or the data set has no data for it; names the stream.
    """
    found: dict[str, TrainingStream] = {}
    for name, preparation in prepare_streams(streams).items():
        if isinstance(preparation, ReadingPreparation):
            if name not in store.readings:
                raise InputError(f"streams.{name}: the data set has no readings of this stream")
            blind_probability = augmentation.blind_probability
            found[name] = TrainingReadings(store.readings[name], preparation, blind_probability)
        elif name == RGB:
            if store.crops is None:
                raise InputError(
                    "streams.rgb: the data set has no crops (`bharnet data crop` makes them)"
                )
            found[name] = TrainingCrops(store.crops, streams[name], augmentation)
        else:
            raise InputError(f"streams.{name}: has no readings to train on")
    return found
