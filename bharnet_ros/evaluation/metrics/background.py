"""Background, the time without true actions: how long it is, and the events in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.timeline import ANYBODY, Timeline

Tracks = Mapping[str, str | None]
"""Track of each person in a recording; None for a person who was never found."""


def without_background(timeline: Timeline) -> Timeline:
    """Return the timeline without truth labelled `background`, which is no action."""
    actions = tuple(action for action in timeline.truth if action.label != BACKGROUND)
    return timeline if len(actions) == len(timeline.truth) else replace(timeline, truth=actions)


def background_s(timelines: Sequence[Timeline], assigned: Sequence[Tracks]) -> float:
    """Return the seconds of the recordings that no true action covers.

    Actions of people who were never found count as background.
    """
    return math.fsum(
        timeline.duration_s - _covered_s(_actions(timeline, tracks), 0.0, timeline.duration_s)
        for timeline, tracks in zip(timelines, assigned, strict=True)
    )


def count_in_background(timelines: Sequence[Timeline], assigned: Sequence[Tracks]) -> int:
    """Return the number of events that lie in the background for more than half of their time."""
    count = 0
    for timeline, tracks in zip(timelines, assigned, strict=True):
        actions = _actions(timeline, tracks)
        for event in timeline.events:
            if event.end_s > event.start_s:
                covered_s = _covered_s(actions, event.start_s, event.end_s)
                count += 2.0 * covered_s < event.duration_s
            else:
                within = (actions[:, 0] <= event.start_s) & (event.start_s <= actions[:, 1])
                count += not within.any()
    return count


def _actions(timeline: Timeline, tracks: Tracks) -> npt.NDArray[np.float64]:
    """Return (A, 2) the times that true actions of found people cover, disjoint and rising."""
    merged: list[list[float]] = []
    for start_s, end_s in sorted(
        (action.start_s, action.end_s)
        for action in timeline.truth
        if action.track_id == ANYBODY or tracks[action.track_id] is not None
    ):
        if merged and start_s <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end_s)
        else:
            merged.append([start_s, end_s])
    return np.array(merged).reshape(-1, 2)


def _covered_s(actions: npt.NDArray[np.float64], start_s: float, end_s: float) -> float:
    """Return the seconds of a span that disjoint actions (A, 2) cover."""
    shared = np.minimum(actions[:, 1], end_s) - np.maximum(actions[:, 0], start_s)
    return float(np.maximum(shared, 0.0).sum())
