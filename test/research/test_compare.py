"""Variants compared on the same people, with intervals for the differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from research.compare import compare
from research.cross_validation.out_of_fold import OutOfFoldScores

TinyCrossValidation = Any
MakeScores = Callable[..., OutOfFoldScores]
WAVE, POINT = [3.0, 0.0, 0.0], [0.0, 3.0, 0.0]
PEOPLE = [f"person_{number}" for number in range(12)]


def variant(make_scores: MakeScores, right: Callable[[int], bool]) -> OutOfFoldScores:
    """Return scores of twelve people who wave three times and point once, all correct or wrong."""
    clips = []
    for number, person in enumerate(PEOPLE):
        logits = {"wave": WAVE, "point": POINT} if right(number) else {"wave": POINT, "point": WAVE}
        clips += [(label, person, number % 2, logits[label]) for label in ["wave"] * 3 + ["point"]]
    clips.append(("jump", PEOPLE[0], 0, WAVE))
    return make_scores(clips)


def test_a_variant_that_is_correct_for_more_people_is_ahead(make_scores: MakeScores) -> None:
    some = variant(make_scores, lambda number: number < 6)
    more = variant(make_scores, lambda number: number < 9)
    first, second = compare([some, more])
    assert (first.top1, second.top1) == (0.5, 0.75)
    assert (first.mean_class_accuracy, second.mean_class_accuracy) == (0.5, 0.75)
    assert (first.top1_gain.value, first.top1_gain.low, first.top1_gain.high) == (0.0, 0.0, 0.0)
    assert (first.folds_ahead, second.folds_ahead) == (0, 2)
    gain = second.top1_gain
    assert gain.value == pytest.approx(0.25)
    # Three of twelve people differ: 95 % of that binomial distribution lie between none and six.
    assert gain.low == pytest.approx(0.0, abs=0.01)
    assert gain.high == pytest.approx(0.5, abs=0.01)


def test_a_gain_for_every_person_has_an_interval_of_zero_width(make_scores: MakeScores) -> None:
    nobody = variant(make_scores, lambda number: False)
    everybody = variant(make_scores, lambda number: True)
    gain = compare([nobody, everybody])[1].mean_class_gain
    assert (gain.value, gain.low, gain.high) == (1.0, 1.0, 1.0)


def test_the_same_seed_gives_the_same_interval(make_scores: MakeScores) -> None:
    pair = [
        variant(make_scores, lambda number: number % 3 == 0),
        variant(make_scores, lambda number: number % 3 == 1),
    ]
    assert compare(pair, resamples=50, seed=1) == compare(pair, resamples=50, seed=1)
    assert compare(pair, resamples=50, seed=1) != compare(pair, resamples=50, seed=2)


def test_the_command_shows_each_group_with_its_cost(
    tiny: TinyCrossValidation,
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    printed: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    others = [
        make_bundle(tmp_path / f"other/fold_{fold}", seed=7 + fold, held_out_fold=fold)
        for fold in range(3)
    ]
    groups = ("--models", *tiny.bundles, "--models", *tiny.bundles, *others, "--ensemble")
    assert tiny.study("compare", *groups, "--json") == 0
    first, both = printed()["variants"]
    assert (both["parameters"], both["macs"]) == (2 * first["parameters"], 2 * first["macs"])
    assert first["top1_gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert both["top1"] - first["top1"] == pytest.approx(both["top1_gain"]["value"])
    capsys.readouterr()
    assert tiny.study("compare", "--models", *tiny.bundles, "--models", *others) == 0
    assert str(others[0].parent) in capsys.readouterr().out
    assert tiny.study("compare", "--models", *tiny.bundles, "--models", others[0]) == 2
    assert "group 2 covers folds [0]" in capsys.readouterr().err


def test_one_fold_has_no_deviation(
    tiny: TinyCrossValidation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tiny.study("compare", "--models", tiny.bundles[0]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[1:3] == ["top-1", "+-"]
    assert row.split()[2] == "-"
