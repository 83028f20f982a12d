"""Scores to events: worked examples, and invariants over arbitrary score streams."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharnet_ros.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores
from bharnet_ros.recognition.events import EventDetector, EventParameters

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
    """Scores of a window that ends at `seconds`; the experts' numbers are given to every class."""
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
    """Parameters that react at once, so that an example shows one rule at a time."""
    at_once: dict[str, float] = {"smoothing_s": 0.0, "min_duration_s": 0.0, "min_gap_s": 0.0}
    return EventParameters(**{**at_once, **changes})


def detector(**changes: float) -> EventDetector:
    return EventDetector(CLASSES, parameters(**changes))


def feed(
    events_of: EventDetector, begin: float, end: float, stride: float = 0.1, **changes: Any
) -> list[ActionEvent]:
    """Feed the same `person` for each stride from `begin` to `end`, `end` excluded."""
    found: list[ActionEvent] = []
    for index in range(round((end - begin) / stride)):
        seconds = begin + index * stride
        found += events_of.update(scores(seconds, person(seconds, **changes)))
    return found


def phases(events: list[ActionEvent]) -> list[tuple[Phase, str, OffsetReason]]:
    return [(event.phase, event.label, event.reason) for event in events]


WAVE_ONSET = (Phase.ONSET, "wave", OffsetReason.NONE)


# ---------------------------------------------------------------- one event


def test_an_action_gives_one_onset_and_one_offset_with_the_same_id() -> None:
    events_of = detector()
    events = feed(events_of, 0, 1) + feed(events_of, 1, 2, wave=0.9) + feed(events_of, 2, 3)
    assert phases(events) == [WAVE_ONSET, (Phase.OFFSET, "wave", OffsetReason.ENDED)]
    onset, offset = events
    assert onset.event_id == offset.event_id
    assert (onset.stamp_ns, offset.stamp_ns) == (ns(1.0), ns(2.0))
    assert offset.start_ns == onset.start_ns
    for event in events:
        assert (event.track_id, event.class_id) == ("a", WAVE)
        assert (event.frame_id, event.model_name) == ("camera_optical_frame", "tiny")


def test_background_never_opens_an_event() -> None:
    events_of = detector(enter_threshold=0.1, exit_threshold=0.1)
    assert feed(events_of, 0, 5) == []
    assert feed(events_of, 5, 10, wave=0.45) == [], "background is larger"


def test_probability_between_the_thresholds_neither_opens_nor_closes() -> None:
    events_of = detector(enter_threshold=0.6, exit_threshold=0.4)
    assert feed(events_of, 0, 2, wave=0.55) == []
    assert phases(feed(events_of, 2, 3, wave=0.6)) == [WAVE_ONSET]
    assert feed(events_of, 3, 6, wave=0.41) == []
    assert [event.phase for event in feed(events_of, 6, 6.1, wave=0.39)] == [Phase.OFFSET]


def test_rejection_threshold_keeps_an_unsure_class_from_opening() -> None:
    events_of = detector(enter_threshold=0.6, rejection_threshold=0.8)
    assert feed(events_of, 0, 2, wave=0.79) == []
    assert phases(feed(events_of, 2, 3, wave=0.81)) == [WAVE_ONSET]


def test_an_action_shorter_than_min_duration_is_no_event() -> None:
    events_of = detector(min_duration_s=0.5)
    assert feed(events_of, 0, 0.4, wave=0.9) + feed(events_of, 0.4, 2) == []
    events = feed(events_of, 2, 3, wave=0.9)
    assert [event.stamp_ns for event in events] == [ns(2.5)]


def test_min_duration_counts_for_each_class_on_its_own() -> None:
    events_of = detector(min_duration_s=0.5)
    assert feed(events_of, 0, 0.4, wave=0.9) == []
    (onset,) = feed(events_of, 0.4, 2, point=0.9)
    assert (onset.label, onset.stamp_ns) == ("point", ns(0.9))


def test_a_gap_shorter_than_min_gap_is_bridged() -> None:
    events_of = detector(min_gap_s=0.5)
    events = feed(events_of, 0, 1, wave=0.9)
    events += feed(events_of, 1, 1.4) + feed(events_of, 1.4, 2, wave=0.9)
    assert phases(events) == [WAVE_ONSET]
    ended = feed(events_of, 2, 4)
    assert [event.stamp_ns for event in ended] == [ns(2.5)]


