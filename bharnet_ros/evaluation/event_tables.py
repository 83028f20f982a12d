"""Tables of event metrics for a terminal."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from bharnet_ros.evaluation.metrics.events import Counts, EventMetrics, Spread, measure
from bharnet_ros.evaluation.metrics.mistakes import Confusion
from bharnet_ros.evaluation.tables import format_table, percent, show
from bharnet_ros.types.timeline import Timeline

MANY_LABELS = 20
"""With more labels than this, the confusion table lists pairs instead of a matrix."""


def format_event_metrics(metrics: EventMetrics) -> str:
    """Return tables of all numbers except the curves and the list of mistakes."""
    tables = [
        _summary(metrics),
        _overlaps(metrics),
        _labels(metrics),
        _times(metrics),
        _early(metrics),
        _confusion(metrics.confusion),
    ]
    return "\n\n".join(table for table in tables if table)


def _summary(metrics: EventMetrics) -> str:
    never_found = sum(one.track_id is None for one in metrics.assignments)
    rows = [
        ["recordings", str(metrics.recordings)],
        ["duration", f"{metrics.duration_s:.1f} s"],
        ["of it background", f"{metrics.background_s:.1f} s"],
        ["frames", str(metrics.frames)],
        ["frames dropped", str(metrics.dropped)],
        ["true actions", str(metrics.total.true_actions)],
        ["events", str(metrics.total.events)],
        ["matched", str(metrics.total.matched)],
        ["badly timed", str(metrics.badly_timed)],
        ["wrong label", str(metrics.wrong_label)],
        ["missed", str(metrics.missed)],
        ["false", str(metrics.false)],
        ["false in background", str(metrics.false_in_background)],
        ["false per minute of it", _number(metrics.false_per_minute)],
        ["fragmented", str(metrics.fragmented)],
        ["merged", str(metrics.merged)],
    ]
    if metrics.assignments:
        rows.append(["people never found", f"{never_found} of {len(metrics.assignments)}"])
    return format_table(["measure", ""], rows)


def _overlaps(metrics: EventMetrics) -> str:
    return format_table(
        ["tIoU", "mAP actions", "mAP videos", "F1"],
        [
            [
                f"{one.tiou:g}",
                percent(one.map_actions),
                percent(one.map_videos),
                percent(one.f1),
            ]
            for one in metrics.overlaps
        ],
    )


def _labels(metrics: EventMetrics) -> str:
    average_precision = {curve.label: curve.average_precision for curve in metrics.curves}

    def row(name: str, counts: Counts, ap: float) -> list[str]:
        shares = (counts.precision, counts.recall, counts.f1, ap)
        numbers = (counts.true_actions, counts.events, counts.matched)
        return [name, *map(str, numbers), *map(percent, shares)]

    rows = [
        row(label, counts, average_precision.get(label, math.nan))
        for label, counts in metrics.labels.items()
    ]
    header = ["true", "events", "matched", "precision", "recall", "F1", "AP"]
    return format_table(
        [f"at tIoU {metrics.tiou:g}", *header],
        [*rows, row("all", metrics.total, math.nan)],
    )


def _times(metrics: EventMetrics) -> str:
    def row(name: str, spread: Spread) -> list[str]:
        values = (spread.median_s, spread.p90_s, spread.absolute_median_s, spread.absolute_p90_s)
        return [name, str(spread.count), *map(_number, values)]

    errors = format_table(
        ["seconds", "count", "median", "p90", "median without sign", "p90 without sign"],
        [
            row("onset delay", metrics.onset_delay),
            row("start error", metrics.start_error),
            row("end error", metrics.end_error),
        ],
    )
    latency = metrics.latency
    if not latency.count:
        return errors
    known = (latency.p50_s, latency.p95_s, latency.p99_s)
    return f"{errors}\n\n" + format_table(
        ["seconds", "count", "p50", "p95", "p99"],
        [["latency", str(latency.count), *(f"{value:.3f}" for value in known)]],
    )


def _early(metrics: EventMetrics) -> str:
    return format_table(
        ["part seen", "by scores", "by events"],
        [
            [f"{one.fraction:.0%}", percent(one.by_scores), percent(one.by_events)]
            for one in metrics.early
        ],
    )


def _confusion(confusion: Confusion) -> str:
    if len(confusion.labels) <= MANY_LABELS:
        return format_table(
            ["true, found", *confusion.labels],
            [
                [label, *map(str, row)]
                for label, row in zip(confusion.labels, confusion.counts, strict=True)
            ],
        )
    wrong = [
        (-count, true, found)
        for true, row in zip(confusion.labels, confusion.counts, strict=True)
        for found, count in zip(confusion.labels, row, strict=True)
        if count and true != found
    ]
    return format_table(
        ["true, found", "times"],
        [[f"{true}, {found}", str(-count)] for count, true, found in sorted(wrong)[:MANY_LABELS]],
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


_GROUP_HEADER = (
    "",
    "recordings",
    "minutes",
    "true",
    "events",
    "F1",
    "precision",
    "recall",
    "false/min",
    "onset delay",
    "p90",
    "fragmented",
)


def format_groups(groups: Mapping[str, EventMetrics]) -> str:
    """Return a table with one row for each group; delays are the median and p90 in seconds."""
    rows = [
        [
            name,
            str(one.recordings),
            f"{one.duration_s / 60:.1f}",
            str(one.total.true_actions),
            str(one.total.events),
            _number(one.total.f1),
            percent(one.total.precision),
            percent(one.total.recall),
            _number(one.false_per_minute),
            _number(one.onset_delay.median_s),
            _number(one.onset_delay.p90_s),
            str(one.fragmented),
        ]
        for name, one in groups.items()
    ]
    return format_table(_GROUP_HEADER, rows)


def show_event_metrics(
    arguments: argparse.Namespace,
    groups: Mapping[str, Sequence[Timeline]],
    divided: Mapping[str, Sequence[Timeline]] | None = None,
) -> None:
    """Print the numbers of each group and of all recordings together.

    Args:
        arguments: Arguments of a command that called `add_report_arguments`.
        groups: Recordings by the name of their group.
        divided: The same recordings grouped by another criterion, for a second table.

    Raises:
        OSError: The file cannot be written.
    """
    each, other = (
        {name: measure(timelines) for name, timelines in grouping.items()}
        for grouping in (groups, divided or {})
    )
    pooled = measure([one for timelines in groups.values() for one in timelines])
    tables = [format_groups({**each, "all": pooled})]
    if other:
        tables.append(format_groups(other))
    content = {
        "groups": {name: asdict(one) for name, one in each.items()},
        "divided": {name: asdict(one) for name, one in other.items()},
        "pooled": asdict(pooled),
    }
    show(arguments, "\n\n".join([*tables, format_event_metrics(pooled)]), content)
