"""The clips that every model misses, and the accuracy that they leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bharnet_ros.training.targets import read_doubtful
from research.cross_validation.out_of_fold import OutOfFoldScores
from research.label_ceiling import estimate_ceiling, format_result

TinyCrossValidation = Any
MakeScores = Callable[..., OutOfFoldScores]
WAVE, POINT = [3.0, 0.0, 0.0], [0.0, 3.0, 0.0]


def variant(make_scores: MakeScores, *choices: list[float]) -> OutOfFoldScores:
    clips = [
        ("wave", "ann", 0),
        ("wave", "ann", 0),
        ("wave", "ann", 0),
        ("point", "ann", 0),
        ("wave", "bob", 1),
        ("wave", "bob", 1),
        ("point", "bob", 1),
        ("jump", "bob", 1),
    ]
    return make_scores([(*clip, choice) for clip, choice in zip(clips, choices, strict=True)])


def test_only_pairs_that_all_models_miss_count(make_scores: MakeScores) -> None:
    # Both always take ann's waving for pointing; the second recognises bob's waving once.
    first = variant(make_scores, POINT, POINT, POINT, POINT, POINT, POINT, POINT, WAVE)
    second = variant(make_scores, POINT, POINT, POINT, WAVE, POINT, WAVE, POINT, WAVE)

    result = estimate_ceiling([first, second])

    (pair,) = result.missed
    assert (pair.subject, pair.label, pair.fold, pair.clips) == ("ann", "wave", 0, 3)
    assert pair.taken_for == {"point": 6}
    assert result.clips == 7
    assert result.missed_share == pytest.approx(3 / 7)
    assert result.ceiling == pytest.approx(4 / 7)
    assert [one.top1 for one in result.variants] == pytest.approx([2 / 7, 2 / 7])
    assert [one.top1_without for one in result.variants] == pytest.approx([2 / 4, 2 / 4])
    assert result.variants[0].mean_class_accuracy_without == pytest.approx((0 + 1) / 2)
    assert "point 6" in format_result(result, ["first", "second"])


def test_a_single_variant_misses_more_pairs(make_scores: MakeScores) -> None:
    alone = variant(make_scores, POINT, POINT, POINT, POINT, POINT, POINT, POINT, WAVE)
    missed = estimate_ceiling([alone]).missed
    assert [(pair.subject, pair.clips) for pair in missed] == [("ann", 3), ("bob", 2)]


def test_scores_without_a_correct_clip_and_other_clips_are_refused(
    make_scores: MakeScores,
) -> None:
    hopeless = make_scores([("wave", "ann", 0, POINT)])
    with pytest.raises(ValueError, match="nothing to measure"):
        estimate_ceiling([hopeless])
    other = make_scores([("wave", "ann", 0, WAVE), ("wave", "bob", 1, WAVE)])
    with pytest.raises(ValueError, match=r"--models: group 2 covers folds \[0, 1\]"):
        estimate_ceiling([hopeless, other])


def test_the_command_takes_a_group_of_bundles_for_each_variant(
    tiny: TinyCrossValidation,
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    printed: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    second = [
        make_bundle(tmp_path / f"bone{fold}", seed=7 + fold, held_out_fold=fold)
        for fold in range(3)
    ]
    groups = ("--models", *tiny.bundles, "--models", *second)
    doubtful = tmp_path / "doubtful.csv"
    assert tiny.study("label-ceiling", *groups, "--json", "--doubtful", doubtful) == 0
    content = printed()
    assert read_doubtful(doubtful) == {(one["subject"], one["label"]) for one in content["missed"]}
    assert len(content["models"]) == len(content["variants"]) == 2
    assert content["clips"] == 10
    assert content["missed_share"] == pytest.approx(
        sum(pair["clips"] for pair in content["missed"]) / 10
    )
    assert tiny.study("label-ceiling", *groups) == 0
    assert str(tiny.bundles[0]) in capsys.readouterr().out
    assert tiny.study("label-ceiling", "--models", *tiny.bundles, "--models", second[0]) == 2
    assert "group 2 covers folds [0]" in capsys.readouterr().err
