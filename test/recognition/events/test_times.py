"""Scores to events: their estimated times, people who come and go, and stamps that jump."""

from __future__ import annotations

import pytest
from score_streams import CLASSES, WINDOW_S, detector, feed, ns, person, phases, scores

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase

WAVE_ONSET = (Phase.ONSET, "wave", OffsetReason.NONE)


# ---------------------------------------------------------------- when it began and ended


@pytest.mark.parametrize("stride", [0.04, 0.1, 0.25])
@pytest.mark.parametrize("window_s", [0.8, 2.0])
def test_begin_and_end_are_estimated_to_one_stride(stride: float, window_s: float) -> None:
    """A classifier as sure as the window is full of the action flips half a window late."""
    begin, end = 3.0, 6.0
    events_of = EventFinder(CLASSES, EventParameters())
    events: list[ActionEvent] = []
    for index in range(round(12 / stride)):
        now = index * stride
        filled = max(0.0, min(now, end) - max(now - window_s, begin)) / window_s
        events += events_of.update(
            scores(now, person(now, wave=min(1.0, filled), window_s=window_s))
        )
    onset, offset = events
    assert abs(onset.start_ns - ns(begin)) <= (stride + 0.002) * 1e9
    assert abs(offset.end_ns - ns(end)) <= (stride + 0.002) * 1e9
    assert onset.start_ns <= onset.end_ns <= onset.stamp_ns


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_times_fit_a_classifier_that_is_sure_when_another_share_of_the_window_is_full(
    share: float,
) -> None:
    begin, end, stride, window_s = 3.0, 6.0, 0.1, 2.0
    events_of = detector(support_share=share)
    events: list[ActionEvent] = []
    for index in range(round(12 / stride)):
        now = index * stride
        filled = max(0.0, min(now, end) - max(now - window_s, begin)) / window_s
        sure = 1.0 if filled > share else 0.0
        events += events_of.update(scores(now, person(now, wave=sure, window_s=window_s)))
    onset, offset = events
    assert abs(onset.start_ns - ns(begin)) <= (stride + 0.002) * 1e9
    assert abs(offset.end_ns - ns(end)) <= (stride + 0.002) * 1e9


def test_an_action_under_way_in_the_first_window_began_with_it() -> None:
    (onset,) = feed(detector(), 5, 5.1, wave=0.9)
    assert onset.start_ns == ns(5.0 - WINDOW_S)


@pytest.mark.parametrize(("gap_s", "start_s"), [(0.3, 1.0), (0.6, 1.8)])
def test_only_a_gap_longer_than_min_gap_restarts_an_action(gap_s: float, start_s: float) -> None:
    """Support from 1.0 s for 0.2 s, a gap, then support for long enough to open an event."""
    events_of = detector(min_duration_s=0.5, min_gap_s=0.4)
    feed(events_of, 0, 1)
    assert feed(events_of, 1, 1.2, wave=0.9) + feed(events_of, 1.2, 1.2 + gap_s) == []
    (onset,) = feed(events_of, 1.2 + gap_s, 3, wave=0.9)
    assert onset.start_ns == ns(start_s - WINDOW_S / 2)


def test_an_action_cut_off_by_the_end_lasted_to_the_newest_frame() -> None:
    events_of = detector()
    feed(events_of, 0, 2, wave=0.9)
    (offset,) = events_of.close(OffsetReason.SHUTDOWN)
    assert (offset.reason, offset.end_ns) == (OffsetReason.SHUTDOWN, ns(1.9))


def test_an_action_that_faded_before_the_end_is_not_stretched_to_it() -> None:
    events_of = detector(min_gap_s=1.0)
    feed(events_of, 0, 2, wave=0.9)
    feed(events_of, 2, 2.5)
    (offset,) = events_of.close(OffsetReason.SHUTDOWN)
    assert offset.end_ns == ns(1.9 - WINDOW_S / 2)


# ---------------------------------------------------------------- people, gaps and stamps


def test_a_missing_person_closes_the_event_after_the_timeout() -> None:
    events_of = detector(person_timeout_s=1.0)
    feed(events_of, 0, 1, wave=0.9)
    assert events_of.update(scores(1.8)) == []
    (offset,) = events_of.update(scores(1.9))
    assert (offset.reason, offset.stamp_ns) == (OffsetReason.PERSON_LOST, ns(1.9))
    assert offset.end_ns == ns(0.9), "the last frame with the person"
    assert events_of.open_events == ()


def test_a_person_back_within_the_timeout_continues_the_event() -> None:
    events_of = detector(person_timeout_s=1.0)
    feed(events_of, 0, 1, wave=0.9)
    events_of.update(scores(1.5))
    assert feed(events_of, 1.8, 2.5, wave=0.9) == []
    assert len(events_of.open_events) == 1


