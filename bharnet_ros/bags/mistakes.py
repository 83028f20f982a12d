"""What a report of `bharnet evaluate bag` says that a gesture set should learn."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bharnet_ros.bags.truth import TruthRow
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import TrueAction

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
        mistakes = content.get("metrics", content)["mistakes"]
        of_recording = [one for one in mistakes if one["recording"] == recording]
        rows = [
            TruthRow(action, f"{path}: mistake {number}")
            for number, one in enumerate(of_recording, start=1)
            for action in _actions(one, known)
        ]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not a report of bharnet evaluate bag: {error!r}") from error
    if not rows:
        names = ", ".join(known) or "any gesture"
        raise InputError(f"{path}: has no mistake of {names} in recording {recording}")
    return rows


def _actions(mistake: Mapping[str, Any], known: Collection[str]) -> list[TrueAction]:
    """Return what one mistake teaches, if anything."""
    truth, event = mistake["truth"], mistake["event"]
    if mistake["kind"] == "badly_timed":
        return []
    if truth is not None and truth["label"] in known:
        return [_action(truth["label"], truth)]
    if event is not None and event["label"] in known:
        return [_action(BACKGROUND, event if truth is None else truth)]
    return []


def _action(label: str, span: Mapping[str, Any]) -> TrueAction:
    return TrueAction(label, float(span["start_s"]), float(span["end_s"]), str(span["track_id"]))
