"""Drawing of the scores around one event or one missed action."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bharnet_ros.evaluation.metrics.outcomes import OUTCOME_NAMES
from bharnet_ros.evaluation.report.svg import colour, figure_style, fill, inline_svg
from bharnet_ros.evaluation.report.timeline import clock, condensed, traces_without_background
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.timeline import FoundEvent, Timeline, TrueAction

BEFORE_S, AFTER_S = 2.0, 2.0
"""Time shown before and after it."""

LONGEST_S = 60.0
"""Longest time shown; the rest is cut off."""

_BAR_TOP = 1.42


def draw_traces(
    timeline: Timeline,
    truth: TrueAction | None,
    event: FoundEvent | None,
    tracks: tuple[str, ...],
    outcome: str,
    name: str,
) -> str:
    """Return an <svg> of a true action, its event and the probabilities around them.

    Args:
        timeline: The recording.
        truth: The true action; None for a false event.
        event: The event; None for a missed true action.
        tracks: Track ids whose scores are drawn; all if empty.
        outcome: Outcome of both.
        name: Name of the figure, unique in the page.

    Raises:
        ValueError: Neither a true action nor an event is given.
    """
    spans = [span for span in (truth, event) if span is not None]
    if not spans:
        raise ValueError("truth, event: one of them is needed")
    start = max(0.0, min(span.start_s for span in spans) - BEFORE_S)
    newest = max([span.end_s for span in spans] + ([event.onset_s] if event else []))
    end = min(newest + AFTER_S, max(timeline.duration_s, newest), start + LONGEST_S)
    with figure_style():
        figure = Figure(figsize=(4.4, 2.1))
        axes = figure.add_axes((0.13, 0.12, 0.85, 0.86))
        has_scores = _draw_scores(axes, timeline, truth, event, tracks, (start, end))
        for span, level, word in ((truth, _BAR_TOP, "true"), (event, 1.2, "found")):
            if span is not None:
                role = outcome if span is event or event is None else "right"
                _draw_span(axes, span, level, f"{word}: {span.label}", role, (start, end))
        if event is not None:
            axes.axvline(event.onset_s, 0, 1.0, color=colour("ink"), linewidth=1, linestyle=":")
        axes.set_xlim(start, end)
        axes.set_ylim(-0.03 if has_scores else 1.05, _BAR_TOP + 0.18)
        axes.set_yticks([0.0, 0.5, 1.0] if has_scores else [])
        axes.set_ylabel("probability" if has_scores else "", fontsize=9, y=0.3)
        ticks = np.linspace(start, end, 5)
        axes.set_xticks(ticks, [_moment(tick, end - start) for tick in ticks], fontsize=9)
        axes.tick_params(axis="y", labelsize=9)
        what = " and ".join(
            f"{word} {span.label} {span.start_s:.2f} to {span.end_s:.2f} s"
            for word, span in (("true", truth), ("found", event))
            if span is not None
        )
        title = f"Scores in {timeline.name}"
        return inline_svg(figure, name, title, f"{what}: {OUTCOME_NAMES[outcome]}")


def _draw_scores(
    axes: Axes,
    timeline: Timeline,
    truth: TrueAction | None,
    event: FoundEvent | None,
    tracks: tuple[str, ...],
    limits: tuple[float, float],
) -> bool:
    """Draw the probability of each label; return whether there are scores."""
    drawn = False
    roles = {}
    if event is not None:
        roles[event.label] = "wrong_label"
    if truth is not None:
        roles[truth.label] = "right"
    labels = [label for label in timeline.class_names if label != BACKGROUND]
    for trace in traces_without_background(timeline):
        if tracks and trace.track_id not in tracks:
            continue
        stamps, values = condensed(trace, *limits)
        drawn = drawn or bool(len(stamps))
        for label, curve in zip(labels, values.T, strict=False):
            role = roles.get(label)
            axes.plot(
                stamps,
                curve,
                color=colour(role or "muted"),
                linewidth=1.8 if role else 0.7,
                zorder=3 if role else 2,
            )
    return drawn


def _draw_span(
    axes: Axes,
    span: TrueAction | FoundEvent,
    level: float,
    text: str,
    role: str,
    limits: tuple[float, float],
) -> None:
    start, end = max(span.start_s, limits[0]), min(span.end_s, limits[1])
    axes.barh(
        level,
        end - start,
        0.18,
        left=start,
        color=fill(role),
        edgecolor=colour(role),
    )
    # The text starts far enough to the left to have room.
    text_start = min(start, limits[0] + 0.6 * (limits[1] - limits[0]))
    axes.text(text_start, level, f" {text}", va="center_baseline", fontsize=9)


def _moment(time_s: float, span_s: float) -> str:
    return clock(time_s) if span_s > 20 else f"{time_s:.1f}"
