"""Average precision, compared with curves worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharnet_ros.evaluation.metrics.average_precision import match_by_score, precision_recall
from bharnet_ros.evaluation.metrics.overlaps import find_overlaps
from bharnet_ros.types.timeline import FoundEvent, Timeline, TrueAction


def right_events(truth: list[TrueAction], *events: tuple[float, float, float]) -> list[bool]:
    """Return which waves (start, end, score) are right at tIoU 0.5."""
    found = tuple(FoundEvent("wave", *event, "body_1", 0.0, 0.0) for event in events)
    overlaps = find_overlaps([Timeline("one", 99.0, tuple(truth), found)], [{}])
    return match_by_score(overlaps, 0.5).tolist()


def test_a_curve_equals_one_worked_out_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, False, True, True, False])
    curve = precision_recall("wave", scores, right, 4)
    assert curve.scores == (0.9, 0.8, 0.7, 0.6, 0.5)
    assert curve.precision == pytest.approx((1, 1 / 2, 2 / 3, 3 / 4, 3 / 5))
    assert curve.recall == (0.25, 0.25, 0.5, 0.75, 0.75)
    # Interpolated: 1 up to recall 1/4, then 3/4 up to recall 3/4, then nothing.
    assert curve.average_precision == pytest.approx(1 * 1 / 4 + 3 / 4 * 1 / 2)


def test_equal_scores_form_one_point() -> None:
    for right in ([True, False], [False, True]):
        curve = precision_recall("wave", np.array([0.5, 0.5]), np.array(right), 1)
        assert (curve.scores, curve.precision, curve.recall) == ((0.5,), (0.5,), (1.0,))
        assert curve.average_precision == 0.5


def test_the_area_is_zero_without_events_and_nan_without_truth() -> None:
    empty = np.array([])
    assert precision_recall("wave", empty, empty.astype(bool), 3).average_precision == 0.0
    unknown = precision_recall("wave", np.array([0.5]), np.array([False]), 0)
    assert math.isnan(unknown.average_precision) and math.isnan(unknown.recall[0])
    assert unknown.precision == (0.0,)


def test_an_action_is_found_once_by_the_event_with_the_greatest_score() -> None:
    truth = [TrueAction("wave", 0.0, 4.0)]
    assert right_events(truth, (0.0, 4.0, 0.5), (0.0, 3.0, 0.9)) == [False, True]


def test_an_event_takes_the_free_action_that_it_overlaps_most() -> None:
    truth = [TrueAction("wave", 0.0, 4.0), TrueAction("wave", 1.0, 5.0)]
    # Both events overlap both actions: by tIoU 4/4 and 3/5, and by 3/5 and 4/4.
    assert right_events(truth, (0.0, 4.0, 0.9), (1.0, 5.0, 0.8)) == [True, True]
    # The second event overlaps the first action more, but it is taken; 3/5 is enough too.
    assert right_events(truth, (0.0, 4.0, 0.9), (0.0, 4.0, 0.8)) == [True, True]
    assert right_events(truth, (0.0, 4.0, 0.9), (0.0, 4.0, 0.8), (0.0, 4.0, 0.7))[2] is False


def test_an_overlap_equal_to_the_threshold_is_enough() -> None:
    assert right_events([TrueAction("wave", 0.0, 4.0)], (0.0, 2.0, 0.9)) == [True]
    assert right_events([TrueAction("wave", 0.0, 4.0)], (0.0, 1.9375, 0.9)) == [False]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12), st.integers(0, 3))
def test_the_area_lies_between_zero_and_the_recall(
    events: list[tuple[int, bool]], missed: int
) -> None:
    scores = np.array([score for score, _ in events], dtype=float)
    right = np.array([hit for _, hit in events], dtype=bool)
    true_actions = int(right.sum()) + missed
    curve = precision_recall("wave", scores, right, true_actions)
    if not true_actions:
        assert math.isnan(curve.average_precision)
        return
    assert 0.0 <= curve.average_precision <= right.sum() / true_actions + 1e-9
    # Interpolation only raises the curve, so the area is at least the sum under its points.
    steps = np.diff(curve.recall, prepend=0.0)
    assert curve.average_precision >= float(np.sum(steps * curve.precision)) - 1e-9
