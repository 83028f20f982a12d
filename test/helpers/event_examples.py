"""Timelines with events and truth, for tests of event metrics."""

from __future__ import annotations

import math

from bharnet_ros.types.timeline import FoundEvent, Timeline, TrueAction


def event(
    label: str,
    start_s: float,
    end_s: float,
    score: float = 0.9,
    track_id: str = "body_1",
    latency_s: float = math.nan,
) -> FoundEvent:
    """Return an event whose ONSET and OFFSET were published half a second late."""
    return FoundEvent(
        label, start_s, end_s, score, track_id, start_s + 0.5, end_s + 0.5, latency_s=latency_s
    )


def recording(
    truth: list[TrueAction], events: list[FoundEvent], name: str = "one", duration_s: float = 60.0
) -> Timeline:
    """Return a recording without scores."""
    return Timeline(name, duration_s, tuple(truth), tuple(events), frames=600, dropped=6)


def by_hand() -> Timeline:
    """Return a minute with a match and one mistake of each kind."""
    return recording(
        [
            TrueAction("wave", 4.0, 8.0),
            TrueAction("wave", 14.0, 18.0),
            TrueAction("point", 24.0, 28.0),
            TrueAction("point", 34.0, 38.0),
        ],
        [
            event("wave", 5.0, 9.0, score=0.9, latency_s=0.1),  # 3 s of 5: right
            event("wave", 17.0, 21.0, score=0.8, latency_s=0.2),  # 1 s of 7: badly timed
            event("wave", 24.0, 29.0, score=0.7, latency_s=0.3),  # 4 s of 5: wrong label
            event("point", 50.0, 52.0, score=0.6),  # no true action: false
        ],  # nothing found the last action: missed
    )
