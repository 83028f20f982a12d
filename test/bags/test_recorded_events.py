"""Recorded events are made complete."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bharnet_ros.bags.recorded_events import whole_events
from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase

ONSET = ActionEvent(10, "a", Phase.ONSET, "body_1", 0, "wave", 0.5, 0.5, 0.5, 5, 8)
OFFSET = replace(ONSET, stamp_ns=20, phase=Phase.OFFSET, end_ns=15, reason=OffsetReason.ENDED)


def whole(*events):
    kept, notes = whole_events((event, 0.1) for event in events)
    return [event for event, _ in kept], notes


def test_complete_events_are_unchanged():
    assert whole(ONSET, OFFSET) == ([ONSET, OFFSET], [])


def test_messages_that_come_twice_count_once():
    events, notes = whole(ONSET, ONSET, OFFSET, OFFSET)
    assert events == [ONSET, OFFSET]
    assert notes == ["2 messages of events were repeated"]


def test_event_from_before_the_recording_is_left_out():
    events, notes = whole(replace(OFFSET, event_id="before"), ONSET, OFFSET)
    assert events == [ONSET, OFFSET]
    assert notes == ["1 events began before the recording and are left out"]


def test_event_that_is_open_at_the_end_ends_at_the_newest_stamp():
    other = replace(ONSET, event_id="b", stamp_ns=30)
    events, notes = whole(ONSET, other, replace(OFFSET, event_id="b", stamp_ns=40))
    assert events[-1] == replace(
        ONSET, stamp_ns=40, phase=Phase.OFFSET, reason=OffsetReason.SOURCE_ENDED
    )
    assert notes == ["1 events were open at its end"]


def test_two_different_messages_of_one_phase_are_refused():
    with pytest.raises(ValueError, match="event a: has two ONSETs that differ"):
        whole(ONSET, replace(ONSET, start_ns=6))