def test_another_action_replaces_the_open_one_at_once() -> None:
    events_of = detector()
    events = feed(events_of, 0, 1, wave=0.9) + feed(events_of, 1, 2, point=0.9)
    assert phases(events) == [
        WAVE_ONSET,
        (Phase.OFFSET, "wave", OffsetReason.REPLACED),
        (Phase.ONSET, "point", OffsetReason.NONE),
    ]
    _, offset, onset = events
    assert offset.stamp_ns == onset.stamp_ns
    assert offset.event_id != onset.event_id
    assert onset.start_ns >= offset.end_ns
    assert events_of.open_events == (onset,)


def test_another_action_that_does_not_last_replaces_nothing() -> None:
    events_of = detector(min_duration_s=0.3, min_gap_s=1.0)
    feed(events_of, 0, 1, wave=0.9)
    events = feed(events_of, 1, 1.3, point=0.9) + feed(events_of, 1.3, 2, wave=0.9)
    assert events == []


# ---------------------------------------------------------------- smoothing and scores


def test_smoothing_follows_elapsed_time_whatever_the_stride() -> None:
    # 1 - exp(-t / 0.5) reaches 0.6 after 0.458 s.
    for stride in (0.02, 0.1, 0.4):
        events_of = detector(smoothing_s=0.5, exit_threshold=0.1)
        feed(events_of, 0, 2, stride)
        (onset,) = feed(events_of, 2, 4, stride, wave=1.0)
        # A stride's probabilities hold for the stride before its stamp.
        delay = (onset.stamp_ns - ns(2.0)) / 1e9 + stride
        assert 0.458 <= delay < 0.458 + stride + 1e-6
        assert onset.score == pytest.approx(1.0 - np.exp(-delay / 0.5), abs=1e-6)


def test_the_offset_carries_the_maximum_and_the_experts_of_that_window() -> None:
    events_of = detector()
    (onset,) = feed(events_of, 0, 0.1, wave=0.7, body=0.2, hand=0.3)
    feed(events_of, 0.1, 0.2, wave=0.95, body=0.4, hand=0.5)
    feed(events_of, 0.2, 0.3, wave=0.8, body=0.6, hand=0.7)
    (offset,) = feed(events_of, 0.3, 0.4)
    assert (onset.score, onset.body_score, onset.hand_score) == pytest.approx((0.7, 0.2, 0.3))
    assert (offset.score, offset.body_score, offset.hand_score) == pytest.approx((0.95, 0.4, 0.5))


def test_events_of_two_detectors_never_share_an_id() -> None:
    ids = {
        event.event_id
        for events_of in (detector(), detector())
        for event in feed(events_of, 0, 1, wave=0.9) + feed(events_of, 1, 2, point=0.9)
    }
    assert len(ids) == 4


# ---------------------------------------------------------------- when it began and ended


@pytest.mark.parametrize("stride", [0.04, 0.1, 0.25])
@pytest.mark.parametrize("window_s", [0.8, 2.0])
def test_begin_and_end_are_estimated_to_one_stride(stride: float, window_s: float) -> None:
    """A classifier as sure as the window is full of the action flips half a window late."""
    begin, end = 3.0, 6.0
    events_of = EventDetector(CLASSES, EventParameters())
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


# ---------------------------------------------------------------- bad input


def _with(**changes: Any) -> TrackScores:
    return dataclasses.replace(person(2.0, track_id="left"), **changes)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ((_with(probabilities=np.array([0.1, np.nan, 0.2])),), "'left'.* probabilities .*finite"),
        ((_with(probabilities=np.array([0.1, np.inf, 0.2])),), "'left'.* probabilities .*finite"),
        ((_with(probabilities=np.ones(4)),), r"'left'.* probabilities .*\(3,\).*\(4,\)"),
        ((_with(body_probabilities=np.ones((1, 3))),), r"'left'.* body_prob.*\(3,\).*\(1, 3\)"),
        ((_with(hand_probabilities=np.full(3, np.nan)),), "'left'.* hand_probabilities .*finite"),
        ((_with(probabilities=np.array([0.1, 1.2, 0.2])),), "'left'.* in 0..1"),
        ((_with(probabilities=np.array([0.1, -0.2, 0.2])),), "'left'.* in 0..1"),
        ((_with(window_start_ns=ns(2.1)),), "'left'.* window_start_ns .*after"),
        ((_with(window_end_ns=ns(2.5)),), "'left'.* window_end_ns .*after the stamp"),
        ((_with(), _with()), "'left'.* twice"),
    ],
)
def test_bad_scores_are_refused_by_name_and_change_nothing(
    bad: tuple[TrackScores, ...], message: str
) -> None:
    touched, untouched = detector(smoothing_s=0.5), detector(smoothing_s=0.5)
    for events_of in (touched, untouched):
        feed(events_of, 0, 1, wave=0.9)
    with pytest.raises(ValueError, match=message):
        touched.update(scores(2.0, person(2.0, track_id="a"), *bad))
    after = [_without_ids(feed(events_of, 1, 3, wave=0.1)) for events_of in (touched, untouched)]
    assert len(after[0]) == 1
    assert after[0] == after[1]


