"""Frames of keypoints in, scores of everybody in view out, once a stride."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch

from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.crops import FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, KeypointSequence


@dataclass(frozen=True, eq=False)
class DueWindows:
    """Windows to be scored: everybody in view at one time.

    Attributes:
        stamp_ns: Capture time of the newest frame, nanoseconds.
        frame_id: Optical frame of the camera.
        sequences: One for each person whose window is long enough.
    """

    stamp_ns: int
    frame_id: str
    sequences: tuple[KeypointSequence, ...]


class SlidingRecognizer:
    """Keeps a window for each person and scores them once a stride of capture time.

    `update` does all in one; a caller that must not wait for the network calls `push` for each
    frame and `score` elsewhere.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        window_s: float | None = None,
        stride_s: float | None = None,
        track_timeout_s: float = 1.0,
        least_fill: float = 0.5,
    ) -> None:
        """Start empty.

        Args:
            recognizer: What scores the windows.
            window_s: Length of the window, seconds; None means the model's.
            stride_s: Time between two inferences, seconds; None means the model's.
            track_timeout_s: A person who was not seen for so long is forgotten, seconds.
            least_fill: Share of the window, 0..1, that must have been seen before a person is
                scored.

        Raises:
            InputError: A value is out of range, or the model takes joints that are not among the
                keypoints of images; the message names it.
        """
        description = recognizer.description
        self.recognizer = recognizer
        self.window_s = description.window_s if window_s is None else window_s
        self.stride_s = description.stride_s if stride_s is None else stride_s
        for name, value in (("window_s", self.window_s), ("track_timeout_s", track_timeout_s)):
            if not value > 0:
                raise InputError(f"{name}: must be positive, got {value}")
        if self.stride_s < 0:
            raise InputError(f"stride_s: must not be negative, got {self.stride_s}")
        if not 0.0 <= least_fill <= 1.0:
            raise InputError(f"least_fill: must lie in 0..1, got {least_fill}")
        self._track_timeout_ns = round(track_timeout_s * NANOSECONDS)
        self._stride_ns = round(self.stride_s * NANOSECONDS)
        self._least_span_s = least_fill * self.window_s
        self._body_layout = description.body_layout
        TrackWindow(self.window_s, self._body_layout)
        self._windows: dict[str, TrackWindow] = {}
        self._newest_ns: int | None = None
        self._due_ns: int | None = None

    def reset(self) -> None:
        """Forget everybody, as after a jump of time."""
        self._windows.clear()
        self._newest_ns = None
        self._due_ns = None

    def push(
        self, frame: FrameKeypoints, crops: Mapping[str, FrameCrops] | None = None
    ) -> DueWindows | None:
        """Take in a frame; return the windows to be scored when a stride has passed.

        Args:
            frame: Everybody in view.
            crops: Pictures of people by track id, where the image of the frame is known.

        Raises:
            InputError: The stamp is not newer than that of the frame before; nothing is changed.
        """
        stamp = frame.stamp_ns
        if self._newest_ns is not None and stamp <= self._newest_ns:
            raise InputError(f"stamp_ns: {stamp} is not after {self._newest_ns}; reset first")
        self._newest_ns = stamp
        for person in frame.people:
            if person.track_id not in self._windows:
                self._windows[person.track_id] = TrackWindow(self.window_s, self._body_layout)
            window = self._windows[person.track_id]
            # The same person twice in one frame would be a fault of the tracker: keep the first.
            if not len(window) or window.newest_ns < stamp:
                window.add(stamp, person, None if crops is None else crops.get(person.track_id))
        self._windows = {
            track: window
            for track, window in self._windows.items()
            if stamp - window.newest_ns <= self._track_timeout_ns
        }
        if self._due_ns is not None and stamp < self._due_ns:
            return None
        # Strides count from the time that was due, so that a rate that is no multiple of the
        # stride keeps the mean; after a gap they start anew.
        late = self._due_ns is None or stamp - self._due_ns >= self._stride_ns
        self._due_ns = stamp + self._stride_ns if late else (self._due_ns or 0) + self._stride_ns
        return DueWindows(
            stamp,
            frame.frame_id,
            tuple(
                window.sequence(frame.width, frame.height)
                for window in self._windows.values()
                if window.newest_ns == stamp and window.span_s >= self._least_span_s
            ),
        )

    def attach(self, stamp_ns: int, crops: Mapping[str, FrameCrops]) -> None:
        """Give people in the windows pictures of a frame that came before its image did.

        Args:
            stamp_ns: Of that frame; nothing happens where it is not in a window any more.
            crops: By track id.
        """
        for track_id, found in crops.items():
            if track_id in self._windows:
                self._windows[track_id].attach(stamp_ns, found)

    def add_reading(
        self, track_id: str, stream: str, stamp_ns: int, values: npt.NDArray[Any]
    ) -> None:
        """Add what another sensor told of a person; it counts in the windows that `push` returns.

        Args:
            track_id: The person; nothing happens where nobody of this name is in a window.
            stream: Name of the stream that takes it.
            stamp_ns: By the clock of the frames.
            values: (...) of one shape for all readings of the stream.

        Raises:
            InputError: The stamp is not newer than that of the reading before.
        """
        if track_id in self._windows:
            self._windows[track_id].add_reading(stream, stamp_ns, values)

    def score(self, due: DueWindows) -> ActionScores:
        """Score windows that `push` returned."""
        return self.recognizer.score(due.sequences, due.stamp_ns, due.frame_id, self.window_s)

    def update(
        self, frame: FrameKeypoints, crops: Mapping[str, FrameCrops] | None = None
    ) -> ActionScores | None:
        """Take in a frame; return scores when a stride has passed, else None; see `push`.

        Raises:
            InputError: The stamp is not newer than that of the frame before; nothing is changed.
        """
        due = self.push(frame, crops)
        return None if due is None else self.score(due)


def open_sliding_recognizer(
    bundle: ModelBundle,
    device: str,
    *,
    backend: str,
    threads: int,
    window_s: float,
    stride_s: float,
    track_timeout_s: float,
) -> SlidingRecognizer:
    """Return a warm stream from what the parameters of the node `recognition` say.

    Args:
        bundle: The model.
        device: Of `Recognizer`.
        backend: Of `Recognizer`.
        threads: Of one inference on the CPU, for all of this process.
        window_s: Length of the window, seconds; 0 takes the model's.
        stride_s: Time between two inferences, seconds; 0 takes the model's.
        track_timeout_s: Of `SlidingRecognizer`.

    Raises:
        InputError: There is no such device or back end, or a value is out of range.
    """
    torch.set_num_threads(threads)
    recognizer = Recognizer(bundle, device, backend=backend)
    stream = SlidingRecognizer(
        recognizer,
        window_s=window_s or None,
        stride_s=stride_s or None,
        track_timeout_s=track_timeout_s,
    )
    recognizer.warm_up()
    return stream
