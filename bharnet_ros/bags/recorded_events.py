"""Events that were published while a recording was made, which may begin or end amid one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase
from bharnet_ros.types.errors import InputError


def whole_events(
    events: Iterable[tuple[ActionEvent, float]],
) -> tuple[list[tuple[ActionEvent, float]], list[str]]:
    """Make recorded events whole: what was said twice, was begun before or had no time to end.

    A repeated message counts once. An OFFSET whose event began before the recording is left out. An
    event that was still open at the end gets an OFFSET (source_lost) with the newest stamp.

    Args:
        events: Events in the order of the recording, and the latency of each, seconds.

    Returns:
        Whole events and their latencies; and a sentence for each kind of change.

    Raises:
        InputError: Two different messages tell the same phase of an event; names its id.
    """
    kept: list[tuple[ActionEvent, float]] = []
    told: dict[tuple[str, Phase], ActionEvent] = {}
    repeated = unbegun = 0
    for event, latency in events:
        key = event.event_id, event.phase
        if key in told:
            if told[key] != event:
                raise InputError(
                    f"event {event.event_id}: has two {event.phase.name}s that are not the same"
                )
            repeated += 1
            continue
        told[key] = event
        if event.phase is Phase.OFFSET and (event.event_id, Phase.ONSET) not in told:
            unbegun += 1
            continue
        kept.append((event, latency))
    newest_ns = max((event.stamp_ns for event, _ in kept), default=0)
    unended = [one for one in kept if (one[0].event_id, Phase.OFFSET) not in told]
    kept += [
        (
            replace(event, stamp_ns=newest_ns, phase=Phase.OFFSET, reason=OffsetReason.SOURCE_LOST),
            latency,
        )
        for event, latency in unended
    ]
    notes = {
        "messages of events were repeated": repeated,
        "events began before the recording and are left out": unbegun,
        "events were open at its end": len(unended),
    }
    return kept, [f"{count} {what}" for what, count in notes.items() if count]
