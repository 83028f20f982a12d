"""Checks the stamps of one topic: those that are not set or do not rise are reported."""

from __future__ import annotations

from bharnet_ros.pipeline.message_log import DUPLICATES, LATE, TIME_JUMPS, UNSTAMPED, MessageLog
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.stamps import StampOrder, Step, is_set

NOT_SET = "header.stamp is not set; it must be the capture time"

_WARN_PERIOD_S = 5.0


class StampCheck:
    """Compares each stamp with the newest one, and reports it if it does not rise."""

    def __init__(self, log: MessageLog, consequence: str) -> None:
        """Start with no stamp.

        Args:
            log: Receives reports.
            consequence: What a step back leads to, for the warning.
        """
        self._log = log
        self._consequence = consequence
        self._order = StampOrder()

    @property
    def newest_ns(self) -> int | None:
        """The newest stamp, nanoseconds; None before the first."""
        return self._order.newest_ns

    def require(self, stamp_ns: int) -> None:
        """Check that a stamp, in nanoseconds, is set; it is not taken.

        Raises:
            InputError: It is not set; this is counted.
        """
        if not is_set(stamp_ns):
            self._log.count(UNSTAMPED)
            raise InputError(NOT_SET)

    def take(self, stamp_ns: int) -> Step:
        """Return how a stamp, in nanoseconds, follows the newest one.

        Raises:
            InputError: As `require` says.
        """
        self.require(stamp_ns)
        newest_ns = self._order.newest_ns
        step = self._order.take(stamp_ns)
        if step is Step.REPEATED:
            self._log.count(DUPLICATES)
        elif step is Step.LATE:
            self._log.count(LATE)
            self._log.warn("messages come after later ones; they are left out", _WARN_PERIOD_S)
        elif step is Step.BACK and newest_ns is not None:
            back_s = (newest_ns - stamp_ns) / NANOSECONDS
            self._log.warn(f"stamps went back by {back_s:.3f} s; {self._consequence}")
            self._log.count(TIME_JUMPS)
        return step

    def reset(self) -> None:
        """Forget the newest stamp."""
        self._order = StampOrder()
