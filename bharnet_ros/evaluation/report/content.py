"""Content of the report's page: headline numbers, figures, and what had to be left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from bharnet_ros.evaluation.metrics.background import without_background
from bharnet_ros.evaluation.metrics.events import EventMetrics
from bharnet_ros.evaluation.metrics.outcomes import OUTCOME_NAMES
from bharnet_ros.evaluation.report.cards import mistake_cards, other_event_cards
from bharnet_ros.evaluation.report.figures import (
    MOST_LABELS,
    draw_confusion,
    draw_early,
    draw_histogram,
    draw_outcomes,
    draw_overlaps,
    draw_precision_recall,
)
from bharnet_ros.evaluation.report.numbers import (
    MOST_LABEL_ROWS,
    all_numbers,
    headline_numbers,
    label_rows,
    verdict,
)
from bharnet_ros.evaluation.report.svg import SERIES
from bharnet_ros.evaluation.report.timeline import clock, draw_timeline
from bharnet_ros.types.timeline import Timeline

MOST_RECORDINGS, MOST_BARS = 20, 3000
"""Most recordings with a drawn timeline, and most true actions and events in all of them."""


def page_content(timelines: Sequence[Timeline], metrics: EventMetrics) -> dict[str, Any]:
    """Return the variables of the template `report.html.jinja`.

    The figures are marked as safe: they escape all names from recordings.
    """
    timelines = [without_background(timeline) for timeline in timelines]
    drawn, undrawn = _timelines(timelines, metrics)
    mistakes = mistake_cards(timelines, metrics)
    events, events_left = other_event_cards(timelines, metrics)
    return {
        "metrics": metrics,
        "title": timelines[0].name if len(timelines) == 1 else f"{len(timelines)} recordings",
        "duration": clock(metrics.duration_s),
        "tiles": headline_numbers(metrics),
        "verdict": verdict(metrics),
        "key": OUTCOME_NAMES,
        "outcomes": Markup(draw_outcomes(metrics)) if metrics.labels else None,
        "confusion": Markup(draw_confusion(metrics)) if metrics.labels else None,
        "labels_left": max(0, len(metrics.labels) - MOST_LABELS),
        "mistakes": mistakes,
        "mistakes_left": len(metrics.mistakes) - len(mistakes),
        "timelines": drawn,
        "timelines_left": undrawn,
        "delays": _delays(metrics),
        "latencies": _latencies(timelines, metrics),
        "early": Markup(draw_early(metrics))
        if metrics.early and metrics.total.true_actions
        else None,
        "curves": Markup(draw_precision_recall(metrics.curves)) if metrics.curves else None,
        "curves_left": max(0, len(metrics.curves) - SERIES),
        "overlaps": Markup(draw_overlaps(metrics)) if metrics.total.true_actions else None,
        "events": events,
        "events_left": events_left,
        "numbers": all_numbers(metrics),
        "labels": label_rows(metrics),
        "label_rows_left": max(0, len(metrics.labels) - MOST_LABEL_ROWS),
    }


def _timelines(
    timelines: Sequence[Timeline], metrics: EventMetrics
) -> tuple[list[dict[str, Any]], int]:
    """Return the drawn timelines, those with most mistakes first, and how many are left out."""
    mistakes = Counter(mistake.recording for mistake in metrics.mistakes)
    order = sorted(timelines, key=lambda timeline: -mistakes[timeline.name])
    shown = order[:MOST_RECORDINGS]
    drawn = []
    for number, timeline in enumerate(shown):
        figure = draw_timeline(timeline, metrics, f"timeline{number}", MOST_BARS // len(shown))
        drawn.append(
            {
                "name": timeline.name,
                "mistakes": mistakes[timeline.name],
                "duration": clock(timeline.duration_s),
                "svg": Markup(figure.svg),
                "left_out": figure.left_out,
            }
        )
    return drawn, len(timelines) - len(shown)


def _delays(metrics: EventMetrics) -> Markup | None:
    """Return the histogram of onset delays; None without any."""
    delays = [match.event.onset_s - match.truth.start_s for match in metrics.matches]
    if not delays:
        return None
    marks = [("median", metrics.onset_delay.median_s), ("p90", metrics.onset_delay.p90_s)]
    return Markup(draw_histogram(delays, marks, "s", "delays", "Onset delay"))


def _latencies(timelines: Sequence[Timeline], metrics: EventMetrics) -> Markup | None:
    """Return the histogram of latencies; None without any."""
    known = [
        1000.0 * event.latency_s
        for timeline in timelines
        for event in timeline.events
        if math.isfinite(event.latency_s)
    ]
    if not known:
        return None
    latency = metrics.latency
    percentiles = (("p50", latency.p50_s), ("p95", latency.p95_s), ("p99", latency.p99_s))
    marks = [(name, 1000.0 * seconds) for name, seconds in percentiles]
    return Markup(
        draw_histogram(known, marks, "ms", "latencies", "Latency from capture to publication")
    )
