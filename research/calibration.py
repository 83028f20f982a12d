"""Measure the calibration of probabilities, and how well scores separate known from unknown."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics.functional.classification import binary_auroc, multiclass_calibration_error

from bharnet_ros.evaluation.metrics.clips import gesture_classes
from bharnet_ros.evaluation.metrics.temperature import fit_temperature
from bharnet_ros.evaluation.tables import format_table, percent, show
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from research.cross_validation.arguments import (
    add_cross_validation_arguments,
    load_models,
    read_clips,
)
from research.cross_validation.cross_validation import score_folds
from research.cross_validation.fold_models import describe_models
from research.cross_validation.out_of_fold import OutOfFoldScores

BINS = 15
"""Number of equally wide confidence bins of the calibration error."""

KEPT = 0.95
"""Share of the correctly classified known clips that a rejection threshold must accept."""


@dataclass(frozen=True)
class CalibrationResult:
    """Calibration of the ensemble; labels that are no class count as background.

    Attributes:
        temperature: Divides the logits; by fold where each fold has its own.
        expected_calibration_error: 0..1.
        log_loss: Mean negative log-likelihood of the true class.
    """

    temperature: float | dict[int, float]
    expected_calibration_error: float
    log_loss: float


@dataclass(frozen=True)
class RejectionResult:
    """How well a score separates known gestures from other labels; a higher score means known.

    Attributes:
        auroc: Probability that a known clip scores higher than an unknown one; NaN without unknown
            clips.
        novel_auroc: The same against the novel clips alone (`CalibrationReport.novel_clips`).
        threshold: Score that `KEPT` of the correctly classified known clips reach.
        unknown_rejected: Share of the unknown clips below the threshold.
        novel_rejected: Share of the novel clips below the threshold.
    """

    auroc: float
    novel_auroc: float
    threshold: float
    unknown_rejected: float
    novel_rejected: float


@dataclass(frozen=True)
class BundleThreshold:
    """The rejection threshold of a bundle: the lowest accepted probability of the likeliest class.

    Attributes:
        rejection_threshold: Reached by `KEPT` of the known clips that are classified correctly with
            background allowed.
        unknown_rejected: Share of the unknown clips below it or classified as background.
        novel_rejected: The same for the novel clips.
        unknown_background: Share of the unknown clips classified as background.
        known_rejected: Share of all known clips below it or classified as background.
    """

    rejection_threshold: float
    unknown_rejected: float
    novel_rejected: float
    unknown_background: float
    known_rejected: float


@dataclass(frozen=True)
class CalibrationReport:
    """Calibration and rejection of the models of a cross-validation.

    Attributes:
        clips: Number of clips, with known and unknown labels.
        unknown_clips: Clips with an unknown label.
        novel_clips: Clips with an unknown label that occurs in one fold alone: no model was trained
            on such motion as background.
        before: With the logits as they are.
        after: With the temperature of each fold fitted on the other folds.
        temperature: Fitted on all folds, for a bundle that is trained on all of them.
        scores: Results of each score that separates known from unknown, by its name.
        bundle: The rejection threshold for a bundle.
    """

    clips: int
    unknown_clips: int
    novel_clips: int
    before: CalibrationResult
    after: CalibrationResult
    temperature: float
    scores: dict[str, RejectionResult]
    bundle: BundleThreshold


def true_classes(scores: OutOfFoldScores) -> npt.NDArray[np.int64]:
    """Return the class (N,) of each label; labels that are no class are background."""
    background = scores.class_names.index(BACKGROUND)
    columns = np.asarray([*gesture_classes(scores.class_names)[1], background])
    # An unknown label is gesture -1: the last column.
    found: npt.NDArray[np.int64] = columns[scores.truth()]
    return found


def novel_labels(scores: OutOfFoldScores) -> npt.NDArray[np.bool_]:
    """Return whether each clip (N,) has an unknown label that occurs in its own fold alone."""
    unknown = scores.truth() < 0
    folds_of: dict[str, set[int]] = {}
    for label, fold in zip(scores.labels.tolist(), scores.folds.tolist(), strict=True):
        folds_of.setdefault(label, set()).add(fold)
    return unknown & np.asarray([len(folds_of[label]) == 1 for label in scores.labels.tolist()])


def cross_fitted_temperatures(scores: OutOfFoldScores) -> dict[int, float]:
    """Return for each fold the temperature fitted on the clips of all other folds.

    Raises:
        InputError: There is only one fold.
    """
    folds = np.unique(scores.folds)
    if len(folds) < 2:
        raise InputError(
            f"--models: only fold {folds[0]} is covered; the temperature of a fold is fitted on "
            "the other folds"
        )
    classes = true_classes(scores)
    temperatures = {}
    for fold in folds:
        others = scores.folds != fold
        temperatures[int(fold)] = fit_temperature(scores.logits.ensemble[others], classes[others])
    return temperatures


def rejection_scores(
    logits: Tensor, probabilities: Tensor, class_names: tuple[str, ...]
) -> dict[str, npt.NDArray[np.floating]]:
    """Return scores (N,) that are higher for clips that look more like a known gesture.

    Args:
        logits: (N, K), not calibrated.
        probabilities: (N, K), calibrated.
        class_names: (K,).

    Source of the energy: Liu et al., Energy-based Out-of-distribution Detection (arXiv
    2010.03759). Here it covers the gestures only, since background is a class that is trained on
    other unknown motion.
    """
    columns = gesture_classes(class_names)[1]
    scores = {
        "1 - p(background)": 1.0 - probabilities[:, class_names.index(BACKGROUND)],
        "greatest p(gesture)": probabilities[:, columns].amax(1),
        "energy": torch.logsumexp(logits[:, columns], 1),
    }
    return {name: values.double().numpy() for name, values in scores.items()}


def calibration_report(scores: OutOfFoldScores) -> CalibrationReport:
    """Measure calibration and rejection.

    Raises:
        InputError: There is only one fold, or no clip is classified correctly.
    """
    logits, labels = torch.from_numpy(scores.logits.ensemble), true_classes(scores)
    classes = torch.from_numpy(labels)
    temperatures = cross_fitted_temperatures(scores)
    by_clip = torch.tensor([temperatures[fold] for fold in scores.folds.tolist()])
    calibrated = logits / by_clip[:, None]
    probabilities = torch.softmax(calibrated, 1)

    truth = scores.truth()
    known, novel = truth >= 0, novel_labels(scores)
    right = scores.chosen() == truth
    if not right.any():
        raise InputError("no clip is classified correctly, so there is no rejection threshold")
    rejection = {}
    for name, values in rejection_scores(logits, probabilities, scores.class_names).items():
        threshold = float(np.quantile(values[right], 1 - KEPT))
        rejection[name] = RejectionResult(
            auroc=_auroc(values, known),
            novel_auroc=_auroc(values[known | novel], known[known | novel]),
            threshold=threshold,
            unknown_rejected=_share(values < threshold, ~known),
            novel_rejected=_share(values < threshold, novel),
        )
    return CalibrationReport(
        clips=len(scores),
        unknown_clips=int((~known).sum()),
        novel_clips=int(novel.sum()),
        before=_calibration(logits, classes, 1.0),
        after=_calibration(calibrated, classes, temperatures),
        temperature=fit_temperature(scores.logits.ensemble, labels),
        scores=rejection,
        bundle=_bundle_threshold(probabilities, classes, known, novel, scores.class_names),
    )


def format_report(report: CalibrationReport) -> str:
    """Return the report as text for a terminal."""
    rows = [
        [
            name,
            f"{one.auroc:.4f}",
            f"{one.novel_auroc:.4f}",
            f"{one.threshold:.4f}",
            percent(one.unknown_rejected),
            percent(one.novel_rejected),
        ]
        for name, one in report.scores.items()
    ]
    errors = [
        [name, percent(one.expected_calibration_error), f"{one.log_loss:.4f}"]
        for name, one in (("before", report.before), ("after", report.after))
    ]
    assert isinstance(report.after.temperature, dict)
    fitted = [[f"fold {fold}", f"{value:.4f}"] for fold, value in report.after.temperature.items()]
    bundle = report.bundle
    heading = ["score", "AUROC", "novel", f"keeps {KEPT:.0%} above", "unknown rejected", "novel"]
    return "\n\n".join(
        [
            f"{report.clips} clips, {report.unknown_clips} of them with labels that are no class, "
            f"{report.novel_clips} of these with labels that occur in one fold alone (novel)",
            format_table(["temperature", "calibration error", "log loss"], errors),
            format_table(
                ["fitted on the other folds", "temperature"],
                [*fitted, ["on all folds", f"{report.temperature:.4f}"]],
            ),
            format_table(heading, rows),
            f"rejection_threshold {bundle.rejection_threshold:.4f}: rejects "
            f"{percent(bundle.unknown_rejected)} of the unknown "
            f"({percent(bundle.unknown_background)} as background), "
            f"{percent(bundle.novel_rejected)} of the novel and "
            f"{percent(bundle.known_rejected)} of the known",
        ]
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research calibration`."""
    add_cross_validation_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research calibration`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    models = load_models(arguments, arguments.models)
    data, sources = read_clips(arguments)
    report = calibration_report(score_folds(models, data, sources, progress=not arguments.json))
    show(arguments, format_report(report), {"models": describe_models(models), **asdict(report)})
    return 0


def _calibration(
    logits: Tensor, classes: Tensor, temperature: float | dict[int, float]
) -> CalibrationResult:
    error = multiclass_calibration_error(
        torch.softmax(logits, 1), classes, num_classes=logits.shape[1], n_bins=BINS, norm="l1"
    )
    return CalibrationResult(temperature, float(error), float(cross_entropy(logits, classes)))


def _auroc(values: npt.NDArray[np.floating], known: npt.NDArray[np.bool_]) -> float:
    if known.all() or not known.any():
        return float("nan")
    # torchmetrics applies a sigmoid to scores outside 0..1, which makes high scores equal.
    span = max(float(np.ptp(values)), np.finfo(np.float64).tiny)
    scaled = torch.from_numpy((values - values.min()) / span)
    return float(binary_auroc(scaled, torch.from_numpy(known.astype(np.int64))))


def _share(hit: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float:
    return float(hit[among].mean()) if among.any() else float("nan")


def _bundle_threshold(
    probabilities: Tensor,
    classes: Tensor,
    known: npt.NDArray[np.bool_],
    novel: npt.NDArray[np.bool_],
    class_names: tuple[str, ...],
) -> BundleThreshold:
    confidence, choice = (values.numpy() for values in probabilities.max(1))
    right = (choice == classes.numpy()) & known
    if not right.any():
        raise InputError("no clip is classified correctly where background may be chosen")
    threshold = float(np.quantile(confidence[right].astype(np.float64), 1 - KEPT))
    background = choice == class_names.index(BACKGROUND)
    rejected = background | (confidence < threshold)
    return BundleThreshold(
        rejection_threshold=threshold,
        unknown_rejected=_share(rejected, ~known),
        novel_rejected=_share(rejected, novel),
        unknown_background=_share(background, ~known),
        known_rejected=_share(rejected, known),
    )
