"""Measure accuracy on perturbed clips: lost frames, noise, mirroring, other frame rates."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

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
from research.perturbations import Perturbation, add_noise, change_frame_rate, drop_frames, mirror


@dataclass(frozen=True)
class Stress:
    """A perturbation at several levels.

    Attributes:
        title: Meaning of the levels.
        levels: The levels that are measured.
        perturb: Returns the perturbation of a level; None if the level changes nothing.
        level_name: Formats a level as text.
    """

    title: str
    levels: tuple[float, ...]
    perturb: Callable[[float], Perturbation | None]
    level_name: Callable[[float], str]


def _drop(share: float) -> Perturbation | None:
    return (lambda sequence, random: drop_frames(sequence, share, random)) if share else None


def _noise(deviation: float) -> Perturbation | None:
    return (lambda sequence, random: add_noise(sequence, deviation, random)) if deviation else None


def _mirror(mirrored: float) -> Perturbation | None:
    return (lambda sequence, _random: mirror(sequence)) if mirrored else None


def _frame_rate(frames_per_second: float) -> Perturbation | None:
    return lambda sequence, _random: change_frame_rate(sequence, frames_per_second)


STRESSES = {
    "dropped": Stress(
        "share of frames lost",
        tuple(tenths / 10 for tenths in range(8)),
        _drop,
        "{:.0%}".format,
    ),
    "noise": Stress(
        "noise of coordinates, share of the shoulder width",
        (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
        _noise,
        "{:.0%}".format,
    ),
    "mirrored": Stress(
        "people mirrored",
        (0.0, 1.0),
        _mirror,
        lambda mirrored: "all" if mirrored else "as recorded",
    ),
    "frame_rate": Stress(
        "frames per second",
        (8.0, 10.0, 15.0, 25.0, 30.0, 60.0),
        _frame_rate,
        "{:g}".format,
    ),
}
"""All perturbations by name."""


@dataclass(frozen=True)
class LevelResult:
    """Accuracy at one level.

    Attributes:
        level: Strength of the perturbation, in the unit of its `Stress`.
        clips: Clips whose label is a class.
        top1: Share that the ensemble classifies correctly among the gestures.
        mean_class_accuracy: The same, averaged over the gestures.
        body_top1: `top1` of the body expert alone.
        hand_top1: `top1` of the hand expert alone.
    """

    level: float
    clips: int
    top1: float
    mean_class_accuracy: float
    body_top1: float
    hand_top1: float


def measure(
    models: Sequence[FoldModel],
    data: HolisticWild,
    sources: Path,
    names: Sequence[str],
    *,
    every: int = 1,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, list[LevelResult]]:
    """Measure accuracy at each level of the named perturbations, pooled over the folds.

    Args:
        models: At most one for each fold.
        data: All clips.
        sources: sources.csv with the fold of each subject.
        names: Keys of `STRESSES`.
        every: Score only every N-th clip of a fold.
        seed: Seed of the perturbations.
        progress: Whether to show progress bars on the terminal.
    """
    score = partial(
        score_folds, models, data, sources, known_only=True, every=every, progress=progress
    )
    recorded = None
    results: dict[str, list[LevelResult]] = {}
    for name in names:
        results[name] = []
        for level in STRESSES[name].levels:
            perturb = STRESSES[name].perturb(level)
            if perturb is None:
                # Unperturbed clips are the same for all perturbations: score them once.
                recorded = recorded or score().metrics()
                metrics = recorded
            else:
                metrics = score(perturb=perturb, seed=seed).metrics()
            results[name].append(
                LevelResult(
                    level=level,
                    clips=metrics.clips,
                    top1=metrics.top1,
                    mean_class_accuracy=metrics.mean_class_accuracy,
                    body_top1=metrics.body_top1,
                    hand_top1=metrics.hand_top1,
                )
            )
    return results


def format_results(results: dict[str, list[LevelResult]]) -> str:
    """Return one table per perturbation."""
    return "\n\n".join(
        format_table(
            [STRESSES[name].title, "clips", "top-1", "mean class", "body alone", "hand alone"],
            [
                [
                    STRESSES[name].level_name(one.level),
                    str(one.clips),
                    percent(one.top1),
                    percent(one.mean_class_accuracy),
                    percent(one.body_top1),
                    percent(one.hand_top1),
                ]
                for one in levels
            ],
        )
        for name, levels in results.items()
    )


def plot(stress: Stress, results: Sequence[LevelResult], path: Path) -> None:
    """Plot accuracy against level in a PNG file.

    Raises:
        OSError: The file cannot be written.
    """
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    # Draw the levels at even distances and label them: most are spaced unevenly.
    places = range(len(results))
    for field, label, style in (
        ("top1", "ensemble", "o-"),
        ("mean_class_accuracy", "ensemble, mean class accuracy", "o--"),
        ("hand_top1", "hand expert alone", "s-"),
        ("body_top1", "body expert alone", "^-"),
    ):
        axes.plot(places, [getattr(one, field) for one in results], style, label=label)
    axes.set_xticks(places, [stress.level_name(one.level) for one in results])
    axes.set_xlabel(stress.title)
    axes.set_ylabel("accuracy (top-1 where not said otherwise)")
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research robustness`."""
    add_cross_validation_arguments(parser)
    add_perturbation_arguments(parser)
    parser.add_argument(
        "--only", nargs="+", choices=list(STRESSES), help="perturbations to measure (default: all)"
    )
    parser.add_argument(
        "--plots", type=Path, metavar="DIR", help="write a PNG per perturbation to DIR"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research robustness`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    if arguments.plots is not None:
        arguments.plots.mkdir(parents=True, exist_ok=True)
    models = load_models(arguments, arguments.models)
    data, sources = read_clips(arguments)
    results = measure(
        models,
        data,
        sources,
        arguments.only or list(STRESSES),
        every=arguments.every,
        seed=arguments.seed,
        progress=not arguments.json,
    )
    content = {
        "models": describe_models(models),
        "every": arguments.every,
        "seed": arguments.seed,
        **{name: [asdict(one) for one in levels] for name, levels in results.items()},
    }
    show(arguments, format_results(results), content)
    if arguments.plots is not None:
        for name, levels in results.items():
            plot(STRESSES[name], levels, arguments.plots / f"{name}.png")
    return 0
