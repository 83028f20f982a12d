"""Early recognition: the share of an action that must pass before it is recognised."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.overlaps import Overlaps
from bharnet_ros.types.timeline import ANYBODY, ScoreTrace, Timeline, TrueAction

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Parts of an action after which recognition is measured."""


@dataclass(frozen=True)
class EarlyRecognition:
    """Share of true actions recognised after a part of them has passed.

    Attributes:
        fraction: Part of the action's duration that has passed, 0..1.
        by_scores: Share whose label the newest scores rank first; NaN without scores.
        by_events: Share whose ONSET has been published; NaN without true actions.
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
        timelines: The recordings; `by_scores` covers only those with traces.
        assigned: Track of each person, for each recording.
        overlaps: Events and true actions of the recordings.
    """
    fractions = np.array(FRACTIONS)
    scored = [
        _recognised_by_scores(timeline, tracks, action, fractions)
        for timeline, tracks in zip(timelines, assigned, strict=True)
        if timeline.traces
        for action in timeline.truth
    ]
    by_scores = np.mean(scored, axis=0) if scored else np.full(len(fractions), math.nan)
    by_events = np.full(len(fractions), math.nan)
    if overlaps.truth:
        onsets = np.full(len(overlaps.truth), math.inf)
        right = np.flatnonzero(overlaps.same_label)
        published = np.array(
            [overlaps.events[number].onset_s for number in overlaps.event_index[right]]
        )
        np.minimum.at(onsets, overlaps.truth_index[right], published)
        passed = np.array([_times_passed(action, fractions) for action in overlaps.truth])
        by_events = (onsets[:, None] <= passed).mean(axis=0)
    return tuple(
        EarlyRecognition(*map(float, point))
        for point in zip(fractions, by_scores, by_events, strict=True)
    )


def _times_passed(
    action: TrueAction, fractions: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return (F,) the times at which each fraction of an action has passed."""
    return action.start_s + fractions * action.duration_s


def _recognised_by_scores(
    timeline: Timeline,
    tracks: Mapping[str, str | None],
    action: TrueAction,
    fractions: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Return (F,) whether the newest scores since the start of the action rank its label first."""
    recognised = np.zeros(len(fractions), dtype=bool)
    if action.label not in timeline.class_names:
        return recognised
    class_id = timeline.class_names.index(action.label)
    for trace in timeline.traces:
        if action.track_id == ANYBODY or tracks[action.track_id] == trace.track_id:
            recognised |= _ranked_first(trace, class_id, action, fractions)
    return recognised


def _ranked_first(
    trace: ScoreTrace, class_id: int, action: TrueAction, fractions: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Return (F,) the same for the scores of one track."""
    newest = np.searchsorted(trace.stamps_s, _times_passed(action, fractions), side="right") - 1
    first = np.searchsorted(trace.stamps_s, action.start_s)
    known = newest >= first
    first_ranked = np.zeros(len(fractions), dtype=bool)
    first_ranked[known] = trace.probabilities[newest[known]].argmax(axis=1) == class_id
    return first_ranked
