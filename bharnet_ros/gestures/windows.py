"""The sliding windows of an example: those that show its motion, and those that show rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import NANOSECONDS, KeypointSequence

_LEAST_SHOWN = 0.8
"""Share of a motion, or of the window if the motion is longer, that a window must show."""

_MOST_AT_REST = 0.2
"""Greatest share of a motion in a window that counts as rest."""

_STRIDE_NS = NANOSECONDS // 10
_LEAST_FILL = 0.5
"""Share of a window that the frames of an example must span."""

_MOST_SHOWN = _MOST_RESTING = 8
"""Most windows of one example: more look the same, and fitting takes longer."""


@dataclass(frozen=True, eq=False)
class ExampleWindows:
    """Windows of one example.

    Attributes:
        shown: Windows that show the motion, as the robot will see them.
        rest: Windows that show little or none of it: the person at rest before and after.
        duration_s: Length of the motion, seconds.
    """

    shown: tuple[KeypointSequence, ...]
    rest: tuple[KeypointSequence, ...]
    duration_s: float


def example_windows(
    example: ClipKeypoints, window_s: float, body_layout: str = "mediapipe_body"
) -> ExampleWindows:
    """Slide a window over an example as the robot does.

    An example that is shorter than half a window is one window: its first frame stands still before
    it.

    Args:
        example: At least one frame.
        window_s: Length of the window, seconds.
        body_layout: As for `TrackWindow`.
    """
    start, end = example.motion or (float(example.stamp[0]), float(example.stamp[-1]))
    shown, rest = [], []
    for newest, window in _slide(example, window_s, body_layout):
        overlap = min(newest, end) - max(newest - window_s, start)
        share = max(overlap, 0.0) / max(min(window_s, end - start), 1e-6)
        if share >= _LEAST_SHOWN:
            shown.append(window)
        elif share <= _MOST_AT_REST:
            rest.append(window)
    if not shown:
        shown = [_up_to(example, end, window_s, body_layout)]
    return ExampleWindows(_spread(shown, _MOST_SHOWN), _spread(rest, _MOST_RESTING), end - start)


def _slide(
    example: ClipKeypoints, window_s: float, body_layout: str
) -> Iterator[tuple[float, KeypointSequence]]:
    """Yield each window, once a stride, with the time of its newest frame in seconds."""
    window = TrackWindow(window_s, body_layout)
    due_ns = 0
    for stamp_ns, person in example.frames():
        window.add(stamp_ns, person)
        if window.span_s < _LEAST_FILL * window_s or stamp_ns < due_ns:
            continue
        due_ns = stamp_ns + _STRIDE_NS
        yield stamp_ns / NANOSECONDS, window.sequence(example.width, example.height)


def _up_to(
    example: ClipKeypoints, end: float, window_s: float, body_layout: str
) -> KeypointSequence:
    """Return the window that ends with the motion, however short it is."""
    window = TrackWindow(window_s, body_layout)
    for stamp_ns, person in example.frames():
        if len(window) and stamp_ns / NANOSECONDS > end:
            break
        window.add(stamp_ns, person)
    return window.sequence(example.width, example.height)


def _spread(windows: Sequence[KeypointSequence], most: int) -> tuple[KeypointSequence, ...]:
    """Return at most so many windows, evenly spread."""
    if len(windows) <= most:
        return tuple(windows)
    return tuple(windows[place] for place in np.linspace(0, len(windows) - 1, most).astype(int))
