"""How much of an action must be seen until it is named rightly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EarlyRecognition:
    """How many true actions are named rightly when a part of them has been seen.

    Attributes:
        fraction: Part of the action's duration that has passed, 0..1.
        by_scores: Share for which the newest scores rank it first; NaN where no scores are known.
        by_events: Share for which its ONSET has been published.
    """

    fraction: float
    by_scores: float
    by_events: float
