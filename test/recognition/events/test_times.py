"""Events from scores: their estimated times, people who come and go, and stamps that jump."""

from __future__ import annotations

import pytest
from score_streams import CLASSES, WINDOW_S, feed, make_finder, ns, person, phases, scores

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase

WAVE_ONSET = (Phase.ONSET, "wave", OffsetReason.NONE)


# ---------------------------------------------------------------- when it began and ended


@pytest.mark.parametrize("stride", [0.04, 0.1, 0.25])
@pytest.mark.parametrize("window_s", [0.8, 2.0])
def test_start_and_end_are_estimated_to_within_one_stride(stride: float, window_s: float) -> None:
    """The probability is the share of the window that the action fills: it lags half a window."""
    begin, end = 3.0, 6.0
    finder = EventFinder(CLASSES, EventParameters())
    events: list[ActionEvent] = []
    for index in range(round(12 / stride)):
        now = index * stride
        filled = max(0.0, min(now, end) - max(now - window_s, begin)) / window_s
        events += finder.update(scores(now, person(now, wave=min(1.0, filled), window_s=window_s)))
    onset, offset = events
    assert abs(onset.start_ns - ns(begin)) <= (stride + 0.002) * 1e9
    assert abs(offset.end_ns - ns(end)) <= (stride + 0.002) * 1e9
    assert onset.start_ns <= onset.end_ns <= onset.stamp_ns


