"""What further streams are given of windows in training, whatever their sensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bharnet_ros.network.rgb_settings import RGB
from bharnet_ros.resampling import KeypointBatch
from bharnet_ros.stream_inputs import (
    ReadingPreparation,
    StreamInput,
    prepare_streams,
    window_moments,
)
from bharnet_ros.training.clips import ClipStore
from bharnet_ros.training.crop_augmentation import CropAugmentation, TrainingCrops


class TrainingStream(Protocol):
    """Makes the input of streams of a data set's windows, by the names of the streams."""

    def whole(
        self, clips: npt.NDArray[np.integer], keypoints: KeypointBatch
    ) -> dict[str, StreamInput]:
        """Return what the streams are given of clips (N,) as they are, `keypoints` with them."""

    def augmented(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator,
    ) -> dict[str, StreamInput]:
        """Return what the streams are given of varied clips; arguments as for `whole`."""


class TrainingReadings:
    """Makes the input of one stream from the readings of a data set."""

    def __init__(
        self, store: ClipStore, name: str, preparation: ReadingPreparation, blind: float
    ) -> None:
        """Take the readings of a stream.

        Args:
            store: All clips.
            name: Of the stream.
            preparation: Of the stream.
            blind: Probability 0..1 that a window is learned without its readings.

        Raises:
            ValueError: No clip has readings of this stream.
        """
        if name not in store.readings:
            raise ValueError(f"streams.{name}: the data set has no such readings")
        self._store = store.readings[name]
        self._name = name
        self._preparation = preparation
        self._blind = blind

    def whole(
        self, clips: npt.NDArray[np.integer], keypoints: KeypointBatch
    ) -> dict[str, StreamInput]:
        """Return the readings nearest to the moments of each window; see `TrainingStream`."""
        readings = [self._store.of(int(clip)) for clip in clips]
        times = window_moments(keypoints, self._preparation.moments)
        return {self._name: self._preparation.at(readings, times)}

    def augmented(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator,
    ) -> dict[str, StreamInput]:
        """Return the same, of some windows nothing at all."""
        (given,) = self.whole(clips, keypoints).values()
        seen = random.random(len(clips)) >= self._blind
        mask = given.mask * seen.reshape(-1, *(1,) * (given.mask.ndim - 1))
        return {self._name: StreamInput(given.values, mask.astype(np.float32))}


class TrainingStreams:
    """Several of them as one."""

    def __init__(self, parts: Sequence[TrainingStream]) -> None:
        """Keep the parts."""
        self._parts = parts

    def whole(
        self, clips: npt.NDArray[np.integer], keypoints: KeypointBatch
    ) -> dict[str, StreamInput]:
        """Return what each gives; see `TrainingStream`."""
        given = [one.whole(clips, keypoints) for one in self._parts]
        return {name: one for part in given for name, one in part.items()}

    def augmented(
        self,
        clips: npt.NDArray[np.integer],
        keypoints: KeypointBatch,
        random: np.random.Generator,
    ) -> dict[str, StreamInput]:
        """Return what each gives; see `TrainingStream`."""
        given = [one.augmented(clips, keypoints, random) for one in self._parts]
        return {name: one for part in given for name, one in part.items()}


def training_streams(
    streams: Mapping[str, Mapping[str, Any]], augmentation: CropAugmentation, store: ClipStore
) -> TrainingStreams | None:
    """Return what gives further streams their input; None where there are none.

    Args:
        streams: Options by name.
        augmentation: How crops vary; how often any stream is blinded.
        store: All clips.

    Raises:
        ValueError: A stream is unknown, or the data set has nothing that fits it; names it.
    """
    parts: list[TrainingStream] = []
    for name, preparation in prepare_streams(streams).items():
        if isinstance(preparation, ReadingPreparation):
            blind = augmentation.blind_probability
            parts.append(TrainingReadings(store, name, preparation, blind))
        elif name == RGB:
            if store.crops is None:
                raise ValueError(
                    "streams.rgb: the data set has no crops (`bharnet crop` makes them)"
                )
            parts.append(TrainingCrops(store.crops, streams[name], augmentation))
        else:
            raise ValueError(f"streams.{name}: has no readings to be trained on")
    return TrainingStreams(parts) if parts else None
