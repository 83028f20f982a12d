"""True actions of a recording, from a table, PKU-MMD labels or a topic of the recording."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bharnet_ros.bags.reading import Recording, recording_name
from bharnet_ros.bags.topics import TYPES, Stage
from bharnet_ros.datasets.readers.pku_mmd.reader import read_labels
from bharnet_ros.messages.reading import event_from_message
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import read_lines, write_whole
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.timeline import ANYBODY, TrueAction, found_events

TOPIC = "topic:"
"""Prefix of a truth that is a topic of the recording."""

ROS_TIME_S = 1e8
"""Seconds from here on are ROS time; smaller ones count from the start of the recording."""

SLACK_S = 0.5
"""How far true actions may exceed the recording, because annotation is not exact to the frame."""

COLUMNS = ("track", "label", "start", "end")
"""Columns of a table; the first is optional."""

_TABLE = ".csv"
_PKU_MMD = ".txt"


@dataclass(frozen=True)
class TruthRow:
    """A true action and where it is written.

    Attributes:
        action: The action, in seconds from the start of the recording.
        location: File and line, or recording and topic.
    """

    action: TrueAction
    location: str


def read_truth(source: str, recording: Recording, origin_ns: int) -> list[TruthRow]:
    """Read the truth of a recording.

    Args:
        source: A .csv file, a .txt file of PKU-MMD labels, or `topic:` and a topic.
        recording: The open recording.
        origin_ns: Stamp at which it starts, nanoseconds.

    Raises:
        InputError: The source is of another kind or broken, or actions of one track overlap; names
            file and line, or recording and topic.
        OSError: The file cannot be read.
    """
    path = Path(source)
    if source.startswith(TOPIC):
        rows = _read_topic(recording, source.removeprefix(TOPIC), origin_ns)
    elif path.suffix == _TABLE:
        rows = read_table(path, origin_ns)
    elif path.suffix == _PKU_MMD:
        rows = [TruthRow(action, f"{path}: line {line}") for line, action in read_labels(path)]
    else:
        raise InputError(
            f"{source}: is not a truth: expected {TOPIC}/name, or a {_TABLE} or {_PKU_MMD} file"
        )
    _check_overlaps(rows)
    return rows


def truths_of(bags: Sequence[Path], given: Sequence[str]) -> list[str]:
    """Return the source of the truth of each recording.

    Args:
        bags: The recordings.
        given: One source for each, or one topic for all, or one folder of files named like them.

    Raises:
        InputError: A source is missing; names the folder.
    """
    if len(given) == 1 and Path(given[0]).is_dir():
        return [_truth_in(Path(given[0]), bag) for bag in bags]
    if len(given) == 1 and given[0].startswith(TOPIC):
        return list(given) * len(bags)
    if len(given) != len(bags):
        raise InputError(f"--truth: got {len(given)} for {len(bags)} bags")
    return list(given)


def _truth_in(folder: Path, bag: Path) -> str:
    name = recording_name(bag)
    found = [path for path in (folder / f"{name}.csv", folder / f"{name}.txt") if path.is_file()]
    if len(found) != 1:
        raise InputError(f"{folder}: needs one of {name}.csv and {name}.txt, has {len(found)}")
    return str(found[0])


def read_table(path: Path, origin_ns: int) -> list[TruthRow]:
    """Read a table with the columns track (optional), label, start and end.

    Args:
        path: A file of comma-separated values; its first line names the columns.
        origin_ns: Stamp at which the recording starts, nanoseconds; converts ROS time.

    Raises:
        InputError: A column is missing, or a line is broken; names file and line.
        OSError: The file cannot be read.
    """
    reader = csv.reader(read_lines(path), skipinitialspace=True, strict=True)
    rows: list[TruthRow] = []
    header: list[str] | None = None
    while True:
        location = f"{path}: line {reader.line_num + 1}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{location}: {error}") from None
        if cells is None:
            break
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if header is None:
            missing = [name for name in COLUMNS[1:] if name not in cells]
            if missing or len(set(cells)) != len(cells):
                raise InputError(
                    f"{location}: expected the names of the columns, {','.join(COLUMNS)}, got "
                    f"{','.join(cells)}"
                )
            header = cells
            continue
        if len(cells) != len(header):
            raise InputError(f"{location}: expected {len(header)} values, got {len(cells)}")
        rows.append(_row(dict(zip(header, cells, strict=True)), location, origin_ns))
    if header is None:
        raise InputError(f"{path}: line 1: is empty; expected {','.join(COLUMNS)}")
    return rows


def fitting_truth(
    rows: Sequence[TruthRow], duration_s: float, class_names: Sequence[str], *, others: bool
) -> tuple[TrueAction, ...]:
    """Return the true actions that a model is measured against.

    `background` is not an action and is left out.

    Args:
        rows: The truth.
        duration_s: Length of the recording.
        class_names: Classes of the model; empty if they are unknown.
        others: Whether to leave out actions that are not classes of the model, so that they count
            as background. Otherwise they are refused.

    Raises:
        InputError: An action lies outside the recording, or its label is not a class of the model;
            names its location.
    """
    for row in rows:
        start_s, end_s = row.action.start_s, row.action.end_s
        if start_s < -SLACK_S or end_s > duration_s + SLACK_S:
            raise InputError(
                f"{row.location}: {row.action.label} from {start_s:.3f} s to {end_s:.3f} s is "
                f"outside the recording, which lasts {duration_s:.3f} s"
            )
    actions = [row for row in rows if row.action.label != BACKGROUND]
    known = [row for row in actions if not class_names or row.action.label in class_names]
    if not others:
        for row in actions:
            if row not in known:
                raise InputError(
                    f"{row.location}: label {row.action.label!r} is none of the model's, "
                    f"{', '.join(class_names)}; --other-labels background counts it as background"
                )
    ordered = sorted(known, key=lambda row: (row.action.start_s, row.action.end_s))
    return tuple(row.action for row in ordered)


def _row(cells: dict[str, str], location: str, origin_ns: int) -> TruthRow:
    """Return the action of one line of a table."""
    if not cells["label"]:
        raise InputError(f"{location}: label: is empty")
    times = []
    for name in ("start", "end"):
        try:
            value = float(cells[name])
        except ValueError:
            raise InputError(f"{location}: {name}: {cells[name]!r} is not a number") from None
        if not math.isfinite(value):
            raise InputError(f"{location}: {name}: {cells[name]!r} is not finite")
        times.append(value)
    in_ros_time = [value >= ROS_TIME_S for value in times]
    if any(in_ros_time):
        if not all(in_ros_time):
            raise InputError(f"{location}: start, end: one is ROS time and the other is not")
        origin_s, origin_rest_ns = divmod(origin_ns, NANOSECONDS)
        times = [value - origin_s - origin_rest_ns / NANOSECONDS for value in times]
    if times[1] < times[0]:
        raise InputError(f"{location}: end {cells['end']} is before start {cells['start']}")
    return TruthRow(
        TrueAction(cells["label"], times[0], times[1], cells.get("track", ANYBODY)), location
    )


def _read_topic(recording: Recording, topic: str, origin_ns: int) -> list[TruthRow]:
    """Return the events on a topic as true actions."""
    location = f"{recording.path}: topic {topic}"
    types = [one.type for one in recording.topics if one.name == topic]
    if types and types[0] not in TYPES[Stage.EVENTS]:
        found = types[0] or "several types"
        raise InputError(f"{location}: has {found}, not {TYPES[Stage.EVENTS][0]}")
    messages = [one.message for one in recording.messages(topic)]
    try:
        events = [event_from_message(message) for message in messages]
        return [
            TruthRow(TrueAction(one.label, one.start_s, one.end_s, one.track_id), location)
            for one in found_events(events, origin_ns)
        ]
    except ValueError as error:
        raise InputError(f"{location}: {error}") from error


def _check_overlaps(rows: Sequence[TruthRow]) -> None:
    """Check that no track has two actions at once; actions without a track count as one track.

    Raises:
        InputError: Two actions overlap; names the location of both.
    """
    tracks: dict[str, list[TruthRow]] = {}
    for row in rows:
        tracks.setdefault(row.action.track_id, []).append(row)
    for track, track_rows in tracks.items():
        track_rows.sort(key=lambda row: (row.action.start_s, row.action.end_s))
        for before, after in pairwise(track_rows):
            if after.action.start_s < before.action.end_s:
                owner = f"track {track!r}" if track != ANYBODY else "actions without a track"
                raise InputError(
                    f"{after.location}: {owner}: {after.action.label} begins at "
                    f"{after.action.start_s:.3f} s, before {before.action.label} ends at "
                    f"{before.action.end_s:.3f} s ({before.location})"
                )


def write_truth(path: Path, actions: Sequence[TrueAction]) -> None:
    """Write true actions as a table, in seconds from the start, to the millisecond.

    Raises:
        OSError: The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for action in actions:
        times = (f"{action.start_s:.3f}", f"{action.end_s:.3f}")
        writer.writerow((action.track_id, action.label, *times))
    write_whole(path, text.getvalue().encode())
