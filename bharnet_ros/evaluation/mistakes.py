"""What went wrong in a recording, each mistake once: missed, false, wrong label, badly timed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bharnet_ros.evaluation.timeline import FoundEvent, TrueAction

NOTHING = "nothing"
"""Row of the confusion matrix for events without a true action; column for true actions missed."""


class MistakeKind(str, Enum):
    """How an event and a true action disagree."""

    MISSED = "missed"
    FALSE = "false"
    WRONG_LABEL = "wrong_label"
    BADLY_TIMED = "badly_timed"


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        kind: What is wrong.
        recording: Name of the timeline.
        severity_s: Seconds for which what was found and what is true differ.
        truth: What should have been found; None for a false event.
        event: What was found; None for a true action that was missed.
    """

    kind: MistakeKind
    recording: str
    severity_s: float
    truth: TrueAction | None
    event: FoundEvent | None


@dataclass(frozen=True)
class Confusion:
    """Which labels were found where which are true, each event and each true action once.

    Attributes:
        labels: Names of rows and columns, the last being `NOTHING`.
        counts: counts[i][j] times, labels[i] is true and labels[j] was found.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
