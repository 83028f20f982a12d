"""Reports on the messages of one topic: counts, rejections and warnings."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

DUPLICATES = "duplicates"
LATE = "late"
FROZEN = "frozen"
UNSTAMPED = "without stamp"
TIME_JUMPS = "time jumps"
WITHOUT_DEPTH = "without depth"
BEFORE_MODEL_INFO = "before model_info"
OF_REPLACED_MODEL = "of a replaced model"


class MessageLog(Protocol):
    """Receives the reports of a step of the chain: a node logs them, a replay collects them."""

    def count(self, what: str) -> None:
        """Count something, such as `DUPLICATES`."""

    def reject(self, problem: str) -> None:
        """Report why a message, or a part of one, cannot be used."""

    def warn(self, text: str, period_s: float = 0.0) -> None:
        """Warn, at most once in `period_s` seconds."""


class CollectedLog:
    """Keeps all reports.

    Attributes:
        counts: How often each thing was counted.
        rejected: Problems, in order.
        warnings: Warnings, in order.
    """

    def __init__(self) -> None:
        """Start with no report."""
        self.counts: Counter[str] = Counter()
        self.rejected: list[str] = []
        self.warnings: list[str] = []

    def count(self, what: str) -> None:
        """Count something."""
        self.counts[what] += 1

    def reject(self, problem: str) -> None:
        """Keep a problem."""
        self.rejected.append(problem)

    def warn(self, text: str, period_s: float = 0.0) -> None:
        """Keep a warning. The period is ignored, so that nothing depends on the wall clock."""
        self.warnings.append(text)
