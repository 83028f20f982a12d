"""Remembers what was seen in the last seconds, and cuts examples out of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from bharnet_ros.gestures.watching import AROUND_NS, newest_motion
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints

MOST_SECONDS = 8.0
"""How far back a motion may begin that `RecentFrames.last` takes, seconds."""

MOMENT_SECONDS = 30.0
"""How far back a moment may begin that `RecentFrames.moment` takes, seconds."""

_REST_NS = 2 * NANOSECONDS
"""How much earlier frames are looked at, so that the rest before a motion is among them."""

_HISTORY_NS = round(MOMENT_SECONDS * NANOSECONDS) + _REST_NS
"""How long frames are kept."""

Cutter = Callable[[], ClipKeypoints]
"""Cuts an example out of frames, which takes long; raises InputError if nobody is in view."""


class RecentFrames:
    """The frames of the last seconds."""

    def __init__(self) -> None:
        """Start without frames."""
        self._frames: deque[FrameKeypoints] = deque()

    @property
    def newest(self) -> FrameKeypoints | None:
        """The newest frame; None without any."""
        return self._frames[-1] if self._frames else None

    def push(self, frame: FrameKeypoints) -> None:
        """Take a frame; its stamp must be newer than that of the frame before."""
        self._frames.append(frame)
        while frame.stamp_ns - self._frames[0].stamp_ns > _HISTORY_NS:
            self._frames.popleft()

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()

    def last(self, seconds: float, track_id: str = "") -> Cutter:
        """Return what cuts out the newest motion of a person, or else all of the last seconds.

        Args:
            seconds: How long ago it may have begun.
            track_id: The person; empty for whoever is in view longest.

        Raises:
            InputError: No frame is known, or seconds are out of range.
        """
        if not 0.0 <= seconds <= MOST_SECONDS:
            raise InputError(f"seconds: must be from 0 to {MOST_SECONDS:g}, got {seconds}")
        newest_ns = self._newest_ns()
        frames = self._since(newest_ns - round(MOST_SECONDS * NANOSECONDS))
        start_ns = newest_ns - round(seconds * NANOSECONDS)
        return lambda: newest_motion(frames, start_ns, newest_ns, track_id or None)

    def moment(self, start_ns: int, end_ns: int, track_id: str = "") -> Cutter:
        """Return what cuts out the motion of a person in a moment, such as that of an event.

        Args:
            start_ns: When the moment began, nanoseconds of capture time.
            end_ns: When it ended.
            track_id: The person; empty for whoever is in view longest.

        Raises:
            InputError: No frame is known, or the moment is empty or too long ago.
        """
        newest_ns = self._newest_ns()
        if not start_ns < end_ns:
            raise InputError("start: must be before end")
        if newest_ns - start_ns > MOMENT_SECONDS * NANOSECONDS:
            raise InputError(f"start: must be at most {MOMENT_SECONDS:g} s ago")
        until_ns = end_ns + AROUND_NS
        frames = tuple(one for one in self._since(start_ns) if one.stamp_ns <= until_ns)
        return lambda: newest_motion(frames, start_ns, end_ns, track_id or None)

    def _newest_ns(self) -> int:
        if self.newest is None:
            raise InputError("nobody has been seen yet")
        return self.newest.stamp_ns

    def _since(self, stamp_ns: int) -> tuple[FrameKeypoints, ...]:
        """Return the frames from a time on, and those of the rest before it."""
        return tuple(one for one in self._frames if one.stamp_ns >= stamp_ns - _REST_NS)
