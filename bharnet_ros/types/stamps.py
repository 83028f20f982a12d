"""Checks the order of stamps, and detects inputs that have stopped."""

from __future__ import annotations

from enum import Enum

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS


class Step(Enum):
    """How a stamp relates to the one before it."""

    FORWARD = "forward"
    REPEATED = "repeated"
    BACK = "back"


class StampOrder:
    """Compares each stamp with the one before.

    Attributes:
        newest_ns: The last stamp, nanoseconds; None before the first.
    """

    def __init__(self) -> None:
        """Start with no stamp."""
        self.newest_ns: int | None = None

    def take(self, stamp_ns: int) -> Step:
        """Take the next stamp, in nanoseconds; return how it relates to the one before it."""
        before, self.newest_ns = self.newest_ns, stamp_ns
        if before is None or stamp_ns > before:
            return Step.FORWARD
        return Step.REPEATED if stamp_ns == before else Step.BACK


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
