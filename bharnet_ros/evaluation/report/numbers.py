"""Numbers of the report: headline numbers, the verdict, and the tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bharnet_ros.evaluation.metrics.events import EventMetrics, Spread
from bharnet_ros.evaluation.metrics.mistakes import MistakeKind
from bharnet_ros.evaluation.metrics.outcomes import OUTCOME_NAMES
from bharnet_ros.evaluation.report.figures import worst_labels
from bharnet_ros.evaluation.tables import percent

MOST_LABEL_ROWS = 150
"""Most rows in the table of labels."""


@dataclass(frozen=True)
class Number:
    """A number with its explanation.

    Attributes:
        name: Name of the number.
        value: The value with its unit.
        meaning: What the number means, in a few words.
    """

    name: str
    value: str
    meaning: str


def headline_numbers(metrics: EventMetrics) -> list[Number]:
    """Return the few numbers that matter most to a robot."""
    total = metrics.total
    numbers = [
        Number(
            "F1",
            _number(total.f1),
            f"precision {_share(total.precision)}, "
            f"recall {_share(total.recall)}, tIoU ≥ {metrics.tiou:g}",
        ),
        Number(
            "false events per minute",
            _number(metrics.false_per_minute),
            f"{metrics.false_in_background} in {metrics.background_s / 60:.1f} min of background",
        ),
        Number(
            "onset delay",
            _number(metrics.onset_delay.median_s, " s"),
            f"median; 90th percentile {_number(metrics.onset_delay.p90_s, ' s')}; latency comes "
            "on top",
        ),
        Number("missed", str(metrics.missed), f"of {total.true_actions} true actions"),
    ]
    if metrics.latency.count:
        numbers.append(
            Number(
                "latency",
                _number(1000 * metrics.latency.p95_s, " ms", 0),
                f"95th percentile; median {_number(1000 * metrics.latency.p50_s, ' ms', 0)}",
            )
        )
    return numbers


def verdict(metrics: EventMetrics) -> str:
    """Return a short summary: the share found and the most frequent mistake."""
    total = metrics.total
    if not total.true_actions:
        return f"The recordings have no true actions; {total.events} events were found."
    found = f"{total.matched} of {total.true_actions} true actions were found"
    counts = {
        MistakeKind.MISSED: metrics.missed,
        MistakeKind.FALSE: metrics.false,
        MistakeKind.WRONG_LABEL: metrics.wrong_label,
        MistakeKind.BADLY_TIMED: metrics.badly_timed,
    }
    most_frequent = max(counts, key=lambda kind: counts[kind])
    if not counts[most_frequent]:
        return f"{found}, without any mistake."
    worst_label = worst_labels(metrics)[0]
    return (
        f"{found}. The most frequent kind of mistake is “{OUTCOME_NAMES[most_frequent.value]}” "
        f"({counts[most_frequent]} of {sum(counts.values())}); the label with most mistakes is "
        f"“{worst_label}”."
    )


def all_numbers(metrics: EventMetrics) -> list[Number]:
    """Return the rows of the table of all single numbers."""
    total = metrics.total
    dropped = metrics.dropped / max(1, metrics.dropped + metrics.frames)
    return [
        Number("true actions", str(total.true_actions), "actions in the truth"),
        Number("events", str(total.events), "events that were found"),
        Number(
            "matched",
            str(total.matched),
            f"pairs of both with the same label and tIoU ≥ {metrics.tiou:g}",
        ),
        Number("precision", percent(total.precision), "matched over events"),
        Number("recall", percent(total.recall), "matched over true actions"),
        Number("F1", _number(total.f1), "harmonic mean of precision and recall"),
        Number("missed", str(metrics.missed), "true actions without an event"),
        Number(
            "wrong label",
            str(metrics.wrong_label),
            "true actions paired with an event of another label",
        ),
        Number(
            "badly timed",
            str(metrics.badly_timed),
            "true actions paired with an event of their label that overlaps too little",
        ),
        Number("false events", str(metrics.false), "events without a true action"),
        Number(
            "false events per minute",
            _number(metrics.false_per_minute),
            f"{metrics.false_in_background} in {metrics.background_s / 60:.1f} minutes of "
            "background",
        ),
        Number(
            "fragmented",
            str(metrics.fragmented),
            "true actions with several events of their label mostly within them",
        ),
        Number(
            "merged",
            str(metrics.merged),
            "events that cover most of several true actions of their label",
        ),
        *_spread(
            "onset delay",
            metrics.onset_delay,
            "time from the true start to the image that led to the ONSET; latency comes on top",
        ),
        *_spread("start error", metrics.start_error, "estimated minus true start"),
        *_spread("end error", metrics.end_error, "estimated minus true end"),
        Number(
            "latency p50 / p95 / p99",
            " / ".join(
                _number(1000 * seconds, " ms", 0)
                for seconds in (metrics.latency.p50_s, metrics.latency.p95_s, metrics.latency.p99_s)
            ),
            f"from capture to publication, {metrics.latency.count} events",
        ),
        Number("frames", str(metrics.frames), "processed frames"),
        Number(
            "dropped",
            f"{metrics.dropped} ({percent(dropped)})",
            "recorded frames that were not processed",
        ),
    ]


def label_rows(metrics: EventMetrics) -> list[tuple[str, ...]]:
    """Return the rows of the table of labels as text, those with most mistakes first."""
    average_precision = {curve.label: curve.average_precision for curve in metrics.curves}
    return [
        (
            label,
            str(counts.true_actions),
            str(counts.events),
            str(counts.matched),
            percent(counts.precision),
            percent(counts.recall),
            _number(counts.f1),
            _number(average_precision.get(label, math.nan)),
        )
        for label in worst_labels(metrics)[:MOST_LABEL_ROWS]
        for counts in (metrics.labels[label],)
    ]


def _spread(name: str, spread: Spread, meaning: str) -> list[Number]:
    """Return the rows of one kind of error."""
    return [
        Number(f"{name}, median", _number(spread.median_s, " s"), meaning),
        Number(f"{name}, 90th percentile", _number(spread.p90_s, " s"), "nine in ten are below it"),
        Number(
            f"{name}, absolute",
            f"{_number(spread.absolute_median_s, ' s')} / {_number(spread.absolute_p90_s, ' s')}",
            "median and 90th percentile of the absolute values",
        ),
    ]


def _number(value: float, unit: str = "", digits: int = 2) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}{unit}"


def _share(value: float) -> str:
    return _number(100.0 * value, " %", 0)
