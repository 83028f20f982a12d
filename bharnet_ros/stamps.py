"""Whether the stamps of a stream rise, as they should."""

from __future__ import annotations

from enum import Enum


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
