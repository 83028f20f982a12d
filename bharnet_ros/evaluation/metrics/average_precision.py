"""Average precision of events by the protocol of PKU-MMD (arXiv 1703.07475)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.overlaps import Overlaps


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall of the events that reach a score, for each score.

    Attributes:
        label: Name of the action.
        scores: The different scores, falling.
        precision: One for each score.
        recall: One for each score, rising.
        average_precision: Area under the interpolated curve; NaN without true actions.
    """

    label: str
    scores: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    average_precision: float


def match_by_score(overlaps: Overlaps, tiou: float) -> npt.NDArray[np.bool_]:
    """Return (E,) which events are right, each true action being found at most once.

    Events choose by falling score. Each takes the free true action of its label that it overlaps
    most, by at least `tiou`.
    """
    candidates = np.flatnonzero(overlaps.same_label & (overlaps.tiou >= tiou))
    choices: dict[int, list[tuple[float, int]]] = {}
    for pair in candidates:
        choices.setdefault(int(overlaps.event_index[pair]), []).append(
            (-float(overlaps.tiou[pair]), int(overlaps.truth_index[pair]))
        )
    for choice in choices.values():
        choice.sort()

    def rank(number: int) -> tuple[float, ...]:
        # Ties of scores must not depend on the order of the list.
        event = overlaps.events[number]
        return -event.score, choices[number][0][0], event.start_s, event.end_s

    right = np.zeros(len(overlaps.events), dtype=bool)
    taken: set[int] = set()
    for number in sorted(choices, key=rank):
        free = next((true for _, true in choices[number] if true not in taken), None)
        if free is not None:
            taken.add(free)
            right[number] = True
    return right


def precision_recall(
    label: str, scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], true_actions: int
) -> PrecisionRecall:
    """Return the precision-recall curve of events.

    The curve has one point for each different score, because a threshold cannot separate equal
    scores. For its area, the precision at each recall that occurs is the greatest precision at that
    recall or beyond (PASCAL VOC since 2010).

    Args:
        label: Name of the action.
        scores: (E,) score of each event.
        right: (E,) whether each event is right.
        true_actions: Number of true actions.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))[: len(falling)]
    hits = np.cumsum(right[order])[last]
    precision = hits / (last + 1)
    area = math.nan
    recall = np.full(len(last), math.nan)
    if true_actions:
        recall = hits / true_actions
        interpolated = np.maximum.accumulate(precision[::-1])[::-1]
        # Divided last, because sixths do not add up to exactly one.
        area = float(np.sum(np.diff(hits, prepend=0) * interpolated)) / true_actions
    return PrecisionRecall(
        label=label,
        scores=tuple(falling[last].tolist()),
        precision=tuple(precision.tolist()),
        recall=tuple(recall.tolist()),
        average_precision=area,
    )
