"""How much of an action must be seen until it is named rightly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.overlaps import Overlaps
from bharnet_ros.types.timeline import ANYBODY, ScoreTrace, Timeline, TrueAction

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Parts of an action after which it is asked what is known."""


@dataclass(frozen=True)
class EarlyRecognition:
    """How many true actions are named rightly when a part of them has been seen.

    Attributes:
        fraction: Part of the action's duration that has passed, 0..1.
        by_scores: Share for which the newest scores rank it first; NaN where no scores are known.
        by_events: Share for which its ONSET has been published; NaN where nothing is true.
    """

    fraction: float
    by_scores: float
    by_events: float


def early_recognition(
    timelines: Sequence[Timeline],
    assigned: Sequence[Mapping[str, str | None]],
    overlaps: Overlaps,
) -> tuple[EarlyRecognition, ...]:
    """Return the curve over all true actions, one point for each of `FRACTIONS`.

    Args:
        timelines: The recordings; for scores, only those with traces count.
        assigned: Track of each person of each recording.
        overlaps: Their events and true actions.
    """
    fractions = np.array(FRACTIONS)
    scored = [
        _named_by_scores(timeline, tracks, action, fractions)
        for timeline, tracks in zip(timelines, assigned, strict=True)
        if timeline.traces
        for action in timeline.truth
    ]
    by_scores = np.mean(scored, axis=0) if scored else np.full(len(fractions), math.nan)
    by_events = np.full(len(fractions), math.nan)
    if overlaps.truth:
        onsets = np.full(len(overlaps.truth), math.inf)
        right = np.flatnonzero(overlaps.same_label)
        published = np.array([overlaps.events[number].onset_s for number in overlaps.event[right]])
        np.minimum.at(onsets, overlaps.true[right], published)
        seen = np.array([_asked(action, fractions) for action in overlaps.truth])
        by_events = (onsets[:, None] <= seen).mean(axis=0)
    return tuple(
        EarlyRecognition(*map(float, point))
        for point in zip(fractions, by_scores, by_events, strict=True)
    )


def _asked(action: TrueAction, fractions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (F,) the times at which parts of an action have passed."""
    return action.start_s + fractions * action.duration_s


def _named_by_scores(
    timeline: Timeline,
    tracks: Mapping[str, str | None],
    action: TrueAction,
    fractions: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Return (F,) whether the newest scores since the action began rank its label first."""
    named = np.zeros(len(fractions), dtype=bool)
    if action.label not in timeline.class_names:
        return named
    class_id = timeline.class_names.index(action.label)
    for trace in timeline.traces:
        if action.track_id == ANYBODY or tracks[action.track_id] == trace.track_id:
            named |= _ranked_first(trace, class_id, action, fractions)
    return named


def _ranked_first(
    trace: ScoreTrace, class_id: int, action: TrueAction, fractions: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    newest = np.searchsorted(trace.stamps_s, _asked(action, fractions), side="right") - 1
    first = np.searchsorted(trace.stamps_s, action.start_s)
    known = newest >= first
    named = np.zeros(len(fractions), dtype=bool)
    named[known] = trace.probabilities[newest[known]].argmax(axis=1) == class_id
    return named