def test_a_window_end_rounded_through_float_seconds_is_accepted() -> None:
    late = dataclasses.replace(person(1.0, wave=0.9), window_end_ns=ns(1.0) + 120)
    events_of = detector()
    (onset,) = events_of.update(scores(1.0, late))
    (offset,) = events_of.close(OffsetReason.SHUTDOWN)
    assert onset.end_ns <= offset.end_ns == onset.stamp_ns


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enter_threshold", 0.0),
        ("enter_threshold", 1.1),
        ("enter_threshold", float("nan")),
        ("exit_threshold", 0.0),
        ("exit_threshold", 0.7),
        ("rejection_threshold", -0.1),
        ("rejection_threshold", 1.1),
        ("rejection_threshold", float("nan")),
        ("smoothing_s", -0.1),
        ("min_duration_s", -0.1),
        ("min_duration_s", float("inf")),
        ("min_gap_s", -0.1),
        ("person_timeout_s", float("nan")),
        ("source_timeout_s", 0.0),
        ("source_timeout_s", float("inf")),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        EventParameters(**{field: value})


def test_the_limits_of_the_parameters_are_allowed() -> None:
    EventParameters(enter_threshold=1.0, exit_threshold=1.0, rejection_threshold=1.0)
    EventParameters(smoothing_s=0.0, min_duration_s=0.0, min_gap_s=0.0, person_timeout_s=0.0)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("wave", "point"), "'background' is not in"),
        (("background", "wave", "wave"), "once"),
        (("background",), "needs an action"),
    ],
)
def test_class_names_without_a_usable_vocabulary_are_refused(
    names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=f"class_names: .*{message}"):
        EventDetector(names, EventParameters())


def test_the_background_class_may_have_another_name_and_place() -> None:
    events_of = EventDetector(("standby", "wave", "rest"), parameters(), background="rest")
    first = dataclasses.replace(person(0), probabilities=np.array([0.9, 0.0, 0.1]))
    second = dataclasses.replace(person(1), probabilities=np.array([0.1, 0.0, 0.9]))
    events = events_of.update(scores(0, first)) + events_of.update(scores(1, second))
    assert [(event.phase, event.label) for event in events] == [
        (Phase.ONSET, "standby"),
        (Phase.OFFSET, "standby"),
    ]


# ---------------------------------------------------------------- invariants of any stream


def _without_ids(events: list[ActionEvent]) -> list[ActionEvent]:
    return [dataclasses.replace(event, event_id="") for event in events]


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
def streams(draw: st.DrawFn) -> list[ActionScores]:
    """Stretches of equal scores, which is what opens events, with any step between them."""
    stamp = 1_000 * 1_000_000_000
    stream: list[ActionScores] = []
    for _ in range(draw(st.integers(1, 10))):
        stamp += round(draw(steps_s) * 1e9)
        tracks = tuple(draw(track_scores(track_id, stamp)) for track_id in draw(in_view))
        for _ in range(draw(st.integers(1, 8))):
            stream.append(ActionScores(stamp_ns=stamp, tracks=tracks))
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
    return stream


duration = st.sampled_from([0.0, 0.1, 0.3])
any_parameters = st.builds(
    EventParameters,
    enter_threshold=st.sampled_from([0.4, 0.6]),
    exit_threshold=st.sampled_from([0.2, 0.4]),
    rejection_threshold=st.sampled_from([0.0, 0.7]),
    smoothing_s=duration,
    min_duration_s=duration,
    min_gap_s=duration,
    person_timeout_s=st.sampled_from([0.0, 0.3, 1.0]),
)


