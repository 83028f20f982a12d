"""Whom a track shows: truth names people by its own names, the tracker by others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from bharnet_ros.evaluation.metrics.overlaps import same_label, shared_time
from bharnet_ros.types.timeline import ANYBODY, ScoreTrace, Timeline, TrueAction

Evidence = npt.NDArray[np.float64]
"""(P, K) how much speaks for each person's being each track; 0 where nothing does."""


def assign_tracks(timeline: Timeline) -> dict[str, str | None]:
    """Return the track that shows each person of the truth; None for who was never found.

    One track shows one person at most. What decides, as far as it goes, is the time for which a
    track's events lie over true actions of the same label, summed over all people; among those who
    are then left, the time for which they lie over true actions of any label; at last, how probable
    the scores hold the true labels while they are true.
    """
    people = sorted({action.track_id for action in timeline.truth} - {ANYBODY})
    tracks = sorted(
        {event.track_id for event in timeline.events} | {one.track_id for one in timeline.traces}
    )
    assigned: dict[str, str | None] = dict.fromkeys(people)
    if not people or not tracks:
        return assigned
    right_label, any_label = _shared_time(timeline, people, tracks)
    left_people, left_tracks = np.arange(len(people)), np.arange(len(tracks))
    for evidence in (right_label, any_label, _scored(timeline, people, tracks)):
        remaining = evidence[np.ix_(left_people, left_tracks)]
        rows, columns = linear_sum_assignment(remaining, maximize=True)
        some = remaining[rows, columns] > 0.0
        rows, columns = rows[some], columns[some]
        for person, track in zip(left_people[rows], left_tracks[columns], strict=True):
            assigned[people[person]] = tracks[track]
        left_people = np.delete(left_people, rows)
        left_tracks = np.delete(left_tracks, columns)
    return assigned


def _shared_time(
    timeline: Timeline, people: Sequence[str], tracks: Sequence[str]
) -> tuple[Evidence, Evidence]:
    """Return (P, K) seconds that events and true actions share: of the same label, of any."""
    events = timeline.events
    truth = [action for action in timeline.truth if action.track_id != ANYBODY]
    shared = np.maximum(shared_time(events, truth), 0.0)
    place = (
        np.array([people.index(one.track_id) for one in truth], dtype=np.intp)[None, :],
        np.array([tracks.index(one.track_id) for one in events], dtype=np.intp)[:, None],
    )
    any_label = np.zeros((len(people), len(tracks)))
    np.add.at(any_label, place, shared)
    right_label = np.zeros_like(any_label)
    np.add.at(right_label, place, np.where(same_label(events, truth), shared, 0.0))
    return right_label, any_label


def _scored(timeline: Timeline, people: Sequence[str], tracks: Sequence[str]) -> Evidence:
    """Return (P, K) the sum over each person's actions of their mean probability by each track."""
    evidence = np.zeros((len(people), len(tracks)))
    for action in timeline.truth:
        if action.track_id == ANYBODY or action.label not in timeline.class_names:
            continue
        class_id = timeline.class_names.index(action.label)
        for trace in timeline.traces:
            evidence[people.index(action.track_id), tracks.index(trace.track_id)] += (
                _mean_probability(trace, class_id, action)
            )
    return evidence


def _mean_probability(trace: ScoreTrace, class_id: int, action: TrueAction) -> float:
    begin, end = np.searchsorted(trace.stamps_s, (action.start_s, action.end_s))
    return float(trace.probabilities[begin:end, class_id].mean()) if end > begin else 0.0
