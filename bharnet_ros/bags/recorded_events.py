"""Completing recorded events that the recording holds only in part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase
from bharnet_ros.types.errors import InputError


def whole_events(
    events: Iterable[tuple[ActionEvent, float]],
) -> tuple[list[tuple[ActionEvent, float]], list[str]]:
    """Return recorded events such that each has one ONSET and one OFFSET.

    A repeated message counts once. An OFFSET whose event began before the recording is dropped. An
    event that was still open at the end gets an OFFSET (source_ended) with the newest stamp.

    Args:
        events: Events in the order of recording, each with its latency in seconds.

    Returns:
        Complete events with their latencies, and a sentence for each kind of change.

    Raises:
        InputError: An event has two different messages of one phase; names its id.
    """
    kept: list[tuple[ActionEvent, float]] = []
    seen: dict[tuple[str, Phase], ActionEvent] = {}
    repeated = without_onset = 0
    for event, latency in events:
        key = event.event_id, event.phase
        if key in seen:
            if seen[key] != event:
                raise InputError(f"event {event.event_id}: has two {event.phase.name}s that differ")
            repeated += 1
            continue
        seen[key] = event
        if event.phase is Phase.OFFSET and (event.event_id, Phase.ONSET) not in seen:
            without_onset += 1
            continue
        kept.append((event, latency))
    newest_ns = max((event.stamp_ns for event, _ in kept), default=0)
    still_open = [one for one in kept if (one[0].event_id, Phase.OFFSET) not in seen]
    kept += [
        (
            replace(
                event, stamp_ns=newest_ns, phase=Phase.OFFSET, reason=OffsetReason.SOURCE_ENDED
            ),
            latency,
        )
        for event, latency in still_open
    ]
    notes = {
        "messages of events were repeated": repeated,
        "events began before the recording and are left out": without_onset,
        "events were open at its end": len(still_open),
    }
    return kept, [f"{count} {what}" for what, count in notes.items() if count]
