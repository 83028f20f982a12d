"""Events from scores: when they begin and end, in worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from score_streams import WAVE, WINDOW_S, feed, make_finder, ns, phases, scores

from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase

WAVE_ONSET = (Phase.ONSET, "wave", OffsetReason.NONE)


# ---------------------------------------------------------------- one event


def test_an_action_gives_one_onset_and_one_offset_with_the_same_id() -> None:
    finder = make_finder()
    events = feed(finder, 0, 1) + feed(finder, 1, 2, wave=0.9) + feed(finder, 2, 3)
    assert phases(events) == [WAVE_ONSET, (Phase.OFFSET, "wave", OffsetReason.ENDED)]
    onset, offset = events
    assert onset.event_id == offset.event_id
    assert (onset.stamp_ns, offset.stamp_ns) == (ns(1.0), ns(2.0))
    assert offset.start_ns == onset.start_ns
    for event in events:
        assert (event.track_id, event.class_id) == ("a", WAVE)
        assert (event.frame_id, event.model_name) == ("camera_optical_frame", "tiny")


def test_background_never_opens_an_event() -> None:
    finder = make_finder(enter_threshold=0.1, exit_threshold=0.1)
    assert feed(finder, 0, 5) == []
    assert feed(finder, 5, 10, wave=0.45) == [], "background is larger"


def test_probability_between_the_thresholds_neither_opens_nor_closes() -> None:
    finder = make_finder(enter_threshold=0.6, exit_threshold=0.4)
    assert feed(finder, 0, 2, wave=0.55) == []
    assert phases(feed(finder, 2, 3, wave=0.6)) == [WAVE_ONSET]
    assert feed(finder, 3, 6, wave=0.41) == []
    assert [event.phase for event in feed(finder, 6, 6.1, wave=0.39)] == [Phase.OFFSET]


def test_the_rejection_threshold_stops_an_uncertain_class_from_opening() -> None:
    finder = make_finder(enter_threshold=0.6, rejection_threshold=0.8)
    assert feed(finder, 0, 2, wave=0.79) == []
    assert phases(feed(finder, 2, 3, wave=0.81)) == [WAVE_ONSET]


def test_unknown_motion_is_rejected_where_no_class_reaches_the_threshold() -> None:
    finder = make_finder(enter_threshold=0.3, exit_threshold=0.2, rejection_threshold=0.5)
    assert feed(finder, 0, 5, wave=0.45, point=0.45) == []
    assert phases(feed(finder, 5, 6, wave=0.55, point=0.45)) == [WAVE_ONSET]
    assert feed(finder, 6, 7, wave=0.3, point=0.45) == [], "what is open needs the exit only"


def test_an_action_shorter_than_min_duration_opens_no_event() -> None:
    finder = make_finder(min_duration_s=0.5)
    assert feed(finder, 0, 0.4, wave=0.9) + feed(finder, 0.4, 2) == []
    events = feed(finder, 2, 3, wave=0.9)
    assert [event.stamp_ns for event in events] == [ns(2.5)]


def test_min_duration_is_counted_for_each_class_separately() -> None:
    finder = make_finder(min_duration_s=0.5)
    assert feed(finder, 0, 0.4, wave=0.9) == []
    (onset,) = feed(finder, 0.4, 2, point=0.9)
    assert (onset.label, onset.stamp_ns) == ("point", ns(0.9))


def test_a_gap_shorter_than_min_gap_is_bridged() -> None:
    finder = make_finder(min_gap_s=0.5)
    events = feed(finder, 0, 1, wave=0.9)
    events += feed(finder, 1, 1.4) + feed(finder, 1.4, 2, wave=0.9)
    assert phases(events) == [WAVE_ONSET]
    ended = feed(finder, 2, 4)
    assert [event.stamp_ns for event in ended] == [ns(2.5)]


def test_another_action_replaces_the_open_one_at_once() -> None:
    finder = make_finder()
    events = feed(finder, 0, 1, wave=0.9) + feed(finder, 1, 2, point=0.9)
    assert phases(events) == [
        WAVE_ONSET,
        (Phase.OFFSET, "wave", OffsetReason.REPLACED),
        (Phase.ONSET, "point", OffsetReason.NONE),
    ]
    _, offset, onset = events
    assert offset.stamp_ns == onset.stamp_ns
    assert offset.event_id != onset.event_id
    assert onset.start_ns >= offset.end_ns
    assert finder.open_events == (onset,)


def test_another_action_that_does_not_last_replaces_no_event() -> None:
    finder = make_finder(min_duration_s=0.3, min_gap_s=1.0)
    feed(finder, 0, 1, wave=0.9)
    events = feed(finder, 1, 1.3, point=0.9) + feed(finder, 1.3, 2, wave=0.9)
    assert events == []


# ---------------------------------------------------------------- smoothing and scores


def test_smoothing_depends_on_elapsed_time_and_not_on_the_stride() -> None:
    # 1 - exp(-t / 0.5) reaches 0.6 after 0.458 s.
    for stride in (0.02, 0.1, 0.4):
        finder = make_finder(smoothing_s=0.5, exit_threshold=0.1)
        feed(finder, 0, 2, stride)
        (onset,) = feed(finder, 2, 4, stride, wave=1.0)
        # The probabilities at a stamp apply to the stride before it.
        delay = (onset.stamp_ns - ns(2.0)) / 1e9 + stride
        assert 0.458 <= delay < 0.458 + stride + 1e-6
        assert onset.score == pytest.approx(1.0 - np.exp(-delay / 0.5), abs=1e-6)


def test_the_offset_has_the_maximum_score_and_the_expert_scores_of_it() -> None:
    finder = make_finder()
    (onset,) = feed(finder, 0, 0.1, wave=0.7, body=0.2, hand=0.3)
    feed(finder, 0.1, 0.2, wave=0.95, body=0.4, hand=0.5)
    feed(finder, 0.2, 0.3, wave=0.8, body=0.6, hand=0.7)
    (offset,) = feed(finder, 0.3, 0.4)
    assert (onset.score, onset.body_score, onset.hand_score) == pytest.approx((0.7, 0.2, 0.3))
    assert (offset.score, offset.body_score, offset.hand_score) == pytest.approx((0.95, 0.4, 0.5))


def test_events_of_two_finders_never_share_an_id() -> None:
    ids = {
        event.event_id
        for finder in (make_finder(), make_finder())
        for event in feed(finder, 0, 1, wave=0.9) + feed(finder, 1, 2, point=0.9)
    }
    assert len(ids) == 4


# ---------------------------------------------------------------- an onset that was a mistake


@pytest.mark.parametrize(
    ("held_s", "reason"),
    [(0.1, OffsetReason.RETRACTED), (0.2, OffsetReason.RETRACTED), (0.3, OffsetReason.ENDED)],
)
def test_an_action_that_did_not_last_after_its_onset_is_retracted(
    held_s: float, reason: OffsetReason
) -> None:
    finder = make_finder(min_duration_s=0.3, min_gap_s=0.5)
    (onset,) = feed(finder, 0, 0.4, wave=0.9)
    feed(finder, 0.4, 0.3 + held_s, wave=0.9)
    (offset,) = feed(finder, 0.3 + held_s, 3)
    assert (onset.stamp_ns, offset.reason) == (ns(0.3), reason)
    assert offset.stamp_ns == ns(0.3 + held_s + 0.5)


def test_a_bridged_gap_after_the_onset_does_not_retract_the_event() -> None:
    finder = make_finder(min_duration_s=0.3, min_gap_s=0.5)
    feed(finder, 0, 0.4, wave=0.9)
    feed(finder, 0.4, 0.6)
    (offset,) = feed(finder, 0.6, 2, wave=0.9) + feed(finder, 2, 3)
    assert offset.reason is OffsetReason.ENDED


def test_an_onset_is_retracted_if_another_action_takes_over() -> None:
    """The order does not matter: the first action may fade before or after the other enters."""
    for min_gap_s in (0.1, 5.0):
        finder = make_finder(min_duration_s=0.3, min_gap_s=min_gap_s)
        feed(finder, 0, 0.4, wave=0.9)
        offset, onset = feed(finder, 0.4, 2, point=0.9)
        assert (offset.label, offset.reason) == ("wave", OffsetReason.RETRACTED)
        assert (onset.label, onset.phase) == ("point", Phase.ONSET)
        assert offset.stamp_ns <= onset.stamp_ns


def test_an_event_cut_off_after_its_onset_is_not_retracted() -> None:
    finder = make_finder(min_duration_s=0.3, min_gap_s=0.5)
    feed(finder, 0, 0.4, wave=0.9)
    feed(finder, 0.4, 0.6)
    (offset,) = finder.close(OffsetReason.SHUTDOWN)
    assert offset.reason is OffsetReason.SHUTDOWN


# ---------------------------------------------------------------- refractory time


def onsets(events: list[ActionEvent]) -> list[tuple[str, int]]:
    return [(event.label, event.stamp_ns) for event in events if event.phase is Phase.ONSET]


def test_the_same_action_cannot_begin_again_within_the_refractory_time() -> None:
    finder = make_finder(refractory_s=1.0)
    (_, offset) = feed(finder, 0, 1, wave=0.9) + feed(finder, 1, 1.1)
    assert offset.stamp_ns == ns(1.0)
    assert feed(finder, 1.1, 1.5, wave=0.9) + feed(finder, 1.5, 1.8) == []
    assert onsets(feed(finder, 1.8, 3, wave=0.9)) == [("wave", ns(2.0))]


def test_the_refractory_time_counts_towards_the_minimum_duration() -> None:
    finder = make_finder(refractory_s=1.0, min_duration_s=0.5)
    feed(finder, 0, 2, wave=0.9)
    (offset,) = feed(finder, 2, 2.1)
    assert onsets(feed(finder, 2.1, 4, wave=0.9)) == [("wave", offset.stamp_ns + 10**9)]


def test_the_refractory_time_applies_to_one_class_of_one_person() -> None:
    finder = make_finder(refractory_s=1.0)
    feed(finder, 0, 1, wave=0.9) + feed(finder, 1, 1.1)
    assert onsets(feed(finder, 1.1, 1.2, point=0.9)) == [("point", ns(1.1))]
    assert onsets(feed(finder, 1.2, 1.3, wave=0.9, track_id="b")) == [("wave", ns(1.2))]


def test_a_replaced_action_does_not_return_within_the_refractory_time() -> None:
    finder = make_finder(refractory_s=1.0)
    feed(finder, 0, 1, wave=0.9)
    assert onsets(feed(finder, 1, 1.5, point=0.9)) == [("point", ns(1.0))]
    assert phases(feed(finder, 1.5, 2, wave=0.9)) == [(Phase.OFFSET, "point", OffsetReason.ENDED)]
    assert onsets(feed(finder, 2, 2.5, wave=0.9)) == [("wave", ns(2.0))]


@pytest.mark.parametrize("gap_s", [0.6, 2.5], ids=["person lost", "source lost"])
def test_the_refractory_time_outlives_a_lost_person_and_a_lost_source(gap_s: float) -> None:
    finder = make_finder(person_timeout_s=0.5, source_timeout_s=2.0, refractory_s=3.0)
    feed(finder, 0, 1, wave=0.9)
    finder.update(scores(1.0))
    offset, *others = feed(finder, 0.9 + gap_s, 7, wave=0.9)
    assert offset.reason in (OffsetReason.PERSON_LOST, OffsetReason.SOURCE_LOST)
    assert onsets(others) == [("wave", offset.stamp_ns + 3 * 10**9)]


def test_the_refractory_time_does_not_outlive_a_jump_in_time() -> None:
    finder = make_finder(refractory_s=60.0)
    feed(finder, 100, 101, wave=0.9)
    assert onsets(feed(finder, 1, 1.1, wave=0.9)) == [("wave", ns(1.0))]


# ---------------------------------------------------------------- parameters of single classes


def test_a_class_can_have_its_own_thresholds() -> None:
    finder = make_finder(
        class_parameters={"point": {"enter_threshold": 0.45, "exit_threshold": 0.2}}
    )
    background = {"wave": 0.0, "point": 0.5}
    assert onsets(feed(finder, 0, 1, **background)) == [("point", ns(0.0))]
    assert feed(finder, 1, 2, point=0.3) == [], "above its exit threshold"
    assert phases(feed(finder, 2, 3, wave=0.5)) == [(Phase.OFFSET, "point", OffsetReason.ENDED)]
    assert feed(finder, 3, 4, wave=0.59) == [], "the others keep the threshold of all"


def test_a_class_can_have_its_own_rejection_threshold() -> None:
    finder = make_finder(class_parameters={"wave": {"rejection_threshold": 0.95}})
    assert feed(finder, 0, 1, wave=0.9) == []
    assert onsets(feed(finder, 1, 2, point=0.9)) == [("point", ns(1.0))]


def test_a_class_can_have_its_own_times() -> None:
    finder = make_finder(
        class_parameters={
            "point": {"min_duration_s": 0.5, "min_gap_s": 0.4, "refractory_s": 2.0},
        }
    )
    assert onsets(feed(finder, 0, 1, wave=0.9)) == [("wave", ns(0.0))]
    assert onsets(feed(finder, 1, 2, point=0.9)) == [("point", ns(1.5))]
    assert [event.stamp_ns for event in feed(finder, 2, 3)] == [ns(2.4)]
    assert onsets(feed(finder, 3, 6, point=0.9)) == [("point", ns(4.4))]


def test_a_gap_in_the_evidence_is_bridged_up_to_min_gap_of_the_class() -> None:
    for min_gap_s, start_s in ((0.4, 1.8), (0.8, 1.0)):
        finder = make_finder(
            min_duration_s=0.5, class_parameters={"wave": {"min_gap_s": min_gap_s}}
        )
        feed(finder, 0, 1)
        feed(finder, 1, 1.2, wave=0.9), feed(finder, 1.2, 1.8)
        (onset,) = feed(finder, 1.8, 3, wave=0.9)
        assert onset.start_ns == ns(start_s - WINDOW_S / 2)


@pytest.mark.parametrize("label", ["jump", "background"])
def test_parameters_of_a_class_that_is_not_an_action_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match=f"class_parameters: '{label}' is not an action; .*wave"):
        make_finder(class_parameters={label: {"min_gap_s": 1.0}})
