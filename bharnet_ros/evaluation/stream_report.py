"""Event metrics of several groups of recordings: a line for each, then all together."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from bharnet_ros.evaluation.detection import DetectionMetrics, measure
from bharnet_ros.evaluation.detection_text import format_detection
from bharnet_ros.evaluation.report import format_table, percent, show
from bharnet_ros.evaluation.timeline import Timeline

_HEADING = (
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


def format_groups(groups: Mapping[str, DetectionMetrics]) -> str:
    """Return a table with a line for each group; delays are the median and p90 in seconds."""

    def number(value: float) -> str:
        return "-" if math.isnan(value) else f"{value:.2f}"

    rows = [
        [
            name,
            str(one.recordings),
            f"{one.duration_s / 60:.1f}",
            str(one.total.true_actions),
            str(one.total.events),
            number(one.total.f1),
            percent(one.total.precision),
            percent(one.total.recall),
            number(one.false_per_minute),
            number(one.onset_delay.median_s),
            number(one.onset_delay.p90_s),
            str(one.fragmented),
        ]
        for name, one in groups.items()
    ]
    return format_table(_HEADING, rows)


def show_detection(
    arguments: argparse.Namespace,
    groups: Mapping[str, Sequence[Timeline]],
    divided: Mapping[str, Sequence[Timeline]] | None = None,
) -> None:
    """Print the numbers of each group and of all recordings together, as the arguments say.

    Args:
        arguments: Of a command that declared them by `add_report_arguments`.
        groups: Recordings by the name of their group.
        divided: The same recordings, divided by something else, for another table.

    Raises:
        OSError: The file cannot be written.
    """
    each, other = (
        {name: measure(timelines) for name, timelines in given.items()}
        for given in (groups, divided or {})
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
    show(arguments, "\n\n".join([*tables, format_detection(pooled)]), content)
