"""Measure the memory of the recognition core over simulated hours."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.speed.crowd import FPS, passers_by, record_person
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.recognition.events.overrides import EventOverrides, make_event_finder
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer

MEGABYTE = 2**20

FLAT_MB = 2.0
"""Allowed growth of memory after the first fifth of the run: allocators keep some."""

_STATM = Path("/proc/self/statm")


@dataclass(frozen=True)
class Reading:
    """Counts and memory at one point of the run.

    Attributes:
        frames: Frames so far.
        visitors: Tracks so far.
        scored: Windows scored so far.
        events: ONSETs and OFFSETs so far.
        resident_mb: Resident memory of the process, 2^20 bytes.
    """

    frames: int
    visitors: int
    scored: int
    events: int
    resident_mb: float


def resident_mb() -> float:
    """Return the resident memory of this process, 2^20 bytes.

    Raises:
        OSError: The system has no /proc; Linux has it.
    """
    pages = int(_STATM.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def soak(
    recognizer: Recognizer, frames: int, *, every: int, stride_s: float, most: int
) -> Iterator[Reading]:
    """Run frames through windows, network and events; yield a reading every so many frames.

    Args:
        recognizer: Scores the windows.
        frames: Number of frames.
        every: Frames between two readings.
        stride_s: Time between two inferences, seconds.
        most: Greatest number of people in view at once.
    """
    sliding = SlidingRecognizer(recognizer, stride_s=stride_s)
    finder = make_event_finder(recognizer.description.event_model(), EventOverrides())
    newest = -1
    scored = events = 0
    for number, frame in enumerate(passers_by(record_person(), most), start=1):
        newest = max([newest, *(int(one.track_id.rpartition("_")[2]) for one in frame.people)])
        scores = sliding.update(frame)
        if scores is not None:
            scored += len(scores.tracks)
            events += len(finder.update(scores))
        if number % every == 0 or number == frames:
            # Reference cycles that wait for the collector are no leak.
            gc.collect()
            yield Reading(number, newest + 1, scored, events, resident_mb())
        if number == frames:
            return


def growth_mb(readings: list[Reading]) -> float:
    """Return the growth of memory after the first fifth of the run, 2^20 bytes."""
    settled = next(one for one in readings if one.frames >= readings[-1].frames / 5)
    return readings[-1].resident_mb - settled.resident_mb


def format_soak(readings: list[Reading]) -> str:
    """Return the table of readings, and whether memory is flat."""
    rows = [
        [
            *(str(one.frames), f"{one.frames / FPS / 3600:.2f}", str(one.visitors)),
            *(str(one.scored), str(one.events), f"{one.resident_mb:.1f}"),
        ]
        for one in readings
    ]
    table = format_table(["frames", "hours", "people", "windows", "events", "resident MB"], rows)
    grown = growth_mb(readings)
    verdict = "flat" if grown <= FLAT_MB else "NOT flat"
    return (
        f"{table}\n{grown:+.1f} MB after the first fifth (flat is at most {FLAT_MB:g}): {verdict}"
    )
