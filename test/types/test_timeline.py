"""Events of a recording: ONSETs and OFFSETs are joined; those that do not match are named."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase
from bharnet_ros.types.timeline import TrueAction, found_events

SECOND = 1_000_000_000
ORIGIN = 1000 * SECOND


def message(phase: Phase, at_s: float, event_id: str = "a", **fields: Any) -> ActionEvent:
    """Return a published event whose action lies one second before its stamp."""
    times = {
        "stamp_ns": ORIGIN + round(at_s * SECOND),
        "start_ns": ORIGIN + SECOND,
        "end_ns": ORIGIN + round((at_s - 1) * SECOND),
    }
    known = {"track_id": "ann", "class_id": 0, "label": "wave", "score": 0.7}
    experts = {"body_score": 0.5, "hand_score": 0.6}
    return ActionEvent(
        **{**times, **known, **experts, "event_id": event_id, "phase": phase, **fields}
    )


def test_an_event_joins_its_onset_and_its_offset() -> None:
    published = [
        message(Phase.ONSET, 2.5),
        message(Phase.ONSET, 2.6, "b", track_id="bob"),
        message(Phase.OFFSET, 4.0, score=0.9, reason=OffsetReason.REPLACED),
        message(Phase.OFFSET, 5.0, "b", track_id="bob", reason=OffsetReason.PERSON_LOST),
    ]
    first, second = found_events(published, ORIGIN, [0.02, 0.03, 0.04, 0.05])
    assert (first.label, first.track_id, first.score) == ("wave", "ann", 0.9)
    assert (first.start_s, first.end_s) == (1.0, 3.0)
    assert (first.onset_s, first.offset_s) == (2.5, 4.0)
    assert (first.reason, first.latency_s) == ("replaced", 0.02)
    assert (second.track_id, second.reason, second.latency_s) == ("bob", "person_lost", 0.03)


def test_in_a_replay_there_is_no_latency() -> None:
    (event,) = found_events([message(Phase.ONSET, 2.0), message(Phase.OFFSET, 3.0)], ORIGIN)
    assert math.isnan(event.latency_s)


@pytest.mark.parametrize(
    ("phases", "complaint"),
    [
        ((Phase.OFFSET,), "OFFSET and no ONSET"),
        ((Phase.ONSET,), "ONSET and no OFFSET"),
        ((Phase.ONSET, Phase.ONSET), "two ONSETs"),
        ((Phase.ONSET, Phase.OFFSET, Phase.OFFSET), "two OFFSETs"),
    ],
)
def test_events_that_do_not_match_are_named(phases: tuple[Phase, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=f"event a: has .*{complaint}"):
        found_events([message(phase, 2.0 + number) for number, phase in enumerate(phases)], ORIGIN)


@pytest.mark.parametrize(("start", "end"), [(2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_impossible_times_are_refused(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="wave"):
        TrueAction("wave", start, end)
