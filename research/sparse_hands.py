"""Compare the ensemble with the body expert alone on clips that hardly show a hand."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bharnet_ros.datasets.readers.holistic_wild import HolisticWild
from bharnet_ros.evaluation.tables import format_table, percent, show
from research.cross_validation.arguments import (
    add_cross_validation_arguments,
    add_perturbation_arguments,
    load_models,
    read_clips,
)
from research.cross_validation.cross_validation import score_folds
from research.cross_validation.fold_models import FoldModel, describe_models
from research.cross_validation.out_of_fold import OutOfFoldScores
from research.perturbations import remove_hands

SHARES = (0.0, 0.5, 0.75, 1.0)
"""Shares of the frames from which the hands are removed."""

MODES = {"one block": True, "single frames": False}
"""Whether these frames are consecutive."""

_RECORDED_LIMITS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Borders of the groups of clips, as shares of the frames that show a hand."""


@dataclass(frozen=True)
class SparseResult:
    """The ensemble compared with the body expert on the same clips.

    Attributes:
        clips: Clips whose label is a class.
        top1: Share that the ensemble classifies correctly among the gestures.
        mean_class_accuracy: The same, averaged over the gestures.
        body_top1: `top1` of the body expert alone.
        body_mean_class_accuracy: `mean_class_accuracy` of the body expert alone.
        gained: Clips that only the ensemble classifies correctly.
        lost: Clips that only the body expert classifies correctly.
    """

    clips: int
    top1: float
    mean_class_accuracy: float
    body_top1: float
    body_mean_class_accuracy: float
    gained: int
    lost: int

    @property
    def below_body(self) -> bool:
        """Whether the ensemble is worse than the body expert by either measure."""
        return (
            self.top1 < self.body_top1 or self.mean_class_accuracy < self.body_mean_class_accuracy
        )


def compare_with_body(scores: OutOfFoldScores) -> SparseResult:
    """Compare the ensemble with the body expert alone.

    Raises:
        InputError: No label is a class.
    """
    body = scores.of_body_alone()
    together, alone = scores.metrics(), body.metrics()
    truth = scores.truth()
    hits, body_hits = scores.chosen() == truth, body.chosen() == truth
    return SparseResult(
        clips=together.clips,
        top1=together.top1,
        mean_class_accuracy=together.mean_class_accuracy,
        body_top1=alone.top1,
        body_mean_class_accuracy=alone.mean_class_accuracy,
        gained=int((hits & ~body_hits).sum()),
        lost=int((body_hits & ~hits).sum()),
    )


def measure_removed(
    models: Sequence[FoldModel],
    data: HolisticWild,
    sources: Path,
    *,
    every: int = 1,
    seed: int = 0,
    progress: bool = False,
) -> tuple[OutOfFoldScores, dict[str, dict[float, SparseResult]]]:
    """Remove the hands from a share of the frames, in both modes.

    Args:
        models: At most one for each fold.
        data: All clips.
        sources: sources.csv with the fold of each subject.
        every: Score only every N-th clip of a fold.
        seed: Seed of the choice of frames.
        progress: Whether to show progress bars on the terminal.

    Returns:
        The scores of the clips as recorded, and the results by mode and share.
    """

    def scored(share: float, block: bool) -> OutOfFoldScores:
        return score_folds(
            models,
            data,
            sources,
            known_only=True,
            every=every,
            perturb=lambda sequence, random: remove_hands(sequence, share, random, block=block),
            seed=seed,
            progress=progress,
        )

    # With no hand or every hand removed, both modes give the same clips.
    recorded = scored(0.0, True)
    ends = {0.0: compare_with_body(recorded), 1.0: compare_with_body(scored(1.0, True))}
    results = {
        mode: {
            share: ends[share] if share in ends else compare_with_body(scored(share, block))
            for share in SHARES
        }
        for mode, block in MODES.items()
    }
    return recorded, results


def measure_recorded(scores: OutOfFoldScores) -> dict[str, SparseResult]:
    """Compare on the recorded clips, grouped by the share of frames that show a hand."""
    results = {}
    groups = {"no frame": scores.hand_share == 0}
    for low, high in itertools.pairwise(_RECORDED_LIMITS):
        inside = (scores.hand_share > low) & (scores.hand_share <= high)
        groups[f"up to {high:.0%} of the frames"] = inside
    for name, group in groups.items():
        if group.any():
            results[name] = compare_with_body(scores.subset(group))
    return results


def format_results(
    removed: dict[str, dict[float, SparseResult]], recorded: dict[str, SparseResult]
) -> str:
    """Return both comparisons as tables, with a sentence that sums up the first."""
    heading = ["clips", "top-1", "body", "mean class", "body", "gained", "lost"]

    def row(name: str, result: SparseResult) -> list[str]:
        return [
            name,
            str(result.clips),
            percent(result.top1),
            percent(result.body_top1),
            percent(result.mean_class_accuracy),
            percent(result.body_mean_class_accuracy),
            str(result.gained),
            str(result.lost),
        ]

    rows = [
        (f"{mode}, {share:.0%} of frames", result)
        for mode, levels in removed.items()
        for share, result in levels.items()
    ]
    below = [name for name, result in rows if result.below_body]
    answer = (
        f"The ensemble falls below the body expert: {'; '.join(below)}."
        if below
        else "The ensemble never falls below the body expert."
    )
    return "\n\n".join(
        [
            format_table(["hands removed", *heading], [row(*one) for one in rows]),
            answer,
            format_table(
                ["hands as recorded in", *heading], [row(*one) for one in recorded.items()]
            ),
        ]
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research sparse-hands`."""
    add_cross_validation_arguments(parser)
    add_perturbation_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research sparse-hands`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    models = load_models(arguments, arguments.models)
    data, sources = read_clips(arguments)
    scores, removed = measure_removed(
        models,
        data,
        sources,
        every=arguments.every,
        seed=arguments.seed,
        progress=not arguments.json,
    )
    recorded = measure_recorded(scores)
    content = {
        "models": describe_models(models),
        "every": arguments.every,
        "seed": arguments.seed,
        "removed": [
            {"mode": mode, "share": share, **asdict(result), "below_body": result.below_body}
            for mode, levels in removed.items()
            for share, result in levels.items()
        ],
        "recorded": {name: asdict(result) for name, result in recorded.items()},
    }
    show(arguments, format_results(removed, recorded), content)
    return 0
