"""Events from scores: the guarantees of docs/events.md, for arbitrary scores."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_streams import BACKGROUND_ID, CLASSES, parameters, without_ids

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import PER_CLASS, EventParameters
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores

pytestmark = pytest.mark.slow

probability = st.one_of(st.sampled_from([0.39, 0.4, 0.5, 0.6, 1.0]), st.floats(0.0, 1.0, width=32))
decision = st.one_of(
    st.sampled_from([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.1, 0.8, 0.1)]),
    st.tuples(probability, probability, probability),
)


@st.composite
def track_scores(draw: st.DrawFn, track_id: str, stamp_ns: int) -> TrackScores:
    end = stamp_ns - draw(st.sampled_from([0, 0, 0, 10_000_000, 900_000_000]))
    length = draw(st.sampled_from([0, 500_000_000, 2_000_000_000, 100_000_000_000]))
    return TrackScores(
        track_id=track_id,
        window_start_ns=end - length,
        window_end_ns=end,
        probabilities=np.array(draw(decision)),
        body_probabilities=np.full(3, 0.5),
        hand_probabilities=np.full(3, 0.5),
    )


in_view = st.sampled_from(["a", "a", "a", "ab", "ba", "bc", "cab", ""])
steps_s = st.sampled_from([*[0.1] * 6, 0.033, 0.5, 1.5, 2.5, 70.0, 0.0, -0.05, -3.0])


@st.composite
def recordings(draw: st.DrawFn) -> list[ActionScores]:
    """Draw periods of equal scores, which open events, with any step in time between them."""
    stamp = 1_000 * 1_000_000_000
    recording: list[ActionScores] = []
    for _ in range(draw(st.integers(1, 10))):
        stamp += round(draw(steps_s) * 1e9)
        tracks = tuple(draw(track_scores(track_id, stamp)) for track_id in draw(in_view))
        for _ in range(draw(st.integers(1, 8))):
            recording.append(ActionScores(stamp_ns=stamp, tracks=tracks))
            stamp += 100_000_000
            tracks = tuple(
                dataclasses.replace(
                    track,
                    window_start_ns=track.window_start_ns + 100_000_000,
                    window_end_ns=track.window_end_ns + 100_000_000,
                )
                for track in tracks
            )
        stamp -= 100_000_000
    return recording


duration = st.sampled_from([0.0, 0.1, 0.3])
refractory = st.sampled_from([0.0, 0.0, 0.4, 3.0])
any_parameters = st.builds(
    EventParameters,
    enter_threshold=st.sampled_from([0.4, 0.6]),
    exit_threshold=st.sampled_from([0.2, 0.4]),
    rejection_threshold=st.sampled_from([0.0, 0.7]),
    smoothing_s=duration,
    min_duration_s=duration,
    min_gap_s=duration,
    refractory_s=refractory,
    support_share=st.sampled_from([0.5, 0.0, 0.3, 1.0]),
    person_timeout_s=st.sampled_from([0.0, 0.3, 1.0]),
    class_parameters=st.dictionaries(
        st.sampled_from(CLASSES[1:]),
        st.fixed_dictionaries(
            {},
            optional={
                "enter_threshold": st.sampled_from([0.4, 0.8]),
                "exit_threshold": st.sampled_from([0.1, 0.4]),
                "rejection_threshold": st.sampled_from([0.0, 0.9]),
                "min_duration_s": duration,
                "min_gap_s": duration,
                "refractory_s": refractory,
            },
        ),
    ),
)


class Consumer:
    """Takes events as they come and checks the guarantees of a finder."""

    def __init__(self, finder: EventFinder) -> None:
        self.rules = [finder.rules.parameters.of_class(label) for label in CLASSES]
        self.seen: set[str] = set()
        self.open_on: dict[str, ActionEvent] = {}
        self.newest_on: dict[str, ActionEvent] = {}
        self.ended_ns: dict[tuple[str, int], int] = {}

    def take(self, events: list[ActionEvent]) -> None:
        for event, successor in zip_longest(events, events[1:]):
            before = self.newest_on.get(event.track_id)
            assert event.start_ns <= event.end_ns <= event.stamp_ns
            assert before is None or before.stamp_ns <= event.stamp_ns, "in order on a track"
            if event.phase is Phase.ONSET:
                self._begin(event, before)
            else:
                self._end(event, successor)
            self.newest_on[event.track_id] = event

    def jump(self) -> None:
        """Forget the times before a stamp went back; nothing may be open."""
        assert not self.open_on
        self.newest_on.clear()
        self.ended_ns.clear()

    def _begin(self, onset: ActionEvent, before: ActionEvent | None) -> None:
        assert onset.event_id not in self.seen
        assert onset.track_id not in self.open_on, "one open event on a track"
        assert onset.reason is OffsetReason.NONE
        assert onset.class_id != BACKGROUND_ID
        assert onset.label == CLASSES[onset.class_id]
        assert before is None or onset.start_ns >= before.end_ns, "no overlap on a track"
        rule = self.rules[onset.class_id]
        assert onset.score >= max(rule.enter_threshold, rule.rejection_threshold)
        ended_ns = self.ended_ns.get((onset.track_id, onset.class_id))
        assert ended_ns is None or onset.stamp_ns - ended_ns >= rule.refractory_s * 1e9
        self.seen.add(onset.event_id)
        self.open_on[onset.track_id] = onset

    def _end(self, offset: ActionEvent, successor: ActionEvent | None) -> None:
        onset = self.open_on.pop(offset.track_id)
        assert (offset.event_id, offset.class_id, offset.start_ns) == (
            onset.event_id,
            onset.class_id,
            onset.start_ns,
        )
        assert offset.end_ns >= onset.end_ns
        assert offset.score >= onset.score
        assert offset.reason is not OffsetReason.NONE
        min_duration_ns = self.rules[onset.class_id].min_duration_s * 1e9
        if offset.reason in (OffsetReason.ENDED, OffsetReason.REPLACED):
            assert offset.stamp_ns - onset.stamp_ns >= min_duration_ns, "else it was a mistake"
        if offset.reason is OffsetReason.RETRACTED:
            assert min_duration_ns > 0
        if offset.reason is OffsetReason.REPLACED:
            assert successor is not None
            assert (successor.phase, successor.track_id) == (Phase.ONSET, offset.track_id)
            assert successor.stamp_ns == offset.stamp_ns
            assert successor.class_id != offset.class_id
        self.ended_ns[offset.track_id, offset.class_id] = offset.stamp_ns


def check_invariants(finder: EventFinder, recording: list[ActionScores]) -> list[ActionEvent]:
    """Feed a recording, close, check every guarantee, and return all events."""
    consumer = Consumer(finder)
    everything: list[ActionEvent] = []
    newest: int | None = None
    for message in recording:
        events = finder.update(message)
        everything += events
        behind_ns = 0 if newest is None else newest - message.stamp_ns
        if 0 < behind_ns <= 1_000_000_000:
            assert events == [], "late scores change nothing"
            continue
        if behind_ns > 0:
            jumped = [event for event in events if event.reason is OffsetReason.TIME_JUMP]
            assert all(event.stamp_ns == newest for event in jumped)
            assert events[: len(jumped)] == jumped
            consumer.take(jumped)
            consumer.jump()
            events = events[len(jumped) :]
        assert all(
            event.stamp_ns == message.stamp_ns
            for event in events
            if event.reason is not OffsetReason.SOURCE_LOST
        )
        consumer.take(events)
        assert set(finder.open_events) == set(consumer.open_on.values())
        newest = message.stamp_ns
    last = finder.close(OffsetReason.SHUTDOWN)
    assert all(event.reason is OffsetReason.SHUTDOWN for event in last)
    consumer.take(last)
    assert not consumer.open_on, "every ONSET has its OFFSET"
    assert finder.close(OffsetReason.SHUTDOWN) == []
    return everything + last


@settings(max_examples=200, deadline=None, derandomize=True)
@given(recordings(), any_parameters)
def test_the_events_of_any_recording_keep_the_guarantees(
    recording: list[ActionScores], event_parameters: EventParameters
) -> None:
    check_invariants(EventFinder(CLASSES, event_parameters), recording)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(recordings(), any_parameters, st.data())
def test_repeated_messages_in_a_recording_do_not_change_the_events(
    recording: list[ActionScores], event_parameters: EventParameters, data: st.DataObject
) -> None:
    repeated = [
        message for message in recording for _ in range(data.draw(st.integers(1, 3), label="times"))
    ]
    once = check_invariants(EventFinder(CLASSES, event_parameters), recording)
    again = check_invariants(EventFinder(CLASSES, event_parameters), repeated)
    assert without_ids(once) == without_ids(again)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(recordings())
def test_other_people_do_not_change_the_events_of_a_person(recording: list[ActionScores]) -> None:
    together = EventFinder(CLASSES, parameters())
    by_track: dict[str, list[ActionEvent]] = defaultdict(list)
    for message in recording:
        for event in together.update(message):
            by_track[event.track_id].append(event)
    for track_id in "abc":
        alone = EventFinder(CLASSES, parameters())
        events: list[ActionEvent] = []
        for message in recording:
            mine = tuple(track for track in message.tracks if track.track_id == track_id)
            events += alone.update(dataclasses.replace(message, tracks=mine))
        assert without_ids(events) == without_ids(by_track[track_id])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(recordings(), any_parameters)
def test_general_parameters_may_as_well_be_given_for_each_class(
    recording: list[ActionScores], event_parameters: EventParameters
) -> None:
    own = {
        label: {name: getattr(event_parameters.of_class(label), name) for name in PER_CLASS}
        for label in CLASSES[1:]
    }
    spelled_out = EventParameters(
        smoothing_s=event_parameters.smoothing_s,
        support_share=event_parameters.support_share,
        person_timeout_s=event_parameters.person_timeout_s,
        class_parameters=own,
    )
    by_default = check_invariants(EventFinder(CLASSES, event_parameters), recording)
    by_class = check_invariants(EventFinder(CLASSES, spelled_out), recording)
    assert without_ids(by_default) == without_ids(by_class)
