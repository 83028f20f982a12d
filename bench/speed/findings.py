"""What an hour of the chain showed: whether it grew, and whether its events were right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.speed.soak import FLAT_MB
from bharnet_ros.msg import ActionEvent
from bharnet_ros.nodes.conversions import time_to_ns
from bharnet_ros.types.keypoints import NANOSECONDS

SLACK_NS = 500_000_000
"""How long after an action its event may begin."""

FLAT = "flat, constant"
"""Verdict on a process whose memory, threads and open files stay."""


@dataclass(frozen=True)
class Shown:
    """An action before the camera.

    Attributes:
        label: Its name.
        start_ns: Stamp of its first image, nanoseconds.
        end_ns: Stamp of its last one.
        judged: Whether the chain should know it.
    """

    label: str
    start_ns: int
    end_ns: int
    judged: bool


@dataclass(frozen=True)
class Reading:
    """The state of a process at one time.

    Attributes:
        minutes: Since the start.
        resident_mb: Resident memory, 2^20 bytes.
        threads: Number of threads.
        files: Number of open files.
    """

    minutes: float
    resident_mb: float
    threads: int
    files: int


def growth(readings: Sequence[Reading]) -> tuple[float, float]:
    """Return the slope of memory after the first fifth, and its standard error, MB an hour.

    NaN if there are too few readings.
    """
    settled = readings[len(readings) // 5 :]
    if len(settled) < 3:
        return float("nan"), float("nan")
    hours = np.array([one.minutes for one in settled]) / 60
    resident = np.array([one.resident_mb for one in settled])
    (slope, _), covariance = np.polyfit(hours, resident, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))


def verdict(readings: Sequence[Reading]) -> str:
    """Return in words whether a process grew after the first fifth of its readings.

    Memory is flat if its slope is within two standard errors, or allocators may have kept it.
    """
    first, last = readings[len(readings) // 5], readings[-1]
    slope, error = growth(readings)
    flat = last.resident_mb - first.resident_mb <= FLAT_MB or slope <= 2 * error
    same = (first.threads, first.files) == (last.threads, last.files)
    if flat and same:
        return FLAT
    return f"{'flat' if flat else 'GROWS'}, {'constant' if same else 'CHANGE'}"


@dataclass(frozen=True)
class Judgement:
    """Which of the actions had the right event.

    Attributes:
        actions: Number of actions that the chain should know.
        wrong: A line for each of them that had not one event of its name alone.
        outside: A line for each event that overlaps no action.
        left_open: Number of events without an end.
    """

    actions: int
    wrong: list[str]
    outside: list[str]
    left_open: int

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of all of them, by name."""
        return {
            "actions": self.actions,
            "right": self.actions - len(self.wrong),
            "events outside": len(self.outside),
            "left open": self.left_open,
        }


def judge(shown: Sequence[Shown], events: Sequence[ActionEvent]) -> Judgement:
    """Return which actions and events were right and wrong.

    An action is right if one event of its name overlaps it and no other event does.
    """
    ends = {one.event_id: time_to_ns(one.end) for one in events if one.phase == one.OFFSET}
    onsets = [one for one in events if one.phase == one.ONSET]
    spans = [(one.label, time_to_ns(one.start), ends.get(one.event_id)) for one in onsets]
    begin = min((action.start_ns for action in shown), default=0)

    def told(label: str, start: int, end: int | None) -> str:
        """Return an event in words, with its times from the first action on."""
        until = "open" if end is None else f"{(end - begin) / NANOSECONDS:.1f} s"
        return f"{label} from {(start - begin) / NANOSECONDS:.1f} to {until}"

    wrong: list[str] = []
    inside: set[int] = set()
    for action in shown:
        near = [
            number
            for number, (_, start, end) in enumerate(spans)
            if start <= action.end_ns + SLACK_NS and (end or start) >= action.start_ns
        ]
        inside.update(near)
        if action.judged and [spans[number][0] for number in near] != [action.label]:
            found = ", ".join(told(*spans[number]) for number in near) or "no event"
            wrong.append(f"{told(action.label, action.start_ns, action.end_ns)}: {found}")
    return Judgement(
        actions=sum(action.judged for action in shown),
        wrong=wrong,
        outside=[told(*span) for number, span in enumerate(spans) if number not in inside],
        left_open=sum(end is None for _, _, end in spans),
    )
