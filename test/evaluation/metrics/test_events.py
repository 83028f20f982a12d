"""Event metrics of examples worked out by hand."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from event_examples import by_hand, event, recording

from bharnet_ros.evaluation.metrics.events import measure
from bharnet_ros.types.timeline import ScoreTrace, TrueAction


def test_each_mistake_is_counted_once() -> None:
    metrics = measure([by_hand()])
    assert (metrics.total.true_actions, metrics.total.events, metrics.total.matched) == (4, 4, 1)
    assert (metrics.total.precision, metrics.total.recall, metrics.total.f1) == (0.25, 0.25, 0.25)
    wave, point = metrics.labels["wave"], metrics.labels["point"]
    assert (wave.precision, wave.recall) == (pytest.approx(1 / 3), 1 / 2)
    assert wave.f1 == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert (point.precision, point.recall, point.f1) == (0.0, 0.0, 0.0)
    assert (metrics.badly_timed, metrics.wrong_label, metrics.missed, metrics.false) == (1, 1, 1, 1)
    assert metrics.confusion.labels == ("point", "wave", "nothing")
    assert metrics.confusion.counts == ((0, 1, 1), (0, 2, 0), (1, 0, 0))


def test_mistakes_are_sorted_by_severity() -> None:
    mistakes = [(one.kind.value, one.severity_s) for one in measure([by_hand()]).mistakes]
    assert mistakes == [
        ("badly_timed", 6.0),  # 14 to 17 and 18 to 21
        ("wrong_label", 5.0),  # 24 to 29
        ("missed", 4.0),  # 34 to 38
        ("false", 2.0),  # 50 to 52
    ]


def test_a_match_has_its_event_and_its_true_action() -> None:
    timeline = by_hand()
    (match,) = measure([timeline]).matches
    assert match.recording == timeline.name
    assert (match.truth, match.event) == (timeline.truth[0], timeline.events[0])


def test_delays_and_latency_of_matched_events() -> None:
    metrics = measure([by_hand()])
    assert (metrics.onset_delay.count, metrics.onset_delay.median_s) == (1, 1.5)
    assert (metrics.start_error.median_s, metrics.end_error.median_s) == (1.0, 1.0)
    # 0.1, 0.2 and 0.3 s: 95 % of the way from the first to the last is 0.29.
    assert metrics.latency.count == 3
    assert metrics.latency.p50_s == pytest.approx(0.2)
    assert metrics.latency.p95_s == pytest.approx(0.29)
    assert metrics.latency.p99_s == pytest.approx(0.298)


def test_errors_are_signed_and_absolute() -> None:
    truth = [TrueAction("wave", start, start + 4.0) for start in (10.0, 20.0, 30.0)]
    shifts = (-1.0, 0.5, -0.25)
    events = [
        event("wave", one.start_s + shift, one.end_s + shift)
        for one, shift in zip(truth, shifts, strict=True)
    ]
    spread = measure([recording(truth, events)]).start_error
    assert (spread.count, spread.median_s, spread.absolute_median_s) == (3, -0.25, 0.5)
    # The 90th percentile of three lies 0.8 of the way from the second to the third.
    assert spread.p90_s == pytest.approx(-0.25 + 0.8 * 0.75)
    assert spread.absolute_p90_s == pytest.approx(0.5 + 0.8 * 0.5)


def test_false_events_are_counted_per_minute_of_background() -> None:
    metrics = measure([by_hand()])
    # 60 s minus four actions of 4 s. The event from 17 to 21 lies mostly in the background too.
    assert metrics.background_s == 44.0
    assert metrics.false_in_background == 2
    assert metrics.false_per_minute == pytest.approx(2 / (44 / 60))
    assert (metrics.frames, metrics.dropped) == (600, 6)


def test_average_precision_by_overlap() -> None:
    metrics = measure([by_hand()])
    assert [one.tiou for one in metrics.overlaps] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    first, half, last = metrics.overlaps[0], metrics.overlaps[4], metrics.overlaps[6]
    # tIoU 1/7 reaches 0.1: by falling score, the waves are right, right and wrong.
    assert first.average_precision == {"point": 0.0, "wave": 1.0}
    assert (first.map_actions, first.f1) == (0.5, 0.5)
    # Whole recording: right, right, wrong, wrong; half of the true actions are found.
    assert first.map_videos == 0.5
    # From 0.2 on, only the first is right, of two waves and of four actions.
    assert half.average_precision == {"point": 0.0, "wave": 0.5}
    assert (half.map_videos, half.f1) == (0.25, 0.25)
    # tIoU 3/5 does not reach 0.7.
    assert (last.map_actions, last.map_videos, last.f1) == (0.0, 0.0, 0.0)


def test_fragmented_and_merged_actions_are_counted() -> None:
    truth = [TrueAction("wave", 0.0, 10.0), TrueAction("point", 20.0, 24.0)]
    truth.append(TrueAction("point", 26.0, 30.0))
    events = [event("wave", 1.0, 4.0), event("wave", 5.0, 9.0), event("point", 20.0, 30.0)]
    metrics = measure([recording(truth, events)])
    assert (metrics.fragmented, metrics.merged) == (1, 1)
    # An event that reaches only a little into the action is not a fragment of it.
    shifted = [event("wave", 0.0, 9.0), event("wave", 9.5, 14.0)]
    assert measure([recording(truth, shifted)]).fragmented == 0


def test_early_recognition_by_scores_and_by_events() -> None:
    # Scores every second: "point" at 11 s, "wave" from 12 s on; the ONSET is published at 16.5 s.
    stamps = np.arange(9.0, 22.0)
    wave = np.where(stamps < 12.0, 0.2, 0.8).astype(np.float32)
    trace = ScoreTrace("body_1", stamps, np.stack([wave, 1.0 - wave], axis=1))
    one = replace(
        recording([TrueAction("wave", 10.5, 20.5)], [event("wave", 16.0, 20.0)]),
        class_names=("wave", "point"),
        traces=(trace,),
    )
    early = measure([one]).early
    assert [point.fraction for point in early] == pytest.approx([0.1 * n for n in range(1, 11)])
    # 10 % have passed at 11.5 s, 20 % at 12.5 s and 60 % at 16.5 s.
    assert [point.by_scores for point in early] == [0.0] + [1.0] * 9
    assert [point.by_events for point in early] == [0.0] * 5 + [1.0] * 5


def test_scores_before_an_action_do_not_recognise_it() -> None:
    trace = ScoreTrace("body_1", np.array([1.0, 14.0]), np.array([[0.9, 0.1]] * 2, np.float32))
    one = replace(
        recording([TrueAction("wave", 10.0, 20.0)], []),
        class_names=("wave", "point"),
        traces=(trace,),
    )
    assert [point.by_scores for point in measure([one]).early] == [0.0] * 3 + [1.0] * 7


def test_actions_of_a_person_never_found_are_missed_and_background() -> None:
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("wave", 20.0, 30.0, "bob")]
    metrics = measure([recording(truth, [event("wave", 0.0, 10.0, track_id="body_7")])])
    assert [(one.person, one.track_id) for one in metrics.assignments] == [
        ("ann", "body_7"),
        ("bob", None),
    ]
    assert (metrics.missed, metrics.total.recall, metrics.background_s) == (1, 0.5, 50.0)


def test_background_is_not_an_action() -> None:
    truth = [TrueAction("wave", 0.0, 10.0), TrueAction("background", 10.0, 60.0)]
    metrics = measure([recording(truth, [event("wave", 0.0, 10.0)])])
    assert (metrics.total.recall, metrics.background_s) == (1.0, 50.0)
    assert "background" not in metrics.confusion.labels


def test_without_truth_recall_and_precision_means_are_nan() -> None:
    metrics = measure([recording([], [event("wave", 0.0, 10.0)])])
    assert (metrics.total.precision, metrics.false, metrics.false_per_minute) == (0.0, 1, 1.0)
    for unknown in (metrics.total.recall, metrics.overlaps[0].map_actions):
        assert math.isnan(unknown)
    assert math.isnan(metrics.onset_delay.median_s) and math.isnan(metrics.latency.p50_s)
    assert math.isnan(metrics.overlaps[0].map_videos)
    assert all(math.isnan(point.by_events) for point in metrics.early)


@pytest.mark.parametrize(
    ("arguments", "named"), [({"tious": (0.0,)}, "tious"), ({"tiou": 1.5}, "tiou")]
)
def test_impossible_overlaps_and_no_recordings_are_refused(
    arguments: dict[str, float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        measure([by_hand()], **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no recording"):
        measure([])


def test_a_thousand_events_take_less_than_a_second() -> None:
    random = np.random.default_rng(0)
    starts = np.sort(random.uniform(0.0, 2000.0, (2, 1000)))
    long = recording(
        [TrueAction("wave", start, start + 3.0) for start in starts[0]],
        [event("wave", start, start + 3.0, score=start % 1.0) for start in starts[1]],
        duration_s=2010.0,
    )
    started = time.process_time()
    measure([long])
    assert time.process_time() - started < 1.0
