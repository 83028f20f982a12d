"""What a report of `bharnet evaluate bag` says that a gesture set should learn."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from bharnet_ros.bags.truth import TruthRow
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import ANYBODY, TrueAction

SUFFIX = ".json"
"""Ending of a report's numbers."""


def read_mistakes(path: Path, recording: str, known: Collection[str]) -> list[TruthRow]:
    """Return the mistakes of one recording as actions that were not, or wrongly, recognised.

    A missed action, and one with another label, is an example of its gesture. An event where there
    was none, or something else, is an example of `background`.

    Args:
        path: `report.json` of a report, or what `bharnet evaluate bag --out` wrote.
        recording: Name of the recording.
        known: Gestures of the set; mistakes of other classes are left out.

    Raises:
        InputError: The file is no report, or has no such mistake of the recording; names the file.
        OSError: The file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        metrics = content.get("metrics", content)
        mistakes, pairs = (
            [one for one in metrics[name] if one["recording"] == recording]
            for name in ("mistakes", "matches")
        )
        truths = [one["truth"] for one in (*mistakes, *pairs) if one["truth"] is not None]
        rows = [
            TruthRow(action, f"{path}: mistake {number}")
            for number, one in enumerate(mistakes, start=1)
            for action in _actions(one, known, truths)
        ]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not a report of bharnet evaluate bag: {error!r}") from error
    if not rows:
        names = ", ".join(known) or "any gesture"
        raise InputError(f"{path}: has no mistake of {names} in recording {recording}")
    return rows


def _actions(
    mistake: Mapping[str, Any], known: Collection[str], truths: Sequence[Mapping[str, Any]]
) -> list[TrueAction]:
    """Return what one mistake teaches, if anything.

    A false event that shows a part of a true action of its label is no example of `background`.
    """
    truth, event = mistake["truth"], mistake["event"]
    if mistake["kind"] == "badly_timed":
        return []
    if truth is not None and truth["label"] in known:
        return [_action(truth["label"], truth)]
    if event is not None and event["label"] in known:
        if any(one["label"] == event["label"] and _overlap(one, event) for one in truths):
            return []
        return [_action(BACKGROUND, event if truth is None else truth)]
    return []


def _overlap(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    same_time = first["start_s"] < second["end_s"] and second["start_s"] < first["end_s"]
    return bool(same_time and first["track_id"] in (ANYBODY, second["track_id"]))


def _action(label: str, span: Mapping[str, Any]) -> TrueAction:
    return TrueAction(label, float(span["start_s"]), float(span["end_s"]), str(span["track_id"]))
