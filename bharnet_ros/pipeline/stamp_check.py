"""Checks the order of the stamps of one topic: repeated stamps and steps back are reported."""

from __future__ import annotations

from bharnet_ros.pipeline.message_log import DUPLICATES, TIME_JUMPS, MessageLog
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.stamps import StampOrder, Step


class StampCheck:
    """Compares each stamp with the previous one, and reports it if it does not rise."""

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
        """The last stamp, nanoseconds; None before the first."""
        return self._order.newest_ns

    def take(self, stamp_ns: int) -> Step:
        """Return how a stamp, in nanoseconds, follows the previous one."""
        previous_ns = self._order.newest_ns
        step = self._order.take(stamp_ns)
        if step is Step.REPEATED:
            self._log.count(DUPLICATES)
        elif step is Step.BACK and previous_ns is not None:
            back_s = (previous_ns - stamp_ns) / NANOSECONDS
            self._log.warn(f"stamps went back by {back_s:.3f} s; {self._consequence}")
            self._log.count(TIME_JUMPS)
        return step

    def reset(self) -> None:
        """Forget the last stamp."""
        self._order = StampOrder()
