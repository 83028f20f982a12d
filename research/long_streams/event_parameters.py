"""Choose event parameters on some people and test them on others.

The spliced recordings of a cross-validation are scored once. Then every combination of the
parameters below is tried on them. For each fold, the combination that is best on all *other* folds
is measured on this one. research/RESULTS.md has the results.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.evaluation.metrics.events import EventMetrics, measure
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError
from research.cross_validation.held_out import held_out_fold
from research.long_streams.scoring import timeline_of
from research.long_streams.spliced import RecordingSettings, scored_recordings

GRID = {
    "enter_threshold": (0.55, 0.65, 0.75),
    "exit_threshold": (0.4, 0.5),
    "smoothing_s": (0.1, 0.3),
    "min_duration_s": (0.1, 0.3),
}
"""Values of the event parameters; all combinations are tried."""

MOST_FALSE, LONGEST_DELAY = 0.5, 1.0
"""Limits to keep: false events per minute of background, median onset delay in seconds."""

Choice = tuple[float, tuple[float, ...]]
"""Window in seconds, and a value for each parameter of `GRID`."""


def rank(metrics: EventMetrics) -> tuple[float, float]:
    """Return a sort key, higher is better: minus the excess over both limits, then F1."""
    false, delay = metrics.false_per_minute, metrics.onset_delay.median_s
    within_limits = -max(false - MOST_FALSE, 0.0) - max(delay - LONGEST_DELAY, 0.0)
    f1 = metrics.total.f1
    if not (math.isfinite(within_limits) and math.isfinite(f1)):
        return -math.inf, 0.0
    return within_limits, f1


def best_choice(folds: Sequence[int], results: Mapping[tuple[int, Choice], EventMetrics]) -> Choice:
    """Return the choice whose mean rank over some folds is highest."""

    def mean_rank(choice: Choice) -> tuple[float, ...]:
        each = [rank(results[fold, choice]) for fold in folds]
        return tuple(sum(column) / len(each) for column in zip(*each, strict=True))

    return max((choice for fold, choice in results if fold == folds[0]), key=mean_rank)


def row(name: str, how: str, choice: Choice, metrics: EventMetrics) -> list[str]:
    """Return a row of the table."""
    window_s, tried = choice
    values = (metrics.total.f1, metrics.false_per_minute, metrics.onset_delay.median_s)
    return [
        *(name, how, f"{window_s:g}"),
        *(f"{value:g}" for value in tried),
        *(f"{value:.3f}" for value in values),
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research long-streams event-parameters`."""
    parser.add_argument("--models", nargs="+", required=True, metavar="BUNDLE")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--subjects-from", required=True, type=Path)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--windows", type=float, nargs="+", default=(1.4, 2.0), metavar="S")
    parser.add_argument("--seed", type=int, default=0)


def run(options: argparse.Namespace) -> int:
    """Print, for each fold, the default parameters and those that are best on the other folds.

    Raises:
        InputError: There are fewer than two models, or a model or the data cannot be used.
        OSError: A file cannot be read.
    """
    threadpool_limits(1, user_api="blas")
    data = read_holistic_wild(options.data)
    bundles = [load_bundle(find_model(name)) for name in options.models]
    if len(bundles) < 2:
        raise InputError("--models: needs two folds at least, one to choose on and one to test on")
    settings = RecordingSettings(minutes=options.minutes, seed=options.seed)
    results: dict[tuple[int, Choice], EventMetrics] = {}
    rows = []
    for fold, bundle in enumerate(bundles):
        default = bundle.description.event_parameters()
        for window_s in options.windows:
            scored = scored_recordings(
                bundle, data, options.subjects_from, settings, window_s=window_s, progress=True
            )
            for values in itertools.product(*GRID.values()):
                tried = default.with_overrides(dict(zip(GRID, values, strict=True)))
                timelines = [timeline_of(one, tried) for one in scored]
                results[fold, (window_s, values)] = measure(timelines)
            if window_s == bundle.description.window_s:
                by_default = measure([timeline_of(one, default) for one in scored])
                name = f"fold {held_out_fold(bundle)}"
                values = tuple(getattr(default, field) for field in GRID)
                rows.append(row(name, "default", (window_s, values), by_default))
    for fold, bundle in enumerate(bundles):
        choice = best_choice([other for other in range(len(bundles)) if other != fold], results)
        name = f"fold {held_out_fold(bundle)}"
        rows.append(row(name, "best on the others", choice, results[fold, choice]))
    print(format_table(["", "", "window_s", *GRID, "F1", "false/min", "onset delay"], rows))
    return 0
