"""What truly happened in a recording: a table, labels of PKU-MMD, or a topic of the recording."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.topics import TYPES, Stage
from bharnet_ros.datasets.files import read_lines
from bharnet_ros.datasets.readers.pku_mmd.reader import read_labels
from bharnet_ros.messages.reading import event_from_message
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.timeline import ANYBODY, TrueAction, found_events

TOPIC = "topic:"
"""What a truth begins with that is a topic of the recording."""

ROS_TIME_S = 1e8
"""From here on, seconds are ROS time and no longer counted from the start of the recording."""

SLACK_S = 0.5
"""How far truth may reach out of the recording: nobody marks the last frame exactly."""

_TABLE = ".csv"
_PKU_MMD = ".txt"


@dataclass(frozen=True)
class PlacedAction:
    """A true action and where it is written.

    Attributes:
        action: It, in seconds from the start of the recording.
        place: File and line, or bag and topic.
    """

    action: TrueAction
    place: str


def read_truth(source: str, recording: Recording, origin_ns: int) -> list[PlacedAction]:
    """Read the truth of a recording.

    Args:
        source: A .csv file, a .txt file of PKU-MMD labels, or `topic:` and a topic.
        recording: The recording.
        origin_ns: Where it starts, nanoseconds.

    Raises:
        InputError: It is none of these, or broken, or actions of one track overlap; names file and
            line, or bag and topic.
        OSError: The file cannot be read.
    """
    path = Path(source)
    if source.startswith(TOPIC):
        rows = _read_topic(recording, source.removeprefix(TOPIC), origin_ns)
    elif path.suffix == _TABLE:
        rows = read_table(path, origin_ns)
    elif path.suffix == _PKU_MMD:
        rows = [PlacedAction(action, f"{path}: line {line}") for line, action in read_labels(path)]
    else:
        raise InputError(
            f"{source}: is no truth: neither {TOPIC}/name nor a file in {_TABLE} or {_PKU_MMD}"
        )
    _check_overlaps(rows)
    return rows


def read_table(path: Path, origin_ns: int) -> list[PlacedAction]:
    """Read a table with the columns track (may be left out), label, start and end.

    Args:
        path: A file of values between commas, its first line the names of the columns.
        origin_ns: Where the recording starts, to tell ROS time.

    Raises:
        InputError: A column is missing, or a line is broken; names file and line.
        OSError: The file cannot be read.
    """
    reader = csv.reader(read_lines(path), skipinitialspace=True, strict=True)
    rows: list[PlacedAction] = []
    header: list[str] | None = None
    while True:
        place = f"{path}: line {reader.line_num + 1}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{place}: {error}") from None
        if cells is None:
            break
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if header is None:
            missing = [name for name in COLUMNS[1:] if name not in cells]
            if missing or len(set(cells)) != len(cells):
                raise InputError(
                    f"{place}: expected the names of the columns, {','.join(COLUMNS)}, got "
                    f"{','.join(cells)}"
                )
            header = cells
            continue
        if len(cells) != len(header):
            raise InputError(f"{place}: expected {len(header)} values, got {len(cells)}")
        rows.append(_row(dict(zip(header, cells, strict=True)), place, origin_ns))
    if header is None:
        raise InputError(f"{path}: line 1: is empty; expected {','.join(COLUMNS)}")
    return rows


def fitting_truth(
    rows: Sequence[PlacedAction], duration_s: float, class_names: Sequence[str], *, others: bool
) -> tuple[TrueAction, ...]:
    """Return the actions that a model can be measured by.

    `background` is no action, and left out.

    Args:
        rows: The truth.
        duration_s: Length of the recording.
        class_names: What the model knows; empty where that is not known.
        others: Whether actions that the model does not know are left out, so that they count as
            background, and not refused.

    Raises:
        InputError: An action lies outside the recording, or the model does not know its label;
            names its place.
    """
    for row in rows:
        start_s, end_s = row.action.start_s, row.action.end_s
        if start_s < -SLACK_S or end_s > duration_s + SLACK_S:
            raise InputError(
                f"{row.place}: {row.action.label} from {start_s:.3f} s to {end_s:.3f} s is outside "
                f"the recording, which lasts {duration_s:.3f} s"
            )
    actions = [row for row in rows if row.action.label != BACKGROUND]
    known = [row for row in actions if not class_names or row.action.label in class_names]
    if not others:
        for row in actions:
            if row not in known:
                raise InputError(
                    f"{row.place}: label {row.action.label!r} is none of the model's, "
                    f"{', '.join(class_names)}; --other-labels background takes it for background"
                )
    ordered = sorted(known, key=lambda row: (row.action.start_s, row.action.end_s))
    return tuple(row.action for row in ordered)


def _row(cells: dict[str, str], place: str, origin_ns: int) -> PlacedAction:
    """Return the action of one line of a table."""
    if not cells["label"]:
        raise InputError(f"{place}: label: is empty")
    times = []
    for name in ("start", "end"):
        try:
            value = float(cells[name])
        except ValueError:
            raise InputError(f"{place}: {name}: {cells[name]!r} is no number") from None
        if not math.isfinite(value):
            raise InputError(f"{place}: {name}: {cells[name]!r} is not finite")
        times.append(value)
    in_ros_time = [value >= ROS_TIME_S for value in times]
    if any(in_ros_time):
        if not all(in_ros_time):
            raise InputError(f"{place}: start, end: one is ROS time and the other is not")
        origin_s, origin_rest_ns = divmod(origin_ns, NANOSECONDS)
        times = [value - origin_s - origin_rest_ns / NANOSECONDS for value in times]
    if times[1] < times[0]:
        raise InputError(f"{place}: end {cells['end']} is before start {cells['start']}")
    return PlacedAction(
        TrueAction(cells["label"], times[0], times[1], cells.get("track", ANYBODY)), place
    )


def _read_topic(recording: Recording, topic: str, origin_ns: int) -> list[PlacedAction]:
    """Return the events on a topic as true actions."""
    place = f"{recording.path}: topic {topic}"
    kinds = [one.type for one in recording.topics if one.name == topic]
    if kinds and kinds[0] not in TYPES[Stage.EVENTS]:
        raise InputError(f"{place}: is of type {kinds[0]}, not {TYPES[Stage.EVENTS][0]}")
    try:
        events = [event_from_message(one.message) for one in recording.messages(topic)]
        return [
            PlacedAction(TrueAction(one.label, one.start_s, one.end_s, one.track_id), place)
            for one in found_events(events, origin_ns)
        ]
    except ValueError as error:
        if str(recording.path) in str(error):
            raise
        raise InputError(f"{place}: {error}") from error


def _check_overlaps(rows: Sequence[PlacedAction]) -> None:
    """Check that nobody does two things at once; whoever is not named is one person.

    Raises:
        InputError: Somebody does; names both places.
    """
    tracks: dict[str, list[PlacedAction]] = {}
    for row in rows:
        tracks.setdefault(row.action.track_id, []).append(row)
    for track, own in tracks.items():
        own.sort(key=lambda row: (row.action.start_s, row.action.end_s))
        for before, after in pairwise(own):
            if after.action.start_s < before.action.end_s:
                who = f"track {track!r}" if track != ANYBODY else "actions without a track"
                raise InputError(
                    f"{after.place}: {who}: {after.action.label} begins at "
                    f"{after.action.start_s:.3f} s, before {before.action.label} ends at "
                    f"{before.action.end_s:.3f} s ({before.place})"
                )


COLUMNS = ("track", "label", "start", "end")


def write_truth(path: Path, actions: Sequence[TrueAction]) -> None:
    """Write true actions in seconds from the start of the recording, to the millisecond.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for action in actions:
            times = (f"{action.start_s:.3f}", f"{action.end_s:.3f}")
            writer.writerow((action.track_id, action.label, *times))
