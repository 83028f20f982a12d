"""What an hour of the chain showed: whether it grew, and whether its events were right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.speed.soak import FLAT_MB
from bharnet_ros.msg import ActionEvent
from bharnet_ros.nodes.conversions import time_to_ns

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


def judge(shown: Sequence[Shown], events: Sequence[ActionEvent]) -> dict[str, int]:
    """Return how many actions and events there were, right and wrong.

    An action is right if one event of its name overlaps it and no other event does.
    """
    ends = {one.event_id: time_to_ns(one.end) for one in events if one.phase == one.OFFSET}
    onsets = [one for one in events if one.phase == one.ONSET]
    spans = [(one.label, time_to_ns(one.start), ends.get(one.event_id)) for one in onsets]
    counts = {"actions": 0, "right": 0, "events outside": 0, "left open": 0}
    counts["left open"] = sum(end is None for _, _, end in spans)
    inside: set[int] = set()
    for action in shown:
        near = [
            number
            for number, (_, start, end) in enumerate(spans)
            if start <= action.end_ns + SLACK_NS and (end or start) >= action.start_ns
        ]
        inside.update(near)
        if action.judged:
            counts["actions"] += 1
            counts["right"] += [spans[number][0] for number in near] == [action.label]
    counts["events outside"] = len(spans) - len(inside)
    return counts