def check_invariants(events_of: EventDetector, stream: list[ActionScores]) -> list[ActionEvent]:
    """Feed a stream, close, and check what every consumer may rely on."""
    opened: dict[str, ActionEvent] = {}
    closed: set[str] = set()
    open_on: dict[str, str] = {}
    previous_end: dict[str, int] = {}
    everything: list[ActionEvent] = []
    newest: int | None = None

    def check(events: list[ActionEvent]) -> None:
        for index, event in enumerate(events):
            assert event.start_ns <= event.end_ns <= event.stamp_ns
            if event.phase is Phase.ONSET:
                assert event.event_id not in opened
                assert event.track_id not in open_on, "one open event on a track"
                assert event.reason is OffsetReason.NONE
                assert event.class_id != BACKGROUND_ID
                assert event.label == CLASSES[event.class_id]
                assert event.start_ns >= previous_end.get(event.track_id, event.start_ns)
                opened[event.event_id] = event
                open_on[event.track_id] = event.event_id
            else:
                onset = opened[event.event_id]
                assert open_on.pop(event.track_id) == event.event_id
                closed.add(event.event_id)
                assert event.reason is not OffsetReason.NONE
                assert (event.class_id, event.start_ns) == (onset.class_id, onset.start_ns)
                assert event.end_ns >= onset.end_ns
                assert event.score >= onset.score
                previous_end[event.track_id] = event.end_ns
                if event.reason is OffsetReason.REPLACED:
                    successor = events[index + 1]
                    assert successor.phase is Phase.ONSET
                    assert successor.track_id == event.track_id
                    assert successor.class_id != event.class_id
        assert {event.event_id for event in events_of.open_events} == set(open_on.values())

    for message in stream:
        events = events_of.update(message)
        if newest is not None and message.stamp_ns < newest:
            jumped = [event for event in events if event.reason is OffsetReason.TIME_JUMP]
            assert {event.event_id for event in jumped} == set(open_on.values())
            previous_end.clear()
            for event in jumped:
                assert event.stamp_ns == newest
                closed.add(event.event_id)
                del open_on[event.track_id]
            events_here = [event for event in events if event not in jumped]
            assert events == jumped + events_here
        else:
            events_here = events
        assert all(
            event.stamp_ns == message.stamp_ns
            for event in events_here
            if event.reason is not OffsetReason.SOURCE_LOST
        )
        check(events_here)
        newest = message.stamp_ns
        everything += events
    last = events_of.close(OffsetReason.SHUTDOWN)
    assert all(event.reason is OffsetReason.SHUTDOWN for event in last)
    check(last)
    everything += last
    assert closed == set(opened), "every ONSET has its OFFSET"
    assert sum(event.phase is Phase.OFFSET for event in everything) == len(opened)
    assert events_of.close(OffsetReason.SHUTDOWN) == []
    return everything


@settings(max_examples=200, deadline=None, derandomize=True)
@given(streams(), any_parameters)
def test_any_stream_keeps_the_promises_to_the_consumer(
    stream: list[ActionScores], event_parameters: EventParameters
) -> None:
    check_invariants(EventDetector(CLASSES, event_parameters), stream)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(streams(), st.data())
def test_any_stream_with_repeated_messages_gives_the_same_events(
    stream: list[ActionScores], data: st.DataObject
) -> None:
    repeated = [
        message for message in stream for _ in range(data.draw(st.integers(1, 3), label="times"))
    ]
    once = check_invariants(EventDetector(CLASSES, EventParameters()), stream)
    again = check_invariants(EventDetector(CLASSES, EventParameters()), repeated)
    assert _without_ids(once) == _without_ids(again)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(streams())
def test_any_person_has_the_same_events_alone_as_in_company(stream: list[ActionScores]) -> None:
    together = EventDetector(CLASSES, parameters())
    by_track: dict[str, list[ActionEvent]] = defaultdict(list)
    for message in stream:
        for event in together.update(message):
            by_track[event.track_id].append(event)
    for track_id in "abc":
        alone = EventDetector(CLASSES, parameters())
        events: list[ActionEvent] = []
        for message in stream:
            mine = tuple(track for track in message.tracks if track.track_id == track_id)
            events += alone.update(dataclasses.replace(message, tracks=mine))
        assert _without_ids(events) == _without_ids(by_track[track_id])
