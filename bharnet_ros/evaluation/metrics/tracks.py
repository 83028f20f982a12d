"""Assignment of tracks to the people of the truth; the tracker names people differently."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from bharnet_ros.evaluation.metrics.overlaps import same_label, shared_time
from bharnet_ros.types.timeline import ANYBODY, ScoreTrace, Timeline, TrueAction

Evidence = npt.NDArray[np.float64]
"""(P, K) evidence that each track shows each person; 0 if there is none."""


def assign_tracks(timeline: Timeline) -> dict[str, str | None]:
    """Return the track that shows each person of the truth; None for a person who was never found.

    A track shows at most one person. Tracks are first assigned by the time that events and true
    actions of the same label share, summed over all people. The remaining ones are assigned by the
    time shared with any label, then by the probability of the true labels while they are true.
    """
    people = sorted({action.track_id for action in timeline.truth} - {ANYBODY})
    tracks = sorted(
        {event.track_id for event in timeline.events}
        | {trace.track_id for trace in timeline.traces}
    )
    assigned: dict[str, str | None] = dict.fromkeys(people)
    if not people or not tracks:
        return assigned
    right_label, any_label = _shared_time(timeline, people, tracks)
    free_people, free_tracks = np.arange(len(people)), np.arange(len(tracks))
    for evidence in (right_label, any_label, _probabilities(timeline, people, tracks)):
        remaining = evidence[np.ix_(free_people, free_tracks)]
        rows, columns = linear_sum_assignment(remaining, maximize=True)
        supported = remaining[rows, columns] > 0.0
        rows, columns = rows[supported], columns[supported]
        for person, track in zip(free_people[rows], free_tracks[columns], strict=True):
            assigned[people[person]] = tracks[track]
        free_people = np.delete(free_people, rows)
        free_tracks = np.delete(free_tracks, columns)
    return assigned


def _shared_time(
    timeline: Timeline, people: Sequence[str], tracks: Sequence[str]
) -> tuple[Evidence, Evidence]:
    """Return (P, K) seconds that events and true actions share: with the same label, with any."""
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


def _probabilities(timeline: Timeline, people: Sequence[str], tracks: Sequence[str]) -> Evidence:
    """Return (P, K) the mean probability of each true action in each track, summed over actions."""
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
