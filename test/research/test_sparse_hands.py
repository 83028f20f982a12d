"""The ensemble compared with the body expert where hands are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from research.cross_validation.out_of_fold import OutOfFoldScores
from research.sparse_hands import compare_with_body, format_results, measure_recorded

TinyCrossValidation = Any


@pytest.fixture
def scores(make_scores: Callable[..., OutOfFoldScores]) -> OutOfFoldScores:
    """Return five clips; the ensemble gains the second and loses the third and the fourth."""
    return make_scores(
        [
            ("wave", "ann", 0, [3.0, 0.0, 0.0]),
            ("wave", "ann", 0, [3.0, 0.0, 0.0]),
            ("wave", "bob", 0, [0.0, 3.0, 0.0]),
            ("point", "bob", 0, [3.0, 0.0, 0.0]),
            ("point", "bob", 0, [0.0, 3.0, 0.0]),
        ],
        body=[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
    )


def test_gains_and_losses_are_counted(scores: OutOfFoldScores) -> None:
    result = compare_with_body(scores)
    assert (result.clips, result.gained, result.lost) == (5, 1, 2)
    assert (result.top1, result.body_top1) == (pytest.approx(3 / 5), pytest.approx(4 / 5))
    assert result.mean_class_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert result.body_mean_class_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert result.below_body
    text = format_results({"one block": {0.5: result}}, {})
    assert "falls below the body expert: one block, 50% of frames" in text


def test_clips_are_grouped_by_their_share_of_frames_with_hands(scores: OutOfFoldScores) -> None:
    # Hands in 0, 25, 50, 75 and 100 % of the frames.
    results = measure_recorded(scores)
    assert [result.clips for result in results.values()] == [1, 1, 1, 1, 1]
    assert next(iter(results)) == "no frame"
    assert [result.gained for result in results.values()] == [0, 1, 0, 0, 0]


def test_without_hands_the_ensemble_equals_the_body_expert(
    tiny: TinyCrossValidation, printed: Callable[[], Any]
) -> None:
    assert tiny.study("sparse-hands", "--models", *tiny.bundles, "--json") == 0
    removed = printed()["removed"]
    assert [(one["mode"], one["share"]) for one in removed] == [
        (mode, share) for mode in ("one block", "single frames") for share in (0.0, 0.5, 0.75, 1.0)
    ]
    for one in removed:
        assert one["clips"] == 10
        if one["share"] == 1.0:
            assert one["top1"] == one["body_top1"]
            assert (one["gained"], one["lost"], one["below_body"]) == (0, 0, False)


def test_recorded_clips_give_the_results_of_the_cross_validation(
    tiny: TinyCrossValidation, printed: Callable[[], Any]
) -> None:
    assert tiny.study("sparse-hands", "--models", *tiny.bundles, "--json") == 0
    recorded = printed()["removed"][0]
    assert tiny.study("folds", "--models", *tiny.bundles, "--json") == 0
    pooled = printed()["pooled"]
    for measure in ("top1", "mean_class_accuracy", "body_top1"):
        assert recorded[measure] == pooled[measure]
