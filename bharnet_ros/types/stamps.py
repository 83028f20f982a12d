"""Checks the order of stamps, and detects inputs that have stopped."""

from __future__ import annotations

from enum import Enum

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

LATE_NS = NANOSECONDS
"""How far a stamp may be behind the newest one and still count as late, not as a jump in time."""


class Step(Enum):
    """How a stamp relates to the newest one.

    `LATE` is up to `LATE_NS` behind, as when the network swaps two messages; `BACK` is further
    behind, as when a recording starts again.
    """

    FORWARD = "forward"
    REPEATED = "repeated"
    LATE = "late"
    BACK = "back"


def is_set(stamp_ns: int) -> bool:
    """Return whether a stamp is one: messages made before the clock runs have zero."""
    return stamp_ns > 0


def step_between(newest_ns: int | None, stamp_ns: int) -> Step:
    """Return how a stamp relates to the newest one before it, both nanoseconds; None for none."""
    if newest_ns is None or stamp_ns > newest_ns:
        return Step.FORWARD
    if stamp_ns == newest_ns:
        return Step.REPEATED
    return Step.LATE if newest_ns - stamp_ns <= LATE_NS else Step.BACK


class StampOrder:
    """Compares each stamp with the newest one; a late stamp changes nothing.

    Attributes:
        newest_ns: The newest stamp, nanoseconds; None before the first. A step back replaces it.
    """

    def __init__(self) -> None:
        """Start with no stamp."""
        self.newest_ns: int | None = None

    def take(self, stamp_ns: int) -> Step:
        """Take the next stamp, in nanoseconds; return how it relates to the newest one."""
        step = step_between(self.newest_ns, stamp_ns)
        if step is not Step.LATE:
            self.newest_ns = stamp_ns
        return step


class InputTimeout:
    """Detects when an optional input has stopped, by stamps and never by the wall clock."""

    def __init__(self, timeout_s: float = 1.0) -> None:
        """Start with nothing received.

        Args:
            timeout_s: Seconds without a message after which the input has stopped.

        Raises:
            InputError: The time is not positive.
        """
        if not timeout_s > 0:
            raise InputError(f"timeout_s: must be positive, got {timeout_s}")
        self._timeout_ns = round(timeout_s * NANOSECONDS)
        self.reset()

    def reset(self) -> None:
        """Forget all stamps, as after a time jump."""
        self._received_ns: int | None = None
        self._first_expected_ns: int | None = None

    def received(self, stamp_ns: int) -> None:
        """Note a message of the optional input."""
        self._received_ns = stamp_ns

    def expected(self, stamp_ns: int) -> None:
        """Note a message that should have a counterpart from the optional input."""
        if self._first_expected_ns is None:
            self._first_expected_ns = stamp_ns

    def expired(self, stamp_ns: int | None) -> bool:
        """Return whether the input has stopped.

        Args:
            stamp_ns: Stamp of the newest message that should have a counterpart; None if none came.
        """
        last = self._received_ns if self._received_ns is not None else self._first_expected_ns
        return stamp_ns is not None and last is not None and stamp_ns - last > self._timeout_ns


class Silence:
    """Measures how long an input has been silent, by two clocks.

    A node's clock may be simulated: it may run slowly, stand still or restart. So its time counts,
    and while it stands still, the time of a steady clock.
    """

    def __init__(self, now_ns: int, steady_s: float) -> None:
        """Start as if a message had just come."""
        self._clock_ns = now_ns
        self._moved_s = steady_s
        self.received(now_ns, steady_s)

    def received(self, now_ns: int, steady_s: float) -> None:
        """Note a message, at the time of both clocks."""
        self._received_ns = now_ns
        self._received_s = steady_s

    def seconds(self, now_ns: int, steady_s: float) -> float:
        """Return the seconds without a message; call it often enough to see the clock move."""
        if now_ns != self._clock_ns:
            self._clock_ns, self._moved_s = now_ns, steady_s
        # Simulated time may restart at zero.
        self._received_ns = min(self._received_ns, now_ns)
        stands_still_s = steady_s - max(self._moved_s, self._received_s)
        return max((now_ns - self._received_ns) / NANOSECONDS, stands_still_s)
