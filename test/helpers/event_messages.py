"""Objects with the fields of messages about actions, for tests without ROS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

START_S = 1000.0


def stamp(seconds: float) -> Any:
    """Return a time message, `seconds` after `START_S`."""
    whole, rest = divmod(round((START_S + seconds) * 1e9), 10**9)
    return SimpleNamespace(sec=whole, nanosec=rest)


def header(seconds: float) -> Any:
    """Return the header of a message from the camera."""
    return SimpleNamespace(stamp=stamp(seconds), frame_id="camera")


def event_message(label: str = "hello", seconds: float = 0.0, **values: Any) -> Any:
    """Return an ONSET of body_1; `values` replace fields."""
    fields = {
        "header": header(seconds),
        "event_id": "e1",
        "phase": 1,
        "track_id": "body_1",
        "class_id": 1,
        "label": label,
        "hand": "right",
        "score": 0.875,
        "body_score": 0.8,
        "hand_score": 0.7,
        "start": stamp(seconds),
        "end": stamp(seconds),
        "reason": "",
        "model_name": "gestures",
    }
    return SimpleNamespace(**{**fields, **values})
