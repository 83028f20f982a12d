"""Compare variants of the network on the same people, with intervals for the differences."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.tables import format_table, percent, show
from bharnet_ros.recognition.description import DESCRIPTION, read_description
from research.cross_validation.arguments import add_cross_validation_arguments, score_variants
from research.cross_validation.fold_models import FoldModel, describe_models
from research.cross_validation.out_of_fold import OutOfFoldScores, check_same_clips
from research.folds import cross_validation_result
from research.network_cost import network_cost

RESAMPLES = 10_000
"""Groups of people that are drawn for an interval."""

CONFIDENCE = 0.95
"""Share of the resampled groups that an interval holds."""


@dataclass(frozen=True)
class Gain:
    """How much better a variant is than the first, as a difference of shares.

    Attributes:
        value: On the recorded people.
        low: Lower end of the interval that holds `CONFIDENCE` of the resampled groups of people.
        high: Upper end of that interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class VariantComparison:
    """One variant compared with the first.

    Attributes:
        top1: Share of all clips classified correctly among the gestures.
        top1_deviation: Standard deviation between the folds.
        mean_class_accuracy: The same over all clips, averaged over the gestures.
        mean_class_deviation: Its standard deviation between the folds.
        body_top1: `top1` of the body expert alone.
        hand_top1: `top1` of the hand expert alone.
        top1_gain: Gain in `top1` over the first variant; zero for the first itself.
        mean_class_gain: The same for the mean class accuracy.
        folds_ahead: Folds in which `top1` is above that of the first variant.
    """

    top1: float
    top1_deviation: float
    mean_class_accuracy: float
    mean_class_deviation: float
    body_top1: float
    hand_top1: float
    top1_gain: Gain
    mean_class_gain: Gain
    folds_ahead: int


def compare(
    variants: Sequence[OutOfFoldScores], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[VariantComparison]:
    """Compare each variant with the first.

    Intervals are bootstrap percentiles over people, not over clips: the clips of one person are
    much alike, and a robot meets other people. They do not cover what another training seed would
    change.

    Args:
        variants: Scores of each variant, of the same clips in the same order.
        resamples: Groups of people to draw.
        seed: Seed of the draws.

    Raises:
        InputError: There are no variants, or one scores other clips than the first.
    """
    check_same_clips(variants)
    first = variants[0]
    truth = first.truth()
    known = truth >= 0
    _, person = np.unique(first.subjects[known], return_inverse=True)
    shape = (int(person.max()) + 1, len(first.gestures))

    def count(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        counts = np.zeros(shape)
        np.add.at(counts, (person[chosen], truth[known][chosen]), 1)
        return counts

    clips = count(np.ones(len(person), dtype=bool))
    right = [count(scores.chosen()[known] == truth[known]) for scores in variants]
    drawn = np.random.default_rng(seed).multinomial(
        shape[0], np.full(shape[0], 1 / shape[0]), size=resamples
    )
    resampled = [_measures(drawn, clips, one) for one in right]
    results = [cross_validation_result(scores) for scores in variants]
    base = results[0]
    comparisons = []
    for result, (top1, mean_class) in zip(results, resampled, strict=True):
        pooled = result.pooled
        ahead = [one.top1 > base.folds[fold].top1 for fold, one in result.folds.items()]
        comparisons.append(
            VariantComparison(
                top1=pooled.top1,
                top1_deviation=result.deviation["top1"],
                mean_class_accuracy=pooled.mean_class_accuracy,
                mean_class_deviation=result.deviation["mean_class_accuracy"],
                body_top1=pooled.body_top1,
                hand_top1=pooled.hand_top1,
                top1_gain=_gain(pooled.top1 - base.pooled.top1, top1 - resampled[0][0]),
                mean_class_gain=_gain(
                    pooled.mean_class_accuracy - base.pooled.mean_class_accuracy,
                    mean_class - resampled[0][1],
                ),
                folds_ahead=sum(ahead),
            )
        )
    return comparisons


def _measures(
    weights: npt.NDArray[np.int64],
    clips: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return top-1 and mean class accuracy (R,) of R groups of people.

    Args:
        weights: (R, P) how often each person is in each group.
        clips: (P, K) clips of each person and gesture.
        right: (P, K) how many of them were classified correctly.
    """
    all_clips, all_right = weights @ clips, weights @ right
    shown = all_clips > 0
    recall = np.where(shown, all_right / np.where(shown, all_clips, 1), 0.0)
    return all_right.sum(1) / all_clips.sum(1), recall.sum(1) / shown.sum(1)


def _gain(value: float, resampled: npt.NDArray[np.float64]) -> Gain:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Gain(value, float(low), float(high))


def format_comparison(
    comparisons: Sequence[VariantComparison], names: Sequence[str], costs: Sequence[tuple[int, int]]
) -> str:
    """Return the comparison as a table for a terminal.

    Args:
        comparisons: As `compare` returns them.
        names: Names of the variants.
        costs: Parameters and MACs of each.
    """
    header = ["models", "top-1", "+-", "gain", "95% of people"]
    header += ["mean class", "+-", "gain", "95% of people"]
    header += ["body", "hand", "ahead", "parameters", "million MACs"]
    rows = []
    for one, name, (parameters, macs) in zip(comparisons, names, costs, strict=True):
        row = [name]
        for value, deviation, gain in (
            (one.top1, one.top1_deviation, one.top1_gain),
            (one.mean_class_accuracy, one.mean_class_deviation, one.mean_class_gain),
        ):
            row += [percent(value), percent(deviation).rstrip("%"), f"{100 * gain.value:+.2f}"]
            row.append(f"{100 * gain.low:+.2f} to {100 * gain.high:+.2f}")
        row += [percent(one.body_top1), percent(one.hand_top1), str(one.folds_ahead)]
        row += [str(parameters), f"{macs / 1e6:.1f}"]
        rows.append(row)
    return format_table(header, rows)


def _cost(models: Sequence[FoldModel]) -> tuple[int, int]:
    """Return the parameters and MACs of the models that decide together in one fold."""
    costs = [network_cost(read_description(path / DESCRIPTION)) for path in models[0].bundles]
    return sum(one.parameters for one in costs), sum(one.macs for one in costs)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research compare`."""
    add_cross_validation_arguments(parser, variants=True)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research compare`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    variants, scores = score_variants(arguments)
    comparisons = compare(scores)
    names = [str(models[0].bundles[0].parent) for models in variants]
    costs = [_cost(models) for models in variants]
    results = [
        {"name": name, "parameters": cost[0], "macs": cost[1], **asdict(one)}
        for name, cost, one in zip(names, costs, comparisons, strict=True)
    ]
    described = [describe_models(models) for models in variants]
    show(
        arguments,
        format_comparison(comparisons, names, costs),
        {"models": described, "variants": results},
    )
    return 0
