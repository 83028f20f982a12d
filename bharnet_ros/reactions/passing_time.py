"""Time that passes by the stamps of a topic, and by a steady clock while the topic is silent."""

from __future__ import annotations

import time
from collections.abc import Callable

from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.stamps import StampOrder, Step


class PassingTime:
    """Counts seconds by stamps, so that simulated time and bags at any speed behave as live.

    A source that stops would stop this time. After a silence, a steady clock counts instead, from
    the last message on. Stamps that go back add nothing.
    """

    def __init__(self, silence_s: float, steady: Callable[[], float] = time.monotonic) -> None:
        """Start at zero.

        Args:
            silence_s: Seconds without a message after which the steady clock counts.
            steady: Returns seconds on a clock that never goes back.
        """
        self._silence_s = silence_s
        self._steady = steady
        self._order = StampOrder()
        self._passed_s = 0.0
        self._arrived_s = steady()

    def take(self, stamp_ns: int) -> None:
        """Take the stamp of the next message, nanoseconds."""
        before_ns = self._order.newest_ns
        step_s = 0.0
        if self._order.take(stamp_ns) is Step.FORWARD and before_ns is not None:
            step_s = (stamp_ns - before_ns) / NANOSECONDS
        silent_s = self._silent_s()
        if before_ns is None or silent_s >= self._silence_s:
            step_s = max(step_s, silent_s)
        self._passed_s += step_s
        self._arrived_s = self._steady()

    def begin(self) -> float:
        """Return a beginning to give to `since`."""
        return self._passed_s + self._silent_s()

    def since(self, begin: float) -> float:
        """Return the seconds since a beginning."""
        silent_s = self._silent_s()
        now = self._passed_s + (silent_s if silent_s >= self._silence_s else 0.0)
        return max(0.0, now - begin)

    def _silent_s(self) -> float:
        return self._steady() - self._arrived_s
