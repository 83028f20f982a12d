"""The sliding window of one person: keypoints, crops and readings of the last seconds."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.crops import CropSequence, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FloatArray, KeypointSequence, PersonKeypoints
from bharnet_ros.types.layouts import METRIC, get_layout
from bharnet_ros.types.sensor_readings import Readings


class TrackWindow:
    """Keeps the last `window_s` seconds of one person, in capture time."""

    def __init__(self, window_s: float, body_layout: str = "mediapipe_body") -> None:
        """Start empty.

        Args:
            window_s: Seconds of capture time.
            body_layout: Body layout of the model. For a layout in metres, the window holds camera
                coordinates, for all others pixels.

        Raises:
            InputError: The window is not positive and finite, or the keypoints do not have the
                joints of the layout.
        """
        if not 0.0 < window_s * NANOSECONDS < math.inf:
            raise InputError(f"window_s: must be positive and finite, got {window_s}")
        layout = get_layout(body_layout)
        if not layout.live:
            raise InputError(
                f"body_layout: the keypoints of images do not have the joints of {body_layout}"
            )
        self._metric = layout.dimensions == 3
        self._window_ns = round(window_s * NANOSECONDS)
        self._frames: deque[tuple[int, PersonKeypoints, FrameCrops | None]] = deque()
        self._readings: dict[str, deque[tuple[int, npt.NDArray[Any]]]] = {}

    def __len__(self) -> int:
        """Return the number of frames held."""
        return len(self._frames)

    @property
    def newest_ns(self) -> int:
        """Capture time of the newest frame, nanoseconds."""
        return self._frames[-1][0]

    @property
    def newest_person(self) -> PersonKeypoints:
        """The keypoints of the newest frame."""
        return self._frames[-1][1]

    @property
    def span_s(self) -> float:
        """Seconds from the oldest frame held to the newest."""
        if not self._frames:
            return 0.0
        return (self._frames[-1][0] - self._frames[0][0]) / NANOSECONDS

    @property
    def frames(self) -> list[tuple[int, PersonKeypoints]]:
        """The frames held, oldest first, with their stamps in nanoseconds."""
        return [(stamp, person) for stamp, person, _ in self._frames]

    def add(self, stamp_ns: int, person: PersonKeypoints, crops: FrameCrops | None = None) -> None:
        """Add a frame, with its crops if there are any; drop frames that left the window.

        One frame before the window is kept, so that its first moment can be interpolated.

        Raises:
            InputError: The stamp is not newer than that of the newest frame.
        """
        if self._frames and stamp_ns <= self._frames[-1][0]:
            raise InputError(f"stamp_ns: {stamp_ns} is not after {self._frames[-1][0]}")
        self._frames.append((stamp_ns, person, crops))
        while len(self._frames) > 1 and stamp_ns - self._frames[1][0] >= self._window_ns:
            self._frames.popleft()

    def attach(self, stamp_ns: int, crops: FrameCrops) -> None:
        """Add crops to the frame with this stamp, if it is still held."""
        for place, (stamp, person, _) in enumerate(self._frames):
            if stamp == stamp_ns:
                self._frames[place] = (stamp, person, crops)

    def add_reading(self, stream: str, stamp_ns: int, values: npt.NDArray[Any]) -> None:
        """Add a reading of a sensor; drop readings that left the window by more than a second.

        Args:
            stream: Name of the stream that takes the reading.
            stamp_ns: Nanoseconds on the clock of the frames, after that of the reading before.
            values: (...), the same shape for all readings of the stream.

        Raises:
            InputError: The stamp is not newer than that of the reading before.
        """
        held = self._readings.setdefault(stream, deque())
        if held and stamp_ns <= held[-1][0]:
            raise InputError(f"stamp_ns: {stream}: {stamp_ns} is not after {held[-1][0]}")
        held.append((stamp_ns, values))
        while stamp_ns - held[0][0] > self._window_ns + NANOSECONDS:
            held.popleft()

    def sequence(self, width: int = 0, height: int = 0) -> KeypointSequence:
        """Return the window; stamps are seconds before its newest frame, so zero or negative.

        Args:
            width: Image width in pixels.
            height: Image height in pixels.
        """
        stamps = np.asarray([stamp for stamp, _, _ in self._frames], dtype=np.int64)
        people = [person for _, person, _ in self._frames]
        seconds = (stamps - stamps[-1]) / NANOSECONDS
        return KeypointSequence(
            stamps=seconds,
            body=np.stack([self._body(person) for person in people]),
            hands=np.stack([person.hands for person in people]),
            hand_scores=np.stack([person.hand_scores for person in people]),
            width=width,
            height=height,
            body_layout="mediapipe_body" + METRIC * self._metric,
            track_id=people[-1].track_id,
            crops=self._crops(seconds),
            readings={
                stream: Readings(
                    np.asarray([stamp - int(stamps[-1]) for stamp, _ in held]) / NANOSECONDS,
                    np.stack([values for _, values in held]),
                )
                for stream, held in self._readings.items()
            },
        )

    def _body(self, person: PersonKeypoints) -> FloatArray:
        """Return landmarks (33, 4) with their confidence, zero where camera coordinates lack."""
        if not self._metric:
            return person.body
        confidence = person.body[:, 3] * np.isfinite(person.body_camera).all(1)
        return np.column_stack([person.body_camera, confidence])

    def _crops(self, seconds: FloatArray) -> CropSequence | None:
        """Return the crops of the frames that have any."""
        present = [
            (stamp, crops)
            for stamp, (_, _, crops) in zip(seconds, self._frames, strict=True)
            if crops is not None
        ]
        return CropSequence.of(present) if present else None
