"""Calibration and rejection, on errors and thresholds that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.weights import load_network, write_bundle
from research.calibration import (
    calibration_report,
    cross_fitted_temperatures,
    novel_labels,
    rejection_scores,
    true_classes,
)
from research.cross_validation.out_of_fold import OutOfFoldScores

TinyCrossValidation = Any
MakeScores = Callable[..., OutOfFoldScores]


def drawn(make_scores: MakeScores, factors: dict[int, float], clips: int) -> OutOfFoldScores:
    """Return clips with labels drawn from probabilities, whose logits are scaled by fold."""
    random = np.random.default_rng(0)
    rows = []
    for fold, factor in factors.items():
        for logits in random.normal(0, 1.5, (clips, 3)):
            chances = np.exp(logits) / np.exp(logits).sum()
            label = random.choice(["wave", "point", "jump"], p=chances)
            rows.append((label, f"person {fold}", fold, (factor * logits).tolist()))
    return make_scores(rows)


def test_labels_that_are_no_class_are_background(make_scores: MakeScores) -> None:
    scores = make_scores(
        [(label, "ann", 0, [0.0, 0.0, 0.0]) for label in ("point", "jump", "wave")]
    )
    assert true_classes(scores).tolist() == [1, 2, 0]


def test_overconfident_models_get_a_higher_temperature(make_scores: MakeScores) -> None:
    report = calibration_report(drawn(make_scores, {0: 3.0, 1: 3.0}, 1500))
    assert report.temperature == pytest.approx(3.0, rel=0.1)
    assert list(report.after.temperature.values()) == pytest.approx([3.0, 3.0], rel=0.1)
    assert report.before.expected_calibration_error > 0.15
    assert report.after.expected_calibration_error < 0.03
    assert report.after.log_loss < report.before.log_loss


def test_the_temperature_of_a_fold_comes_from_the_other_folds(make_scores: MakeScores) -> None:
    temperatures = cross_fitted_temperatures(drawn(make_scores, {0: 1.0, 1: 4.0}, 1500))
    assert temperatures[0] == pytest.approx(4.0, rel=0.1)
    assert temperatures[1] == pytest.approx(1.0, rel=0.1)


def test_the_calibration_error_equals_that_counted_by_hand(make_scores: MakeScores) -> None:
    # All confidences are 0.88, and half of the clips are wrong: errors of 0.88 and 0.12 in one bin.
    sure = [float(np.log(0.88)), float(np.log(0.06)), float(np.log(0.06))]
    rows = [("wave", "ann", 0, sure), ("point", "bob", 1, sure)]
    report = calibration_report(make_scores(rows * 10))
    assert report.before.expected_calibration_error == pytest.approx(0.88 - 0.5, abs=1e-4)
    assert report.before.log_loss == pytest.approx(-(np.log(0.88) + np.log(0.06)) / 2, abs=1e-4)


def test_scores_of_known_motion_are_those_defined() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.5], [-1.0, 0.0, 4.0]])
    probabilities = torch.softmax(logits, 1)
    scores = rejection_scores(logits, probabilities, ("wave", "point", "background"))
    np.testing.assert_allclose(scores["1 - p(background)"], 1 - probabilities[:, 2].numpy())
    np.testing.assert_allclose(scores["greatest p(gesture)"], probabilities[[0, 1], [0, 1]])
    np.testing.assert_allclose(
        scores["energy"], np.log(np.exp([[2.0, 1.0], [-1.0, 0.0]]).sum(1)), rtol=1e-6
    )


def test_rejection_keeps_19_of_20_correctly_classified_clips(
    make_scores: MakeScores,
) -> None:
    rows = [("wave", "ann", fold, [float(n), 0.0, 1.0]) for fold in (0, 1) for n in range(2, 22)]
    rows += [("jump", "bob", fold, [n / 4, 0.0, 1.0]) for fold in (0, 1) for n in range(20)]
    report = calibration_report(make_scores(rows))

    assert (report.clips, report.unknown_clips) == (80, 40)
    # An unknown clip of logit u / 4 against a known one of logit k: counted pair by pair.
    known, unknown = np.arange(2, 22)[:, None], np.arange(20)[None] / 4
    expected = ((known > unknown) + 0.5 * (known == unknown)).mean()
    for result in report.scores.values():
        assert result.auroc == pytest.approx(expected, abs=0.02)
    energy = report.scores["energy"]
    threshold = np.quantile(np.log(np.exp(np.arange(2.0, 22.0)) + 1), 0.05)
    assert energy.threshold == pytest.approx(threshold, rel=0.02)
    rejected = np.log(np.exp(np.arange(20) / 4) + 1) < energy.threshold
    assert energy.unknown_rejected == pytest.approx(rejected.mean())


def test_bundles_reject_by_background_and_by_low_probability(
    make_scores: MakeScores,
) -> None:
    rows = [("wave", "ann", fold, [4.0, 0.0, 0.0]) for fold in (0, 1) for _ in range(20)]
    rows += [("jump", "bob", 0, [0.0, 0.0, 9.0]), ("jump", "bob", 1, [0.2, 0.1, 0.0])]
    rows += [("jump", "bob", 0, [5.0, 0.0, 0.0]), ("wave", "ann", 1, [0.0, 0.0, 9.0])]
    bundle = calibration_report(make_scores(rows)).bundle
    assert bundle.unknown_background == pytest.approx(1 / 3)
    assert bundle.unknown_rejected == pytest.approx(2 / 3)
    assert bundle.known_rejected == pytest.approx(1 / 41)
    assert 0.5 < bundle.rejection_threshold < 1.0


def test_unknown_motion_of_a_single_fold_is_counted_separately(
    make_scores: MakeScores,
) -> None:
    rows = [("wave", "ann", fold, [4.0, 0.0, 0.0]) for fold in (0, 1) for _ in range(20)]
    rows += [("jump", "bob", fold, [0.0, 0.0, 9.0]) for fold in (0, 1)]
    rows += [("nod", "bob", 1, [5.0, 0.0, 0.0])]
    scores = make_scores(rows)
    assert np.flatnonzero(novel_labels(scores)).tolist() == [len(rows) - 1]
    report = calibration_report(scores)
    assert (report.unknown_clips, report.novel_clips) == (3, 1)
    assert report.bundle.unknown_rejected == pytest.approx(2 / 3)
    assert report.bundle.novel_rejected == 0.0
    energy = report.scores["energy"]
    assert (energy.auroc, energy.novel_auroc) == (pytest.approx(2 / 3), 0.0)
    assert energy.novel_rejected == 0.0


def test_a_single_fold_is_refused(make_scores: MakeScores) -> None:
    with pytest.raises(ValueError, match="only fold 4"):
        calibration_report(make_scores([("wave", "ann", 4, [1.0, 0.0, 0.0])]))


def test_scores_without_a_correct_clip_are_refused(make_scores: MakeScores) -> None:
    wrong = [("wave", "ann", fold, [0.0, 1.0, 0.0]) for fold in (0, 1)]
    with pytest.raises(ValueError, match="no clip is classified correctly"):
        calibration_report(make_scores(wrong))


def test_the_command_prints_the_report(
    tiny: TinyCrossValidation,
    tmp_path: Path,
    printed: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    wavers = [tmp_path / path.name for path in tiny.bundles]
    for path, waver in zip(tiny.bundles, wavers, strict=True):
        bundle = load_bundle(path)
        weights = load_network(bundle).state_dict()
        weights["body.classify.bias"][0] += 3.0
        write_bundle(waver, bundle.description, weights, "# A model that mostly chooses waving\n")

    assert tiny.study("calibration", "--models", *wavers, "--json") == 0
    content = printed()
    assert (content["clips"], content["unknown_clips"]) == (12, 2)
    assert set(content["after"]["temperature"]) == {"0", "1", "2"}
    assert tiny.study("calibration", "--models", *wavers) == 0
    assert f"rejection_threshold {content['bundle']['rejection_threshold']:.4f}" in (
        capsys.readouterr().out
    )
