"""What further streams are given of recorded or live people, as arrays.

A stream has two halves: `network.streams.STREAMS` makes its network, `STREAM_INPUTS` what prepares
its input. docs/extending.md shows how another one is added.
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
    """What one stream is given of N windows.

    Attributes:
        values: (N, M, ...) what was seen at M times, any value where nothing was.
        mask: (N, M) or (N, M, R) float32, 1 where something was seen.
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
        """Return made-up input of N windows in which everything is seen."""


class ReadingPreparation(StreamPreparation):
    """Prepares the readings of a sensor at K moments, evenly spaced up to the newest frame.

    What is prepared by it can be trained and run without another line of code.

    Attributes:
        name: Name of the stream, by which `KeypointSequence.readings` has its readings.
        moments: Number of moments K.
    """

    name: str
    moments: int

    @abstractmethod
    def at(self, readings: Sequence[Readings | None], times: FloatArray) -> StreamInput:
        """Return what was read of N people around K moments.

        Args:
            readings: N people; None, or no reading at all, where the sensor told nothing.
            times: (N, K) seconds by the clock of the readings, NaN where nothing is to be seen.
        """

    def of(self, sequences: Sequence[KeypointSequence], window_s: float | None) -> StreamInput:
        """Return what was read of N people; see `StreamPreparation.of`."""
        times = []
        for one in sequences:
            end = float(one.stamps[-1])
            start = float(one.stamps[0]) if window_s is None else end - window_s
            times.append(moments(start, end, self.moments))
        return self.at([one.readings.get(self.name) for one in sequences], np.stack(times))


class RgbPreparation(StreamPreparation):
    """Crops at K moments, evenly spaced up to the newest frame."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take the options of the stream `rgb`.

        Raises:
            InputError: An option is wrong; names it.
        """
        self.settings = RgbSettings.of(options)

    def of(self, sequences: Sequence[KeypointSequence], window_s: float | None) -> StreamInput:
        """Return the crops of N people; see `StreamPreparation.of`.

        Raises:
            InputError: Crops are of other regions or of another size.
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
        """Return crops as the network takes them: left hands look like right ones.

        Args:
            pixels: (N, K, R, S, S, 3) RGB.
            present: (N, K, R).
            mirrored: (N,) whose keypoints were mirrored; their crops become those of the other
                side.
        """
        regions = self.settings.crops.regions
        values = np.moveaxis(pixels, -1, 3).copy()
        mask = present.astype(np.float32)
        rows = np.flatnonzero(mirrored)
        for number, region in enumerate(regions):
            # A mirrored upper body is seen the other way round; a left hand always is.
            turned = rows if region == "upper_body" else slice(None)
            if region != "right_hand":
                values[turned, :, number] = values[turned, :, number, ..., ::-1]
        order = [
            regions.index(_OTHER[region]) if _OTHER[region] in regions else number
            for number, region in enumerate(regions)
        ]
        values[rows] = values[rows][:, :, order]
        mask[rows] = mask[rows][:, :, order]
        for number, region in enumerate(regions):
            if _OTHER[region] not in regions:
                # The other hand, which this one has become, was never cut out.
                mask[rows, :, number] = 0.0
        return StreamInput(values, mask)

    def example(self, count: int) -> StreamInput:
        """Return crops of N windows that fade from black to white."""
        crops = self.settings.crops
        shape = (count, crops.moments, len(crops.regions))
        pixels = np.empty((*shape, 3, crops.size, crops.size), dtype=np.uint8)
        pixels[...] = np.linspace(0, 255, crops.size)
        return StreamInput(pixels, np.ones(shape, dtype=np.float32))


_OTHER = {"left_hand": "right_hand", "right_hand": "left_hand", "upper_body": "upper_body"}


def moments(start: float, end: float, count: int) -> FloatArray:
    """Return (K,) moments in a window, evenly spaced up to its end; the start is none of them."""
    return np.linspace(start, end, count + 1)[1:]


def window_moments(keypoints: KeypointBatch, count: int) -> FloatArray:
    """Return K moments of each of N windows, (N, K) seconds by the clock of their clips.

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
    """Return the crops nearest to K times: pixels (K, R, S, S, 3) and what is there (K, R).

    A time without crops nearby has none.
    """
    nearest, near = Readings(crops.stamps, crops.pixels).nearest(times)
    return crops.pixels[nearest], crops.present[nearest] & near[:, None]


STREAM_INPUTS: dict[str, Callable[[Mapping[str, Any]], StreamPreparation]] = {RGB: RgbPreparation}
"""What makes the preparation of each stream from its options, by the name of the stream."""


def prepare_streams(streams: Mapping[str, Mapping[str, Any]]) -> dict[str, StreamPreparation]:
    """Return the preparation of each stream that a model has.

    Args:
        streams: Options by name.

    Raises:
        InputError: A stream is unknown, or an option is wrong; names it.
    """
    unknown = sorted(set(streams) - set(STREAM_INPUTS))
    if unknown:
        known = ", ".join(sorted(STREAM_INPUTS))
        raise InputError(f"streams: nothing prepares {unknown[0]!r}; known are: {known}")
    return {name: STREAM_INPUTS[name](options) for name, options in streams.items()}
