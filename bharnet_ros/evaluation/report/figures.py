"""Charts of the report: outcomes, confusion, precision, delays and early recognition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bharnet_ros.evaluation.metrics.average_precision import PrecisionRecall
from bharnet_ros.evaluation.metrics.events import EventMetrics
from bharnet_ros.evaluation.metrics.mistakes import NOTHING, MistakeKind
from bharnet_ros.evaluation.metrics.outcomes import OUTCOME_NAMES, RIGHT, TRUTH_OUTCOMES
from bharnet_ros.evaluation.report.svg import SERIES, colour, figure_style, fill, inline_svg

MOST_LABELS = 30
"""Most labels in one chart; those with most mistakes are shown."""

CHART = (5.0, 3.3)
"""Width and height in inches; where there is room, an inch is 72 pixels of the page."""


def worst_labels(metrics: EventMetrics) -> tuple[str, ...]:
    """Return all labels, those with most mistakes first."""
    mistakes: Counter[str] = Counter()
    for mistake in metrics.mistakes:
        mistakes.update({span.label for span in (mistake.truth, mistake.event) if span is not None})
    return tuple(sorted(metrics.labels, key=lambda label: (-mistakes[label], label)))


def draw_outcomes(metrics: EventMetrics) -> str:
    """Draw the outcomes of the true actions of each label, with false events to the left."""
    labels = worst_labels(metrics)[:MOST_LABELS]
    counts = {outcome: dict.fromkeys(labels, 0) for outcome in OUTCOME_NAMES}
    for mistake in metrics.mistakes:
        span = mistake.truth if mistake.truth is not None else mistake.event
        if span is not None and span.label in counts[mistake.kind.value]:
            counts[mistake.kind.value][span.label] += 1
    for label in labels:
        wrong = sum(counts[outcome][label] for outcome in TRUTH_OUTCOMES if outcome != RIGHT)
        counts[RIGHT][label] = metrics.labels[label].true_actions - wrong
    with figure_style():
        figure = Figure(figsize=(CHART[0], 0.9 + 0.27 * len(labels)), layout="constrained")
        axes = figure.add_subplot()
        places = np.arange(len(labels))
        left = np.zeros(len(labels))
        for outcome in TRUTH_OUTCOMES:
            widths = np.array([counts[outcome][label] for label in labels])
            _bars(axes, places, widths, left, outcome)
            left += widths
        false = np.array([counts[MistakeKind.FALSE.value][label] for label in labels])
        _bars(axes, places, -false, np.zeros(len(labels)), MistakeKind.FALSE.value)
        axes.axvline(0, color=colour("ink"), linewidth=1)
        axes.set_yticks(places, labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        axes.set_xlabel("false events  |  true actions", fontsize=9)
        axes.tick_params(axis="y", length=0, labelcolor=colour("ink"))
        axes.spines["left"].set_visible(False)
        return inline_svg(
            figure,
            "outcomes",
            "Outcomes of the true actions of each label",
            "; ".join(
                f"{label}: "
                + ", ".join(
                    f"{counts[outcome][label]} {name}"
                    for outcome, name in OUTCOME_NAMES.items()
                    if counts[outcome][label]
                )
                for label in labels
            ),
        )


def draw_confusion(metrics: EventMetrics) -> str:
    """Draw the confusion matrix of the labels with most mistakes."""
    chosen = [*sorted(worst_labels(metrics)[:MOST_LABELS]), NOTHING]
    chosen = [label for label in chosen if label in metrics.confusion.labels]
    index = [metrics.confusion.labels.index(label) for label in chosen]
    counts = np.array(metrics.confusion.counts, dtype=int)[np.ix_(index, index)]
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = len(chosen)
    side = max(3.2, 0.3 * size)
    with figure_style():
        figure = Figure(figsize=(side + 1.3, side + 1.1), layout="constrained")
        axes = figure.add_subplot()
        for row, column in zip(*np.nonzero(counts), strict=True):
            role = "right" if row == column else "false"
            share = counts[row, column] / totals[row, 0]
            face = to_rgba(colour(role), 0.12 + 0.5 * share)
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=face))
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=9)
        names = [label if label != NOTHING else f"({NOTHING})" for label in chosen]
        axes.set_xticks(range(size), names, rotation=90)
        axes.set_yticks(range(size), names)
        axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        axes.grid(which="minor", linewidth=0.6)
        axes.tick_params(which="both", length=0, labelcolor=colour("ink"))
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_aspect("equal")
        axes.set_xlabel("found")
        axes.set_ylabel("true")
        for spine in axes.spines.values():
            spine.set_visible(False)
        wrong = [
            f"{counts[row, column]} times {chosen[row]} found as {chosen[column]}"
            for row, column in zip(*np.nonzero(counts), strict=True)
            if row != column
        ]
        description = "; ".join(wrong) or "No label was confused with another"
        return inline_svg(figure, "confusion", "Confusion matrix", description)


def draw_precision_recall(curves: Sequence[PrecisionRecall]) -> str:
    """Draw the curves of the labels with the least average precision."""
    shown = sorted(curves, key=lambda curve: (np.nan_to_num(curve.average_precision), curve.label))
    shown = shown[:SERIES]
    with figure_style():
        figure = Figure(figsize=(CHART[0], CHART[1] + 0.25 * ((len(shown) + 1) // 2)))
        figure.set_layout_engine("constrained")
        axes = figure.add_subplot()
        for number, curve in enumerate(shown):
            axes.plot(
                (0.0, *curve.recall),
                (curve.precision[0] if curve.precision else 0.0, *curve.precision),
                color=colour(f"series{number}"),
                linewidth=1.6,
                marker="o",
                markersize=2.5,
                label=f"{curve.label}  {curve.average_precision:.2f}",
            )
        _share_axes(axes)
        axes.set_xlabel("recall")
        axes.set_ylabel("precision")
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0))
        figure.legend(loc="outside lower center", ncols=2, fontsize=9, handlelength=1.4)
        described = ", ".join(f"{curve.label} {curve.average_precision:.2f}" for curve in shown)
        return inline_svg(
            figure, "curves", "Precision against recall", f"Average precision: {described}"
        )


def draw_histogram(
    values: Sequence[float],
    marks: Sequence[tuple[str, float]],
    unit: str,
    name: str,
    title: str,
) -> str:
    """Draw a histogram of delays.

    Args:
        values: Delays in `unit`, at least one.
        marks: Names and positions of vertical lines, in `unit`.
        unit: "s" or "ms".
        name: Name of the figure, unique in the page.
        title: Title of the figure for screen readers.
    """
    digits = 0 if unit == "ms" else 2
    with figure_style():
        figure = Figure(figsize=(CHART[0], 2.6), layout="constrained")
        axes = figure.add_subplot()
        low, high = min(values), max(values)
        spread = max(high - low, 1e-3)
        axes.hist(
            values,
            bins=min(40, max(8, len(values) // 4)),
            range=(low - 0.02 * spread, high + 0.02 * spread),
            color=to_rgba(colour("tint"), 0.55),
            edgecolor=colour("tint"),
        )
        top = axes.get_ylim()[1]
        for number, (text, place) in enumerate(marks):
            axes.axvline(place, color=colour("ink"), linewidth=1, linestyle="--")
            # Each name has its own height, so that close ones do not overlap.
            axes.annotate(
                f" {text} {place:.{digits}f} {unit} ",
                (place, top * (1.02 + 0.1 * (len(marks) - 1 - number))),
                fontsize=9,
                ha="left" if place < low + 0.65 * spread else "right",
                annotation_clip=False,
            )
        axes.set_ylim(0, top)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_xlabel({"s": "seconds", "ms": "milliseconds"}[unit])
        axes.set_ylabel("events")
        described = ", ".join(f"{text} {place:.{digits}f} {unit}" for text, place in marks)
        return inline_svg(figure, name, title, f"{len(values)} events: {described}")


def draw_early(metrics: EventMetrics) -> str:
    """Draw the share of recognised actions against the part of them that has passed."""
    curves = (
        ("ranked first by the scores", "series0", [one.by_scores for one in metrics.early]),
        ("ONSET published", "right", [one.by_events for one in metrics.early]),
    )
    with figure_style():
        figure = Figure(figsize=(CHART[0], 2.7), layout="constrained")
        axes = figure.add_subplot()
        _share_curves(axes, [one.fraction for one in metrics.early], curves)
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0))
        axes.set_xlabel("part of the action that has passed")
        axes.set_ylabel("actions")
        last = metrics.early[-1]
        described = f"At {last.fraction:.0%} of the action, {last.by_events:.0%} have an ONSET"
        return inline_svg(figure, "early", "Early recognition", described)


def draw_overlaps(metrics: EventMetrics) -> str:
    """Draw average precision and F1 against the least overlap of a right event."""
    tious = [one.tiou for one in metrics.overlaps]
    curves = (
        ("mAP over actions", "series0", [one.map_actions for one in metrics.overlaps]),
        ("mAP over videos", "series1", [one.map_videos for one in metrics.overlaps]),
        ("F1", "right", [one.f1 for one in metrics.overlaps]),
    )
    with figure_style():
        figure = Figure(figsize=(CHART[0], 2.7), layout="constrained")
        axes = figure.add_subplot()
        _share_curves(axes, tious, curves)
        axes.set_xlim(min(tious) - 0.02, max(tious) + 0.02)
        axes.set_xlabel("least overlap (tIoU)")
        described = "; ".join(f"tIoU {one.tiou:g}: F1 {one.f1:.2f}" for one in metrics.overlaps)
        return inline_svg(figure, "overlaps", "Average precision and F1 by overlap", described)


def _share_curves(
    axes: Axes, places: Sequence[float], curves: Sequence[tuple[str, str, Sequence[float]]]
) -> None:
    """Draw curves of shares, each with name, colour and values; skip those with NaN only."""
    for name, role, values in curves:
        if np.isfinite(values).any():
            axes.plot(places, values, "o-", color=colour(role), markersize=3, label=name)
    _share_axes(axes)
    axes.legend(loc="best", fontsize=9)


def _bars(
    axes: Axes,
    places: np.ndarray,
    widths: np.ndarray,
    left: np.ndarray,
    outcome: str,
) -> None:
    places, widths, left = places[widths != 0], widths[widths != 0], left[widths != 0]
    bars = axes.barh(places, widths, 0.7, left=left, color=fill(outcome), edgecolor=colour(outcome))
    texts = [str(abs(width)) for width in widths]
    axes.bar_label(bars, texts, label_type="center", fontsize=9)


def _share_axes(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    axes.grid(linewidth=0.6)
