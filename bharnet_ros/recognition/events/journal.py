"""Open events on disk, so that they end even if the process that began them is killed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from bharnet_ros.types.actions import ActionEvent, Hand, OffsetReason, Phase
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.locks import leave_lock, take_lock

_VERSION = 1
_TEXTS = ("event_id", "track_id", "label", "frame_id", "model_name")
_COUNTS = ("class_id", "stamp_ns", "start_ns", "end_ns")
_SCORES = ("score", "body_score", "hand_score")


class EventJournal:
    """Keeps the events that are open in a file of one process at a time.

    The file is replaced as a whole whenever an event begins or ends, and there is none while no
    event is open. It survives the process, not a power cut.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Choose the file; nothing is read or written until `begin`."""
        self.path = path
        self._open: dict[str, ActionEvent] = {}
        self._lock: TextIO | None = None

    def begin(self) -> list[ActionEvent]:
        """Take the file and return the OFFSETs of events that another process left open.

        They are no longer open in the file only when they are handed to `ended`.

        Raises:
            InputError: Another process that still runs has the file, or its content is broken; it
                is then begun anew. Names the file.
            OSError: The file cannot be read or written.
        """
        lock = take_lock(self.path.with_name(self.path.name + ".lock"))
        if lock is None:
            raise InputError(f"{self.path}: is used by another process")
        self._lock = lock
        # Begun anew if the file turns out to be broken.
        self._open = {}
        left = _read(self.path)
        self._open = {event.event_id: event for event in left}
        return [
            replace(event, phase=Phase.OFFSET, reason=OffsetReason.PUBLISHER_LOST) for event in left
        ]

    def begun(self, events: Iterable[ActionEvent]) -> None:
        """Write down events before their ONSETs leave.

        Raises:
            OSError: The file cannot be written.
        """
        added = {event.event_id: event for event in events if event.phase is Phase.ONSET}
        if added and self._lock is not None:
            self._open.update(added)
            self._write()

    def ended(self, events: Iterable[ActionEvent]) -> None:
        """Strike out events after their OFFSETs have left.

        Raises:
            OSError: The file cannot be written.
        """
        gone = {event.event_id for event in events if event.phase is Phase.OFFSET}
        if gone & self._open.keys() and self._lock is not None:
            self._open = {name: one for name, one in self._open.items() if name not in gone}
            self._write()

    def close(self) -> None:
        """Leave the file to other processes; what is open stays in it."""
        if self._lock is not None:
            leave_lock(self._lock)
            self._lock = None

    def _write(self) -> None:
        if not self._open:
            # Needs no space, so that a full disk leaves no event that would end twice.
            self.path.unlink(missing_ok=True)
            return
        content = {"version": _VERSION, "open": [_fields(one) for one in self._open.values()]}
        scratch = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            scratch.write_text(json.dumps(content), encoding="utf-8")
            scratch.replace(self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                scratch.unlink()


def _fields(event: ActionEvent) -> dict[str, Any]:
    """Return what is written of an event: where the person was is not worth keeping."""
    numbers = {name: float(getattr(event, name)) for name in _SCORES}
    return {name: getattr(event, name) for name in (*_TEXTS, *_COUNTS)} | {
        "hand": event.hand.value,
        **numbers,
    }


def _read(path: Path) -> list[ActionEvent]:
    """Return the open events in a file; there are none without a file.

    Raises:
        InputError: The file is broken; names it.
        OSError: The file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise InputError(f"version {content['version']}, expected {_VERSION}")
        return [_event(one) for one in content["open"]]
    except FileNotFoundError:
        return []
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no journal of events: {error}") from error


def _event(values: dict[str, Any]) -> ActionEvent:
    """Return an event from its fields in a file.

    Raises:
        KeyError, TypeError, ValueError: The values do not describe an event.
    """
    given = {name: values[name] for name in (*_TEXTS, *_COUNTS, *_SCORES)}
    for name in _TEXTS:
        if not isinstance(given[name], str):
            raise TypeError(f"{name}: is not a text")
    for name in _COUNTS:
        if not isinstance(given[name], int) or given[name] < 0:
            raise TypeError(f"{name}: is not a count")
    for name in _SCORES:
        given[name] = float(given[name])
    return ActionEvent(phase=Phase.ONSET, hand=Hand(values["hand"]), **given)
