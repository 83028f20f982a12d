"""Prepares the input of further streams, from recorded or live people, as arrays.

A stream has two halves: `network.streams.STREAMS` builds its network, and `STREAM_INPUTS` builds
the preparation of its input. docs/extending.md shows how to add a stream.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.rgb_settings import RGB, RgbSettings
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray, KeypointSequence
from bharnet_ros.types.sensor_readings import Readings


@dataclass(frozen=True, eq=False)
class StreamInput:
    """Input of one stream for N windows.

    Attributes:
        values: (N, M, ...) what was observed at M times, any value where nothing was.
        mask: (N, M) or (N, M, R) float32, 1 where something was observed.
    """

    values: npt.NDArray[Any]
    mask: npt.NDArray[np.float32]


class StreamPreparation(ABC):
    """Prepares the input of one stream."""

    @abstractmethod
    def of(self, sequences: Sequence[KeypointSequence], window_s: float | None) -> StreamInput:
        """Return the input of one window for each of N people.

        Args:
            sequences: N people.
            window_s: Seconds before the newest frame that the window covers; None takes each
                sequence from its first frame.
        """

    @abstractmethod
    def example(self, count: int) -> StreamInput:
        """Return made-up input of N windows in which everything is observed."""


class ReadingPreparation(StreamPreparation):
    """Prepares the readings of a sensor at K moments, evenly spaced up to the newest frame.

    A stream with such a preparation can be trained and run without further code.

    Attributes:
        name: Name of the stream, under which `KeypointSequence.readings` holds its readings.
        moments: Number of moments K.
    """

    name: str
    moments: int

    @abstractmethod
    def at(self, readings: Sequence[Readings | None], times: FloatArray) -> StreamInput:
        """Return the readings of N people around K moments.

        Args:
            readings: Readings of each person; None or empty if the sensor gave none.
            times: (N, K) seconds on the clock of the readings, NaN where no reading is wanted.
        """

    def of(self, sequences: Sequence[KeypointSequence], window_s: float | None) -> StreamInput:
        """Return the readings of N people; see `StreamPreparation.of`."""
        times = []
        for one in sequences:
            end = float(one.stamps[-1])
            start = float(one.stamps[0]) if window_s is None else end - window_s
            times.append(moments(start, end, self.moments))
        return self.at([one.readings.get(self.name) for one in sequences], np.stack(times))


class RgbPreparation(StreamPreparation):
    """Prepares crops at K moments, evenly spaced up to the newest frame."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take the options of the stream `rgb`.

        Raises:
            InputError: An option is wrong; names it.
        """
        self.settings = RgbSettings.of(options)

    def of(self, sequences: Sequence[KeypointSequence], window_s: float | None) -> StreamInput:
        """Return the crops of N people; see `StreamPreparation.of`.

        Raises:
            InputError: The crops have another number of regions or another size.
        """
        crops = self.settings.crops
        regions, size = len(crops.regions), crops.size
        shape = (len(sequences), crops.moments, regions)
        pixels = np.zeros((*shape, size, size, 3), dtype=np.uint8)
        present = np.zeros(shape, dtype=bool)
        for row, sequence in enumerate(sequences):
            if sequence.crops is None or not len(sequence.crops):
                continue
            if sequence.crops.pixels.shape[1:3] != (regions, size):
                found = sequence.crops.pixels.shape
                raise InputError(
                    f"crops: the model takes {regions} regions of {size} pixels, got {found[1]} of "
                    f"{found[2]}"
                )
            end = float(sequence.stamps[-1])
            start = float(sequence.stamps[0]) if window_s is None else end - window_s
            times = moments(start, end, crops.moments)
            pixels[row], present[row] = nearest_crops(sequence.crops, times)
        return self.arranged(pixels, present, np.zeros(len(sequences), dtype=bool))

    def arranged(
        self,
        pixels: npt.NDArray[np.uint8],
        present: npt.NDArray[np.bool_],
        mirrored: npt.NDArray[np.bool_],
    ) -> StreamInput:
        """Return crops as the network takes them, with left hands mirrored to look like right ones.

        Args:
            pixels: (N, K, R, S, S, 3) RGB.
            present: (N, K, R) whether the region was found in the image.
            mirrored: (N,) whether the keypoints of the person were mirrored; if so, crops of left
                and right change places.
        """
        regions = self.settings.crops.regions
        values = np.moveaxis(pixels, -1, 3).copy()
        mask = present.astype(np.float32)
        rows = np.flatnonzero(mirrored)
        for number, region in enumerate(regions):
            # Upper bodies are flipped for mirrored people only, left hands always.
            flipped = rows if region == "upper_body" else slice(None)
            if region != "right_hand":
                values[flipped, :, number] = values[flipped, :, number, ..., ::-1]
        order = [
            regions.index(_OPPOSITE[region]) if _OPPOSITE[region] in regions else number
            for number, region in enumerate(regions)
        ]
        values[rows] = values[rows][:, :, order]
        mask[rows] = mask[rows][:, :, order]
        for number, region in enumerate(regions):
            if _OPPOSITE[region] not in regions:
                # Mirrored, this is the opposite hand, of which there are no crops.
                mask[rows, :, number] = 0.0
        return StreamInput(values, mask)

    def example(self, count: int) -> StreamInput:
        """Return crops of N windows that fade from black to white."""
        crops = self.settings.crops
        shape = (count, crops.moments, len(crops.regions))
        pixels = np.empty((*shape, 3, crops.size, crops.size), dtype=np.uint8)
        pixels[...] = np.linspace(0, 255, crops.size)
        return StreamInput(pixels, np.ones(shape, dtype=np.float32))


_OPPOSITE = {"left_hand": "right_hand", "right_hand": "left_hand", "upper_body": "upper_body"}


def moments(start: float, end: float, count: int) -> FloatArray:
    """Return (K,) moments in a window, evenly spaced up to its end, without its start."""
    return np.linspace(start, end, count + 1)[1:]


def window_moments(keypoints: KeypointBatch, count: int) -> FloatArray:
    """Return K moments of each of N windows, (N, K) seconds on the clock of their clips.

    Args:
        keypoints: The windows, with their times.
        count: Number of moments K.
    """
    assert keypoints.times is not None
    times = keypoints.times[:: keypoints.people]
    frames = times.shape[1]
    places = moments(0.0, frames - 1.0, count)
    return np.stack([np.interp(places, np.arange(frames), row) for row in times])


def nearest_crops(
    crops: CropSequence, times: FloatArray
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return the crops nearest to K times: pixels (K, R, S, S, 3) and their presence (K, R).

    Crops are absent where none are near the time.
    """
    nearest, near = Readings(crops.stamps, crops.pixels).nearest(times)
    return crops.pixels[nearest], crops.present[nearest] & near[:, None]


STREAM_INPUTS: dict[str, Callable[[Mapping[str, Any]], StreamPreparation]] = {RGB: RgbPreparation}
"""Builds the preparation of each stream from its options, by the name of the stream."""


def prepare_streams(streams: Mapping[str, Mapping[str, Any]]) -> dict[str, StreamPreparation]:
    """Return the preparation of each stream of a model.

    Args:
        streams: Options of each stream by name.

    Raises:
        InputError: A stream is unknown, or an option is wrong; names it.
    """
    unknown = sorted(set(streams) - set(STREAM_INPUTS))
    if unknown:
        known = ", ".join(sorted(STREAM_INPUTS))
        raise InputError(f"streams: {unknown[0]!r} has no preparation; known are: {known}")
    preparations = {}
    for name, options in streams.items():
        try:
            preparations[name] = STREAM_INPUTS[name](options)
        except (OverflowError, TypeError, ValueError) as error:
            raise InputError(f"streams.{name}: {error}") from error
    return preparations
