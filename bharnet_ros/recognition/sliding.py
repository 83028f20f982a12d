"""Keeps a sliding window for each person and scores all people in view once a stride."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bharnet_ros.pose.places import find_place
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.crops import FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, KeypointSequence
from bharnet_ros.types.places import PersonPlace


@dataclass(frozen=True, eq=False)
class DueWindows:
    """Windows to score: all people in view at one time.

    Attributes:
        stamp_ns: Capture time of the newest frame, nanoseconds.
        frame_id: Optical frame of the camera.
        sequences: The window of each person in view that spans long enough.
        window_s: Length of the windows, seconds.
        recognizer: Scores them: the one that was at work when they were due.
        places: Where each of them is in the newest frame, by track id.
    """

    stamp_ns: int
    frame_id: str
    sequences: tuple[KeypointSequence, ...]
    window_s: float
    recognizer: Recognizer
    places: Mapping[str, PersonPlace]


class SlidingRecognizer:
    """Keeps a window for each person and scores the windows once a stride of capture time.

    `update` takes a frame and scores at once. A caller that must not wait for the network calls
    `push` for each frame, and `score` on another thread.

    Attributes:
        recognizer: Scores the windows.
        window_s: Length of the windows, seconds.
        stride_s: Time between two inferences, seconds; 0 scores at every frame.
        camera: The camera of the frames; None if it is not known.
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
        """Start without people.

        Args:
            recognizer: Scores the windows.
            window_s: Length of the windows, seconds; None means the model's.
            stride_s: Time between two inferences, seconds; 0 scores at every frame, None means the
                model's.
            track_timeout_s: Seconds after which a person who is not seen is forgotten.
            least_fill: Share 0..1 of the window that a person's frames must span before the person
                is scored.

        Raises:
            InputError: A value is out of range, or the keypoints of images do not have the joints
                that the model takes; names the value or the layout.
        """
        description = recognizer.description
        self.recognizer = recognizer
        self.window_s = description.window_s if window_s is None else window_s
        if not 0.0 < self.window_s * NANOSECONDS < math.inf:
            raise InputError(f"window_s: must be positive and finite, got {self.window_s}")
        if not 0.0 <= least_fill <= 1.0:
            raise InputError(f"least_fill: must lie in 0..1, got {least_fill}")
        self.camera: PinholeCamera | None = None
        self._newest_ns: int | None = None
        self._due_ns: int | None = None
        self.change_times(stride_s=stride_s, track_timeout_s=track_timeout_s)
        self._least_span_s = least_fill * self.window_s
        self._body_layout = description.body_layout
        # Checks the layout before the first person comes.
        TrackWindow(self.window_s, self._body_layout)
        self._windows: dict[str, TrackWindow] = {}

    def change_times(self, *, stride_s: float | None, track_timeout_s: float) -> None:
        """Take other times from the next frame on.

        Args:
            stride_s: As for the constructor.
            track_timeout_s: As for the constructor.

        Raises:
            InputError: A value is out of range; nothing changes then.
        """
        stride = self.recognizer.description.stride_s if stride_s is None else stride_s
        if not 0.0 < track_timeout_s * NANOSECONDS < math.inf:
            raise InputError(f"track_timeout_s: must be positive and finite, got {track_timeout_s}")
        if not 0.0 <= stride * NANOSECONDS < math.inf:
            raise InputError(f"stride_s: must be finite and not negative, got {stride}")
        self.stride_s = stride
        self._stride_ns = round(stride * NANOSECONDS)
        self._track_timeout_ns = round(track_timeout_s * NANOSECONDS)
        self._advance_due()

    def reset(self) -> None:
        """Forget all people, as after a jump in time."""
        self._windows.clear()
        self._newest_ns = None
        self._due_ns = None

    def push(
        self, frame: FrameKeypoints, crops: Mapping[str, FrameCrops] | None = None
    ) -> DueWindows | None:
        """Add a frame; return the windows to score if a stride has passed, else None.

        Args:
            frame: All people in view.
            crops: Crops of people by track id, if the image of the frame is known.

        Raises:
            InputError: The stamp is not newer than that of the frame before; nothing changes then.
        """
        stamp = frame.stamp_ns
        if self._newest_ns is not None and stamp <= self._newest_ns:
            raise InputError(f"stamp_ns: {stamp} is not after {self._newest_ns}; reset first")
        self._newest_ns = stamp
        for person in frame.people:
            if person.track_id not in self._windows:
                self._windows[person.track_id] = TrackWindow(self.window_s, self._body_layout)
            window = self._windows[person.track_id]
            # The same person twice in one frame is a fault of the tracker: keep the first.
            if not len(window) or window.newest_ns < stamp:
                window.add(stamp, person, None if crops is None else crops.get(person.track_id))
        self._windows = {
            track: window
            for track, window in self._windows.items()
            if stamp - window.newest_ns <= self._track_timeout_ns
        }
        if self._due_ns is not None and stamp < self._due_ns:
            return None
        # A stride starts at the time that was due, so that the mean stride is right even if it is
        # not a multiple of the frame interval. After a gap, strides start anew.
        if self._due_ns is None or stamp - self._due_ns >= self._stride_ns:
            self._due_ns = stamp
        self._due_ns += self._stride_ns
        ready = [
            window
            for window in self._windows.values()
            if window.newest_ns == stamp and window.span_s >= self._least_span_s
        ]
        size = (frame.width, frame.height)
        return DueWindows(
            stamp,
            frame.frame_id,
            tuple(window.sequence(*size) for window in ready),
            self.window_s,
            self.recognizer,
            {
                window.newest_person.track_id: find_place(window.newest_person, *size, self.camera)
                for window in ready
            },
        )

    def attach(self, stamp_ns: int, crops: Mapping[str, FrameCrops]) -> None:
        """Add crops to a frame in the windows whose image came after its keypoints.

        Args:
            stamp_ns: Stamp of the frame, nanoseconds; a window that no longer holds it is left as
                it is.
            crops: Crops by track id.
        """
        for track_id, one in crops.items():
            if track_id in self._windows:
                self._windows[track_id].attach(stamp_ns, one)

    def add_reading(
        self, track_id: str, stream: str, stamp_ns: int, values: npt.NDArray[Any]
    ) -> None:
        """Add a reading of another sensor to the window of a person.

        Args:
            track_id: The person; a person without a window is ignored.
            stream: Name of the stream that takes the reading.
            stamp_ns: Nanoseconds on the clock of the frames.
            values: (...), the same shape for all readings of the stream.

        Raises:
            InputError: The stamp is not newer than that of the reading before.
        """
        if track_id in self._windows:
            self._windows[track_id].add_reading(stream, stamp_ns, values)

    def score(self, due: DueWindows) -> ActionScores:
        """Score windows that `push` returned, by the model that was at work then."""
        scores = due.recognizer.score(due.sequences, due.stamp_ns, due.frame_id, due.window_s)
        return replace(
            scores,
            tracks=tuple(
                replace(track, place=due.places[track.track_id]) for track in scores.tracks
            ),
        )

    def continue_from(self, other: SlidingRecognizer) -> None:
        """Go on with the people and frames of another recogniser, which is used no longer.

        Crops and readings stay behind: another model may take others.
        """
        for track, window in other._windows.items():
            self._windows[track] = TrackWindow(self.window_s, self._body_layout)
            for stamp, person in window.frames:
                self._windows[track].add(stamp, person)
        self._newest_ns = other._newest_ns
        self._due_ns = other._due_ns
        self._advance_due()

    def _advance_due(self) -> None:
        """Wait no longer for the next inference than the stride, which may have become shorter."""
        if self._due_ns is not None and self._newest_ns is not None:
            self._due_ns = min(self._due_ns, self._newest_ns + self._stride_ns)

    def update(
        self, frame: FrameKeypoints, crops: Mapping[str, FrameCrops] | None = None
    ) -> ActionScores | None:
        """Add a frame; return scores if a stride has passed, else None; see `push`.

        Raises:
            InputError: The stamp is not newer than that of the frame before; nothing changes then.
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
    """Return a warmed-up recogniser for the parameters of the node `recognition`.

    Args:
        bundle: The model.
        device: As for `Recognizer`.
        backend: As for `Recognizer`.
        threads: CPU threads of one inference; applies to the whole process.
        window_s: Length of the windows, seconds; 0 means the model's.
        stride_s: Time between two inferences, seconds; 0 means the model's.
        track_timeout_s: As for `SlidingRecognizer`.

    Raises:
        InputError: There is no such device or back end, or a value is out of range.
    """
    if not 0 < threads < 2**31:
        raise InputError(f"threads: must be a positive 32-bit number, got {threads}")
    # NumPy would take every core for a single window and, on a busy machine, wait for them many
    # times as long as it computes.
    threadpool_limits(threads, user_api="blas")
    recognizer = Recognizer(bundle, device, backend=backend, threads=threads)
    sliding = SlidingRecognizer(
        recognizer,
        window_s=window_s or None,
        stride_s=stride_s or None,
        track_timeout_s=track_timeout_s,
    )
    recognizer.warm_up()
    return sliding
