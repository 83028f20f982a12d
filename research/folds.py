"""Score each model of a cross-validation on the fold that it was not trained on, and pool them."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

import numpy as np

from bharnet_ros.evaluation.metrics.clips import ClipMetrics
from bharnet_ros.evaluation.tables import format_table, percent, show
from research.cross_validation.arguments import (
    add_cross_validation_arguments,
    load_models,
    read_clips,
)
from research.cross_validation.cross_validation import score_folds
from research.cross_validation.fold_models import describe_models
from research.cross_validation.out_of_fold import OutOfFoldScores

MEASURES = {
    "top1": "top-1",
    "mean_class_accuracy": "mean class",
    "top1_with_background": "with background",
    "body_top1": "body alone",
    "hand_top1": "hand alone",
    "unknown_rejected": "unknown rejected",
}
"""Fields of `ClipMetrics` that are shown for each fold, with their headings."""


@dataclass(frozen=True)
class ClassResult:
    """One gesture over all folds.

    Attributes:
        clips: Clips of the gesture.
        subjects: People in these clips.
        recall: Share classified correctly among the gestures.
        named_with_background: Clips classified correctly when background may be chosen too.
        taken_for_background: Clips classified as background in that case.
    """

    clips: int
    subjects: int
    recall: float
    named_with_background: int
    taken_for_background: int


@dataclass(frozen=True)
class CrossValidationResult:
    """The results of a cross-validation.

    Attributes:
        folds: Metrics of each fold.
        mean: Mean over the folds of each measure in `MEASURES`; each fold counts the same.
        deviation: Standard deviation between the folds; NaN with a single fold.
        pooled: Metrics over the clips of all folds together.
        classes: Each gesture that occurs, over all folds.
    """

    folds: dict[int, ClipMetrics]
    mean: dict[str, float]
    deviation: dict[str, float]
    pooled: ClipMetrics
    classes: dict[str, ClassResult]


def cross_validation_result(scores: OutOfFoldScores) -> CrossValidationResult:
    """Compute the metrics of each fold and of all folds.

    A gesture that does not occur in a fold does not enter that fold's mean class accuracy. A fold
    without unknown labels does not enter the mean of `unknown_rejected`.

    Raises:
        InputError: A fold has no clip whose label is a class.
    """
    folds = {
        int(fold): scores.subset(scores.folds == fold).metrics() for fold in np.unique(scores.folds)
    }
    pooled = scores.metrics()
    mean, deviation = {}, {}
    for measure in MEASURES:
        values = np.asarray([getattr(metrics, measure) for metrics in folds.values()])
        values = values[np.isfinite(values)]
        mean[measure] = float(values.mean()) if len(values) else float("nan")
        deviation[measure] = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    classes = {}
    for name, recall in pooled.recall.items():
        row = pooled.confusion[pooled.class_names.index(name)]
        classes[name] = ClassResult(
            clips=sum(row),
            subjects=len(set(scores.subjects[scores.labels == name].tolist())),
            recall=recall,
            named_with_background=row[pooled.class_names.index(name)],
            taken_for_background=row[-1],
        )
    return CrossValidationResult(folds, mean, deviation, pooled, classes)


def format_result(result: CrossValidationResult) -> str:
    """Return the result as tables for a terminal."""

    def measured(metrics: ClipMetrics) -> list[str]:
        return [percent(getattr(metrics, measure)) for measure in MEASURES]

    def counted(name: str, metrics: ClipMetrics) -> list[str]:
        counts = (metrics.clips, metrics.subjects, metrics.unknown_clips)
        return [name, *map(str, counts), *measured(metrics)]

    rows = [counted(f"fold {fold}", metrics) for fold, metrics in result.folds.items()]
    for name, values in (("mean", result.mean), ("deviation", result.deviation)):
        rows.append([name, "", "", "", *(percent(values[measure]) for measure in MEASURES)])
    rows.append(counted("pooled", result.pooled))
    classes = [
        [
            name,
            str(one.clips),
            str(one.subjects),
            percent(one.recall),
            str(one.named_with_background),
            str(one.taken_for_background),
        ]
        for name, one in result.classes.items()
    ]
    heading = ["gesture", "clips", "people", "recall", "with background", "taken for background"]
    return "\n\n".join(
        [
            format_table(["", "clips", "people", "unknown", *MEASURES.values()], rows),
            format_table(heading, classes),
        ]
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research folds`."""
    add_cross_validation_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research folds`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    models = load_models(arguments, arguments.models)
    data, sources = read_clips(arguments)
    scores = score_folds(models, data, sources, progress=not arguments.json)
    result = cross_validation_result(scores)
    sizes = " ".join(str(size) for size in sorted({model.parameters for model in models}))
    text = f"{format_result(result)}\n\nparameters of the network: {sizes}"
    show(arguments, text, {"models": describe_models(models), **asdict(result)})
    return 0
