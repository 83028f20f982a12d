"""Whether the stamps of a stream rise, as they should."""

from __future__ import annotations

from enum import Enum

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS


class Step(Enum):
    """How a stamp follows the one before."""

    FORWARD = "forward"
    REPEATED = "repeated"
    BACK = "back"


class StampOrder:
    """Compares each stamp of a stream with the one before.

    Attributes:
        newest_ns: The last stamp, nanoseconds; None before the first.
    """

    def __init__(self) -> None:
        """Start with no stamp."""
        self.newest_ns: int | None = None

    def take(self, stamp_ns: int) -> Step:
        """Take the next stamp, nanoseconds, and say how it follows the one before."""
        before, self.newest_ns = self.newest_ns, stamp_ns
        if before is None or stamp_ns > before:
            return Step.FORWARD
        return Step.REPEATED if stamp_ns == before else Step.BACK


class Silence:
    """Knows for how long nothing came from a source, while what belongs to it did."""

    def __init__(self, silence_s: float = 1.0) -> None:
        """Start with nothing heard.

        Args:
            silence_s: Seconds without anything after which the source counts as stopped.

        Raises:
            InputError: The time is not positive.
        """
        if not silence_s > 0:
            raise InputError(f"silence_s: must be positive, got {silence_s}")
        self._silence_ns = round(silence_s * NANOSECONDS)
        self.reset()

    def reset(self) -> None:
        """Forget all stamps, as after a jump of time."""
        self._heard_ns: int | None = None
        self._first_ns: int | None = None

    def heard(self, stamp_ns: int) -> None:
        """Take note that something came from the source."""
        self._heard_ns = stamp_ns

    def awaited(self, stamp_ns: int) -> None:
        """Take note of what the source belongs to; the first counts while nothing was heard."""
        if self._first_ns is None:
            self._first_ns = stamp_ns

    def lasts(self, stamp_ns: int | None) -> bool:
        """Return whether the source has stopped, at the stamp of the newest that belongs to it."""
        last = self._heard_ns if self._heard_ns is not None else self._first_ns
        return stamp_ns is not None and last is not None and stamp_ns - last > self._silence_ns
