"""Which event parameters hold for people other than those they were chosen on.

Spliced streams of a cross-validation are scored once; then every combination of the parameters
below is tried on them. For each fold, the one that is best on all *other* folds is judged on it.
docs/streams.md has the results.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from bharnet_ros.datasets.holistic_wild import read_holistic_wild
from bharnet_ros.evaluation.cross_validation import held_out_fold
from bharnet_ros.evaluation.detection import DetectionMetrics, measure
from bharnet_ros.evaluation.report import format_table
from bharnet_ros.evaluation.streaming import ScoredRecording, event_parameters, timeline_of
from bharnet_ros.evaluation.streams import StreamSettings, scored_streams
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.events import EventParameters
from bharnet_ros.resources import find_model

GRID = {
    "enter_threshold": (0.45, 0.55, 0.65, 0.75),
    "exit_threshold": (0.25, 0.4),
    "smoothing_s": (0.1, 0.3),
    "min_duration_s": (0.1, 0.3),
    "min_gap_s": (0.3, 0.6),
}
"""Values of event parameters that are tried in all combinations."""

MOST_FALSE = 0.5
"""False events per minute of background that a choice may have, if any stays below."""

Choice = tuple[float, EventParameters]
"""Seconds of a window, and parameters."""


def pooled(
    folds: Sequence[Sequence[ScoredRecording]], parameters: EventParameters
) -> DetectionMetrics:
    """Measure the streams of several folds together."""
    return measure([timeline_of(one, parameters) for fold in folds for one in fold])


def goodness(metrics: DetectionMetrics) -> tuple[float, float]:
    """Return what is to be greatest: few false events first, then F1."""
    false = metrics.false_per_minute
    f1 = metrics.total.f1
    return -max(false - MOST_FALSE, 0.0), 0.0 if math.isnan(f1) else f1


def told(choice: Choice) -> list[str]:
    """Return the columns that name a choice."""
    window_s, parameters = choice
    return [f"{window_s:g}", *(f"{getattr(parameters, name):g}" for name in GRID)]


def measured(metrics: DetectionMetrics) -> list[str]:
    """Return the columns that judge it."""
    values = (metrics.total.f1, metrics.false_per_minute, metrics.onset_delay.median_s)
    return [f"{value:.3f}" for value in values]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print, for each fold, the default and what is best on the others."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", required=True, metavar="BUNDLE")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--subjects-from", required=True, type=Path)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--windows", type=float, nargs="+", default=(2.0,), metavar="S")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = read_holistic_wild(options.data)
    bundles = [load_bundle(find_model(name)) for name in options.models]
    settings = StreamSettings(minutes=options.minutes, seed=options.seed)
    names = [f"fold {held_out_fold(bundle)}" for bundle in bundles]
    scored = {
        window_s: [
            scored_streams(bundle, data, options.subjects_from, settings, window_s=window_s)
            for bundle in bundles
        ]
        for window_s in options.windows
    }
    default = event_parameters(bundles[0].description)
    # A threshold of rejection above the lowest enter threshold would take its place.
    tried = [
        replace(default, rejection_threshold=0.0, **dict(zip(GRID, values, strict=True)))
        for values in itertools.product(*GRID.values())
    ]
    results = {
        (window_s, place, parameters): measure([timeline_of(one, parameters) for one in fold])
        for window_s, folds in scored.items()
        for place, fold in enumerate(folds)
        for parameters in tried
    }
    rows = []
    for place, name in enumerate(names):
        others = [other for other in range(len(names)) if other != place] or [place]

        def on_others(choice: Choice, others: list[int] = others) -> tuple[float, float]:
            each = [goodness(results[choice[0], other, choice[1]]) for other in others]
            mean = [sum(column) / len(each) for column in zip(*each, strict=True)]
            return mean[0], mean[1]

        best = max(itertools.product(scored, tried), key=on_others)
        usual = (bundles[place].description.window_s, event_parameters(bundles[place].description))
        if usual[0] in scored:
            rows.append(
                [
                    name,
                    "default",
                    *told(usual),
                    *measured(pooled([scored[usual[0]][place]], usual[1])),
                ]
            )
        rows.append(
            [name, "chosen on the others", *told(best), *measured(results[best[0], place, best[1]])]
        )
    heading = ["", "", "window_s", *GRID, "F1", "false/min", "onset delay"]
    print(format_table(heading, rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
