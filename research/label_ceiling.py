"""Estimate the accuracy that wrong labels and foreign signs allow, from what every model misses."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.tables import format_table, percent, show
from bharnet_ros.types.errors import InputError
from research.cross_validation.arguments import add_cross_validation_arguments, score_variants
from research.cross_validation.fold_models import describe_models
from research.cross_validation.out_of_fold import OutOfFoldScores, check_same_clips


@dataclass(frozen=True)
class MissedPair:
    """A person's clips of one label, all of which every model misses.

    Attributes:
        subject: The person.
        label: The label of the clips.
        fold: Fold of the person.
        clips: Number of clips.
        taken_for: How often the models chose each other gesture, over all models, most frequent
            first.
    """

    subject: str
    label: str
    fold: int
    clips: int
    taken_for: dict[str, int]


@dataclass(frozen=True)
class VariantResult:
    """One variant with and without the clips that every model misses.

    Attributes:
        top1: Share classified correctly among the gestures.
        mean_class_accuracy: The same, averaged over the gestures.
        top1_without: `top1` over the other clips.
        mean_class_accuracy_without: `mean_class_accuracy` over the other clips.
    """

    top1: float
    mean_class_accuracy: float
    top1_without: float
    mean_class_accuracy_without: float


@dataclass(frozen=True)
class CeilingResult:
    """What no model can get right if these labels are wrong.

    Attributes:
        clips: Clips whose label is a class.
        missed: The missed pairs of person and label, most clips first.
        missed_share: Share 0..1 of the clips in these pairs.
        ceiling: Top-1 of a model that gets all other clips right.
        variants: Results of the variants, in the order given.
    """

    clips: int
    missed: list[MissedPair]
    missed_share: float
    ceiling: float
    variants: list[VariantResult]


def estimate_ceiling(variants: Sequence[OutOfFoldScores]) -> CeilingResult:
    """Find the pairs that every model misses, and measure the models without them.

    The estimate errs both ways: it counts people who sign in a rare but correct way, and does not
    count single wrong labels among correct ones.

    Args:
        variants: Scores of each variant, of the same clips in the same order.

    Raises:
        InputError: There are no variants, they score other clips than the first, or every known
            clip is missed.
    """
    check_same_clips(variants)
    first = variants[0]
    truth = first.truth()
    known = truth >= 0
    choices = np.stack([scores.chosen() for scores in variants])
    hit = (choices == truth).any(axis=0)
    missed, missed_clips = [], np.zeros(len(first), dtype=bool)
    for subject, label in sorted(
        set(zip(first.subjects[known].tolist(), first.labels[known].tolist(), strict=True))
    ):
        pair = (first.subjects == subject) & (first.labels == label)
        if hit[pair].any():
            continue
        missed_clips |= pair
        missed.append(
            MissedPair(
                subject=subject,
                label=label,
                fold=int(first.folds[pair][0]),
                clips=int(pair.sum()),
                taken_for=_count(choices[:, pair], first.gestures),
            )
        )
    share = float(missed_clips[known].mean())
    if share == 1.0:
        raise InputError("no model classifies any clip correctly: there is nothing to measure")
    return CeilingResult(
        clips=int(known.sum()),
        missed=sorted(missed, key=lambda pair: -pair.clips),
        missed_share=share,
        ceiling=1.0 - share,
        variants=[_with_and_without(scores, missed_clips) for scores in variants],
    )


def format_result(result: CeilingResult, names: Sequence[str]) -> str:
    """Return the result as tables for a terminal; `names` are those of the variants."""
    pairs = [
        [
            pair.subject,
            pair.label,
            str(pair.fold),
            str(pair.clips),
            ", ".join(f"{name} {count}" for name, count in pair.taken_for.items()),
        ]
        for pair in result.missed
    ]
    variants = [
        [
            name,
            percent(one.top1),
            percent(one.mean_class_accuracy),
            percent(one.top1_without),
            percent(one.mean_class_accuracy_without),
        ]
        for name, one in zip(names, result.variants, strict=True)
    ]
    missed_clips = sum(pair.clips for pair in result.missed)
    return "\n\n".join(
        [
            format_table(["person", "label", "fold", "clips", "taken for"], pairs),
            f"{len(result.missed)} pairs of person and label, {missed_clips} of {result.clips} "
            f"clips ({percent(result.missed_share)}); without them right: "
            f"at most {percent(result.ceiling)} top-1",
            format_table(
                ["models", "top-1", "mean class", "top-1 without", "mean class without"], variants
            ),
        ]
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research label-ceiling`."""
    add_cross_validation_arguments(parser, variants=True)
    parser.add_argument(
        "--doubtful",
        type=Path,
        metavar="FILE",
        help="write these pairs of person and label to a CSV file for `bharnet train --doubtful`",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research label-ceiling`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    variants, scores = score_variants(arguments)
    names = [str(models[0].bundles[0]) for models in variants]
    result = estimate_ceiling(scores)
    if arguments.doubtful is not None:
        write_doubtful(arguments.doubtful, result.missed)
    show(
        arguments,
        format_result(result, names),
        {"models": [describe_models(models) for models in variants], **asdict(result)},
    )
    return 0


def write_doubtful(path: Path, missed: Sequence[MissedPair]) -> None:
    """Write pairs that `read_doubtful` of `training.targets` reads.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["subject", "label", "clips"])
        writer.writerows([one.subject, one.label, one.clips] for one in missed)


def _count(choices: npt.NDArray[np.int64], gestures: Sequence[str]) -> dict[str, int]:
    """Return how often each gesture was chosen, most frequent first."""
    counts = Counter(choices.ravel().tolist())
    return {gestures[index]: count for index, count in counts.most_common()}


def _with_and_without(scores: OutOfFoldScores, missed: npt.NDArray[np.bool_]) -> VariantResult:
    everything, rest = scores.metrics(), scores.subset(~missed).metrics()
    return VariantResult(
        top1=everything.top1,
        mean_class_accuracy=everything.mean_class_accuracy,
        top1_without=rest.top1,
        mean_class_accuracy_without=rest.mean_class_accuracy,
    )
