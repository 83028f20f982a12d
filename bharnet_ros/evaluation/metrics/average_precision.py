"""Average precision of events, after the protocol of PKU-MMD (arXiv 1703.07475)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.overlaps import Overlaps


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


def match_by_score(overlaps: Overlaps, tiou: float) -> npt.NDArray[np.bool_]:
    """Return (E,) which events are right, if a true action is found once only.

    Events choose in the order of their scores, the surest first: each takes the true action of its
    label that it overlaps most, out of those not taken yet that it overlaps by at least `tiou`.
    """
    good = np.flatnonzero(overlaps.same_label & (overlaps.tiou >= tiou))
    choices: dict[int, list[tuple[float, int]]] = {}
    for pair in good:
        choices.setdefault(int(overlaps.event[pair]), []).append(
            (-float(overlaps.tiou[pair]), int(overlaps.true[pair]))
        )
    for wanted in choices.values():
        wanted.sort()

    def rank(number: int) -> tuple[float, ...]:
        # Equally sure ones must not depend on the order in which they are listed.
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
    """Return the curve of some events.

    The curve has one point for each score that occurs: equal scores cannot be told apart by a
    threshold. Its area is taken with the precision at each recall interpolated as the greatest
    precision at that recall or beyond, at every recall that occurs (PASCAL VOC from 2010 on).

    Args:
        label: Name of the action.
        scores: (E,) score of each event.
        right: (E,) whether it is right.
        true_actions: How many should have been found.
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
        reached = np.maximum.accumulate(precision[::-1])[::-1]
        # Divided last: sixths do not add up to one exactly.
        area = float(np.sum(np.diff(hits, prepend=0) * reached)) / true_actions
    return PrecisionRecall(
        label=label,
        scores=tuple(falling[last].tolist()),
        precision=tuple(precision.tolist()),
        recall=tuple(recall.tolist()),
        average_precision=area,
    )
