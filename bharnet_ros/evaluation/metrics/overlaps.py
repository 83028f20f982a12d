"""Overlap in time of events with true actions, and their best matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bharnet_ros.types.timeline import ANYBODY, FoundEvent, Timeline, TrueAction

Indices = npt.NDArray[np.intp]
Seconds = npt.NDArray[np.float64]


def shared_time(events: Sequence[FoundEvent], truth: Sequence[TrueAction]) -> Seconds:
    """Return (E, T) the seconds that each event shares with each true action.

    Where they are apart, the value is the negative time between them.
    """
    found, true = _times(events)[:, None], _times(truth)[None, :]
    shared: Seconds = np.minimum(found[..., 1], true[..., 1])
    shared -= np.maximum(found[..., 0], true[..., 0])
    return shared


def same_label(events: Sequence[FoundEvent], truth: Sequence[TrueAction]) -> npt.NDArray[np.bool_]:
    """Return (E, T) whether each event has the label of each true action."""
    found = np.array([event.label for event in events], dtype=object)
    true = np.array([action.label for action in truth], dtype=object)
    return np.asarray(found[:, None] == true[None, :], dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Events and true actions of all recordings, and the pairs that share time.

    An event pairs with true actions of the same recording, of any label, by the person whom its
    track shows or by `ANYBODY`.

    Attributes:
        events: E events.
        truth: T true actions.
        event_recording: (E,) index of the recording of each event.
        truth_recording: (T,) index of the recording of each true action.
        event_index: (P,) index of the event of each pair.
        truth_index: (P,) index of the true action of each pair.
        shared_s: (P,) seconds that the two share.
        tiou: (P,) shared seconds over the seconds that either covers, 0..1.
        same_label: (P,) whether the two have the same label.
    """

    events: tuple[FoundEvent, ...]
    truth: tuple[TrueAction, ...]
    event_recording: Indices
    truth_recording: Indices
    event_index: Indices
    truth_index: Indices
    shared_s: Seconds
    tiou: Seconds
    same_label: npt.NDArray[np.bool_]


def find_overlaps(
    timelines: Sequence[Timeline], assigned: Sequence[Mapping[str, str | None]]
) -> Overlaps:
    """Pair the events and true actions of each recording.

    Args:
        timelines: The recordings.
        assigned: Track of each person, for each recording.
    """
    events: list[FoundEvent] = []
    truth: list[TrueAction] = []
    # For each recording: event index, truth index, shared_s, tiou and same_label of its pairs.
    pairs: list[tuple[npt.NDArray[Any], ...]] = []
    for timeline, tracks in zip(timelines, assigned, strict=True):
        event, true, *measured = _pairs(timeline.events, timeline.truth, tracks)
        pairs.append((event + len(events), true + len(truth), *measured))
        events += timeline.events
        truth += timeline.truth
    event, true, shared_s, tiou, same = (
        np.concatenate([np.empty(0, kind), *(recording[column] for recording in pairs)])
        for column, kind in enumerate((np.intp, np.intp, np.float64, np.float64, np.bool_))
    )
    numbers = np.arange(len(timelines))
    return Overlaps(
        events=tuple(events),
        truth=tuple(truth),
        event_recording=np.repeat(numbers, [len(timeline.events) for timeline in timelines]),
        truth_recording=np.repeat(numbers, [len(timeline.truth) for timeline in timelines]),
        event_index=event,
        truth_index=true,
        shared_s=shared_s,
        tiou=tiou,
        same_label=same,
    )


def best_matching(event: Indices, true: Indices, weight: Seconds) -> Indices:
    """Choose as many pairs as possible without using an event or a true action twice.

    Of equally many pairs, those with the greatest sum of weights are chosen.

    Args:
        event: (P,) index of the event of each pair.
        true: (P,) index of the true action of each pair.
        weight: (P,) weight of each pair, 0..1.

    Returns:
        Indices of the chosen pairs, rising.
    """
    if not len(event):
        return np.empty(0, np.intp)
    # Each connected group of pairs is matched on its own, which is fast: recordings are long, and
    # few events overlap.
    events, row = np.unique(event, return_inverse=True)
    truths, column = np.unique(true, return_inverse=True)
    size = len(events) + len(truths)
    graph = coo_matrix((np.ones(len(row)), (row, column + len(events))), (size, size))
    group = connected_components(graph, directed=False)[1][row]
    order = np.argsort(group, kind="stable")
    chosen: list[int] = []
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members) == 1:
            chosen.append(int(members[0]))
            continue
        rows, i = np.unique(row[members], return_inverse=True)
        columns, j = np.unique(column[members], return_inverse=True)
        # One more pair is worth more than all weights together.
        gain = np.zeros((len(rows), len(columns)))
        gain[i, j] = weight[members] + min(gain.shape) + 1.0
        pair = np.full(gain.shape, -1)
        pair[i, j] = members
        best = pair[linear_sum_assignment(gain, maximize=True)]
        chosen += best[best >= 0].tolist()
    return np.sort(np.array(chosen, dtype=np.intp))


def _pairs(
    events: Sequence[FoundEvent], truth: Sequence[TrueAction], tracks: Mapping[str, str | None]
) -> tuple[npt.NDArray[Any], ...]:
    """Return (P,) event index, truth index, shared seconds, tIoU and whether the labels agree."""
    shared = shared_time(events, truth)
    anybody = np.array([action.track_id == ANYBODY for action in truth], dtype=bool)
    assigned = np.array([tracks.get(action.track_id) for action in truth], dtype=object)
    found = np.array([event.track_id for event in events], dtype=object)
    lengths = (_lengths(events)[:, None], _lengths(truth)[None, :])
    # An instant shares no time, yet it may lie within something.
    instant = (lengths[0] == 0.0) | (lengths[1] == 0.0)
    possible = (shared > 0.0) | (instant & (shared == 0.0))
    possible &= anybody[None, :] | (found[:, None] == assigned[None, :]).astype(bool)
    event, true = np.nonzero(possible)
    shared_s = shared[event, true]
    union = lengths[0][event, 0] + lengths[1][0, true] - shared_s
    tiou = np.divide(shared_s, union, out=np.ones_like(union), where=union > 0.0)
    return event, true, shared_s, tiou, same_label(events, truth)[event, true]


def _times(spans: Sequence[FoundEvent] | Sequence[TrueAction]) -> Seconds:
    return np.array([(span.start_s, span.end_s) for span in spans], dtype=np.float64).reshape(-1, 2)


def _lengths(spans: Sequence[FoundEvent] | Sequence[TrueAction]) -> Seconds:
    times = _times(spans)
    return times[:, 1] - times[:, 0]
