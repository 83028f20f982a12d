"""Average precision of events, after the protocol of PKU-MMD."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall where only events of at least a score count.

    Attributes:
        label: Name of the action.
        scores: The scores that occur, falling.
        precision: One for each score.
        recall: One for each score, rising.
        average_precision: Area under the interpolated curve; NaN where nothing is true.
    """

    label: str
    scores: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    average_precision: float