def test_a_person_back_after_the_timeout_begins_a_new_event() -> None:
    events_of = detector(person_timeout_s=0.5)
    feed(events_of, 0, 1, wave=0.9)
    events_of.update(scores(1.2))
    events = feed(events_of, 1.6, 1.7, wave=0.9)
    assert phases(events) == [(Phase.OFFSET, "wave", OffsetReason.PERSON_LOST), WAVE_ONSET]
    offset, onset = events
    assert offset.end_ns == ns(0.9)
    assert onset.start_ns == ns(0.9), "its window reaches back into the event before"


def test_slow_scores_do_not_count_as_a_missing_person() -> None:
    events_of = detector(person_timeout_s=0.5, source_timeout_s=5.0)
    assert phases(feed(events_of, 0, 10, 2.0, wave=0.9)) == [WAVE_ONSET]


def test_scores_that_stay_out_close_everything_as_source_lost() -> None:
    events_of = detector(source_timeout_s=2.0)
    feed(events_of, 0, 1, wave=0.9)
    assert feed(events_of, 2.9, 3.0, wave=0.9) == [], "2.0 s is not yet too long"
    offset, onset = feed(events_of, 5.0, 5.1, wave=0.9)
    assert (offset.reason, offset.stamp_ns, offset.end_ns) == (
        OffsetReason.SOURCE_LOST,
        ns(2.9),
        ns(2.9),
    )
    assert onset.start_ns == ns(5.0 - WINDOW_S)


def test_people_do_not_influence_each_other() -> None:
    events_of = detector()
    events = events_of.update(
        scores(1, person(1, wave=0.9, track_id="a"), person(1, point=0.9, track_id="b"))
    )
    assert [(event.track_id, event.label) for event in events] == [("a", "wave"), ("b", "point")]
    events = events_of.update(
        scores(2, person(2, track_id="a"), person(2, point=0.9, track_id="b"))
    )
    assert [(event.track_id, event.phase) for event in events] == [("a", Phase.OFFSET)]
    assert [event.track_id for event in events_of.open_events] == ["b"]


def test_a_stamp_that_goes_back_closes_everything_and_starts_anew() -> None:
    events_of = detector(min_duration_s=0.2)
    feed(events_of, 10, 11, wave=0.9)
    events = feed(events_of, 1, 1.5, point=0.9)
    assert phases(events) == [
        (Phase.OFFSET, "wave", OffsetReason.TIME_JUMP),
        (Phase.ONSET, "point", OffsetReason.NONE),
    ]
    offset, onset = events
    assert (offset.stamp_ns, offset.end_ns) == (ns(10.9), ns(10.9))
    assert onset.stamp_ns == ns(1.2), "what was seen before the jump does not count"
    assert onset.start_ns == ns(1.0 - WINDOW_S)


def test_a_repeated_message_changes_nothing() -> None:
    events_of = detector(smoothing_s=0.5, exit_threshold=0.1)
    feed(events_of, 0, 1)
    again = scores(1.0, person(1.0, wave=1.0))
    assert events_of.update(again) == []
    for _ in range(50):
        assert events_of.update(again) == []
    (onset,) = feed(events_of, 1.1, 2, wave=1.0)
    assert onset.stamp_ns == ns(1.4)


def test_other_scores_with_the_stamp_of_the_newest_are_ignored() -> None:
    events_of = detector()
    events_of.update(scores(1.0, person(1.0)))
    assert events_of.update(scores(1.0, person(1.0, wave=1.0))) == []


def test_close_without_open_events_says_nothing() -> None:
    events_of = detector()
    assert events_of.close(OffsetReason.SHUTDOWN) == []
    feed(events_of, 0, 1)
    assert events_of.close(OffsetReason.SHUTDOWN) == []


def test_close_stamps_the_offset_and_never_before_the_newest_scores() -> None:
    for given_s, expected_s in ((5.0, 5.0), (-5.0, 0.0)):
        events_of = detector()
        feed(events_of, 0, 0.1, wave=0.9)
        (offset,) = events_of.close(OffsetReason.SOURCE_LOST, ns(given_s))
        assert offset.stamp_ns == ns(expected_s)


def test_close_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        detector().close(OffsetReason.NONE)


def test_events_after_close_do_not_overlap_those_before() -> None:
    events_of = detector()
    feed(events_of, 0, 1, wave=0.9)
    (offset,) = events_of.close(OffsetReason.SOURCE_LOST)
    (onset,) = feed(events_of, 1, 1.1, wave=0.9)
    assert onset.start_ns == offset.end_ns
