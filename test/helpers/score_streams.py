"""Scores of made-up windows, for tests of event recognition."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores

CLASSES = ("background", "wave", "point")
BACKGROUND_ID, WAVE, POINT = 0, 1, 2
WINDOW_S = 1.0
START_S = 1_700_000_000.0


def ns(seconds: float) -> int:
    return round((START_S + seconds) * 1000) * 1_000_000


def person(
    seconds: float,
    *,
    wave: float = 0.0,
    point: float = 0.0,
    track_id: str = "a",
    window_s: float = WINDOW_S,
    body: float = 0.0,
    hand: float = 0.0,
) -> TrackScores:
    """Return scores of a window that ends at `seconds`; the experts score every class the same."""
    probabilities = np.array([max(0.0, 1.0 - wave - point), wave, point])
    return TrackScores(
        track_id=track_id,
        window_start_ns=ns(seconds - window_s),
        window_end_ns=ns(seconds),
        probabilities=probabilities,
        body_probabilities=np.full(3, body),
        hand_probabilities=np.full(3, hand),
    )


def scores(seconds: float, *people: TrackScores) -> ActionScores:
    return ActionScores(
        stamp_ns=ns(seconds), tracks=people, frame_id="camera_optical_frame", model_name="tiny"
    )


def parameters(**changes: float) -> EventParameters:
    """Return parameters that react at once, so that an example shows one rule at a time."""
    immediate: dict[str, float] = {"smoothing_s": 0.0, "min_duration_s": 0.0, "min_gap_s": 0.0}
    return EventParameters(**{**immediate, **changes})


def make_finder(**changes: float) -> EventFinder:
    return EventFinder(CLASSES, parameters(**changes))


def feed(
    finder: EventFinder, begin: float, end: float, stride: float = 0.1, **changes: Any
) -> list[ActionEvent]:
    """Feed the same `person` for each stride from `begin` to `end`, `end` excluded."""
    found: list[ActionEvent] = []
    for index in range(round((end - begin) / stride)):
        seconds = begin + index * stride
        found += finder.update(scores(seconds, person(seconds, **changes)))
    return found


def phases(events: list[ActionEvent]) -> list[tuple[Phase, str, OffsetReason]]:
    return [(event.phase, event.label, event.reason) for event in events]


def without_ids(events: list[ActionEvent]) -> list[ActionEvent]:
    return [dataclasses.replace(event, event_id="") for event in events]