@pytest.mark.parametrize("of_class", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_times_fit_a_classifier_that_flips_at_another_support_share(
    share: float, of_class: bool
) -> None:
    begin, end, stride, window_s = 3.0, 6.0, 0.1, 2.0
    own = {"class_parameters": {"wave": {"support_share": share}}, "support_share": 0.5}
    finder = make_finder(**(own if of_class else {"support_share": share}))
    events: list[ActionEvent] = []
    for index in range(round(12 / stride)):
        now = index * stride
        filled = max(0.0, min(now, end) - max(now - window_s, begin)) / window_s
        sure = 1.0 if filled > share else 0.0
        events += finder.update(scores(now, person(now, wave=sure, window_s=window_s)))
    onset, offset = events
    assert abs(onset.start_ns - ns(begin)) <= (stride + 0.002) * 1e9
    assert abs(offset.end_ns - ns(end)) <= (stride + 0.002) * 1e9


def test_an_action_in_the_first_window_starts_with_that_window() -> None:
    (onset,) = feed(make_finder(), 5, 5.1, wave=0.9)
    assert onset.start_ns == ns(5.0 - WINDOW_S)


@pytest.mark.parametrize(("gap_s", "start_s"), [(0.3, 1.0), (0.6, 1.8)])
def test_only_a_gap_longer_than_min_gap_restarts_an_action(gap_s: float, start_s: float) -> None:
    """Support from 1.0 s for 0.2 s, a gap, then support for long enough to open an event."""
    finder = make_finder(min_duration_s=0.5, min_gap_s=0.4)
    feed(finder, 0, 1)
    assert feed(finder, 1, 1.2, wave=0.9) + feed(finder, 1.2, 1.2 + gap_s) == []
    (onset,) = feed(finder, 1.2 + gap_s, 3, wave=0.9)
    assert onset.start_ns == ns(start_s - WINDOW_S / 2)


def test_an_action_cut_off_by_the_end_lasts_to_the_newest_frame() -> None:
    finder = make_finder()
    feed(finder, 0, 2, wave=0.9)
    (offset,) = finder.close(OffsetReason.SHUTDOWN)
    assert (offset.reason, offset.end_ns) == (OffsetReason.SHUTDOWN, ns(1.9))


def test_an_action_that_faded_before_the_end_does_not_last_to_it() -> None:
    finder = make_finder(min_gap_s=1.0)
    feed(finder, 0, 2, wave=0.9)
    feed(finder, 2, 2.5)
    (offset,) = finder.close(OffsetReason.SHUTDOWN)
    assert offset.end_ns == ns(1.9 - WINDOW_S / 2)


# ---------------------------------------------------------------- people, gaps and stamps


def test_a_missing_person_closes_the_event_after_the_timeout() -> None:
    finder = make_finder(person_timeout_s=1.0)
    feed(finder, 0, 1, wave=0.9)
    assert finder.update(scores(1.8)) == []
    (offset,) = finder.update(scores(1.9))
    assert (offset.reason, offset.stamp_ns) == (OffsetReason.PERSON_LOST, ns(1.9))
    assert offset.end_ns == ns(0.9), "the last frame with the person"
    assert finder.open_events == ()


def test_a_person_back_within_the_timeout_continues_the_event() -> None:
    finder = make_finder(person_timeout_s=1.0)
    feed(finder, 0, 1, wave=0.9)
    finder.update(scores(1.5))
    assert feed(finder, 1.8, 2.5, wave=0.9) == []
    assert len(finder.open_events) == 1


def test_a_person_back_after_the_timeout_begins_a_new_event() -> None:
    finder = make_finder(person_timeout_s=0.5)
    feed(finder, 0, 1, wave=0.9)
    finder.update(scores(1.2))
    events = feed(finder, 1.6, 1.7, wave=0.9)
    assert phases(events) == [(Phase.OFFSET, "wave", OffsetReason.PERSON_LOST), WAVE_ONSET]
    offset, onset = events
    assert offset.end_ns == ns(0.9)
    assert onset.start_ns == ns(0.9), "its window reaches back into the event before"


def test_slow_scores_do_not_count_as_a_missing_person() -> None:
    finder = make_finder(person_timeout_s=0.5, source_timeout_s=5.0)
    assert phases(feed(finder, 0, 10, 2.0, wave=0.9)) == [WAVE_ONSET]


def test_missing_scores_close_everything_as_source_lost() -> None:
    finder = make_finder(source_timeout_s=2.0)
    feed(finder, 0, 1, wave=0.9)
    assert feed(finder, 2.9, 3.0, wave=0.9) == [], "2.0 s is not yet too long"
    offset, onset = feed(finder, 5.0, 5.1, wave=0.9)
    assert (offset.reason, offset.stamp_ns, offset.end_ns) == (
        OffsetReason.SOURCE_LOST,
        ns(2.9),
        ns(2.9),
    )
    assert onset.start_ns == ns(5.0 - WINDOW_S)


def test_people_do_not_influence_each_other() -> None:
    finder = make_finder()
    events = finder.update(
        scores(1, person(1, wave=0.9, track_id="a"), person(1, point=0.9, track_id="b"))
    )
    assert [(event.track_id, event.label) for event in events] == [("a", "wave"), ("b", "point")]
    events = finder.update(scores(2, person(2, track_id="a"), person(2, point=0.9, track_id="b")))
    assert [(event.track_id, event.phase) for event in events] == [("a", Phase.OFFSET)]
    assert [event.track_id for event in finder.open_events] == ["b"]


def test_a_stamp_that_goes_back_closes_everything_and_starts_anew() -> None:
    finder = make_finder(min_duration_s=0.2)
    feed(finder, 10, 11, wave=0.9)
    events = feed(finder, 1, 1.5, point=0.9)
    assert phases(events) == [
        (Phase.OFFSET, "wave", OffsetReason.TIME_JUMP),
        (Phase.ONSET, "point", OffsetReason.NONE),
    ]
    offset, onset = events
    assert (offset.stamp_ns, offset.end_ns) == (ns(10.9), ns(10.9))
    assert onset.stamp_ns == ns(1.2), "what was seen before the jump does not count"
    assert onset.start_ns == ns(1.0 - WINDOW_S)


def test_a_repeated_message_changes_nothing() -> None:
    finder = make_finder(smoothing_s=0.5, exit_threshold=0.1)
    feed(finder, 0, 1)
    again = scores(1.0, person(1.0, wave=1.0))
    assert finder.update(again) == []
    for _ in range(50):
        assert finder.update(again) == []
    (onset,) = feed(finder, 1.1, 2, wave=1.0)
    assert onset.stamp_ns == ns(1.4)


def test_different_scores_with_the_newest_stamp_are_ignored() -> None:
    finder = make_finder()
    finder.update(scores(1.0, person(1.0)))
    assert finder.update(scores(1.0, person(1.0, wave=1.0))) == []


def test_close_without_open_events_returns_no_events() -> None:
    finder = make_finder()
    assert finder.close(OffsetReason.SHUTDOWN) == []
    feed(finder, 0, 1)
    assert finder.close(OffsetReason.SHUTDOWN) == []


def test_close_never_stamps_an_offset_before_the_newest_scores() -> None:
    for given_s, expected_s in ((5.0, 5.0), (-5.0, 0.0)):
        finder = make_finder()
        feed(finder, 0, 0.1, wave=0.9)
        (offset,) = finder.close(OffsetReason.SOURCE_LOST, ns(given_s))
        assert offset.stamp_ns == ns(expected_s)


def test_close_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        make_finder().close(OffsetReason.NONE)


def test_events_after_close_do_not_overlap_those_before() -> None:
    finder = make_finder()
    feed(finder, 0, 1, wave=0.9)
    (offset,) = finder.close(OffsetReason.SOURCE_LOST)
    (onset,) = feed(finder, 1, 1.1, wave=0.9)
    assert onset.start_ns == offset.end_ns
