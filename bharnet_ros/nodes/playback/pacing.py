"""Decides when to publish the frames of a recording, so that it plays at its own rate."""

from __future__ import annotations

MAX_SKIPPED = 4
MAX_LATENESS = 0.5


class Pacer:
    """Maps the times of a recording to a clock, and skips or delays frames on a slow machine.

    A frame that is late by more than a frame period is skipped, but never more than `MAX_SKIPPED`
    in a row. A recording that is more than `MAX_LATENESS` seconds late is delayed by as much. So
    neither latency nor memory grows on a machine that is too slow.

    Args:
        start_ns: Time on the clock at the recording's time 0, nanoseconds.
        period: Time between two frames, seconds.

    Attributes:
        skipped: Number of skipped frames.
        delayed_ns: Total delay so far, nanoseconds.
    """

    def __init__(self, start_ns: int, period: float) -> None:
        """Start at the recording's time 0."""
        self._offset_ns = start_ns
        self._period_ns = round(period * 1e9)
        self._skipped_in_row = 0
        self.skipped = 0
        self.delayed_ns = 0

    def stamp(self, time: float) -> int:
        """Return the time on the clock, nanoseconds, at the recording's `time` in seconds."""
        return self._offset_ns + round(time * 1e9)

    def decide(self, time: float, now_ns: int) -> int | None:
        """Return how long to wait until the frame is due, nanoseconds; None to skip it.

        Args:
            time: Time of the frame in the recording, seconds.
            now_ns: Current time on the clock, nanoseconds.
        """
        late_ns = now_ns - self.stamp(time)
        if late_ns > MAX_LATENESS * 1e9:
            self._offset_ns += late_ns
            self.delayed_ns += late_ns
        elif late_ns > self._period_ns and self._skipped_in_row < MAX_SKIPPED:
            self._skipped_in_row += 1
            self.skipped += 1
            return None
        self._skipped_in_row = 0
        return max(-late_ns, 0)
