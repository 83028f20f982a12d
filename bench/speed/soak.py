"""Memory of the recognition core over hours, in fast forward."""

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
"""What memory may grow by after the first fifth of the run: allocators keep some of their own."""

_STATM = Path("/proc/self/statm")


@dataclass(frozen=True)
class Reading:
    """Where the run is.

    Attributes:
        frames: Frames taken in.
        visitors: Tracks seen.
        scored: Windows scored.
        events: Events that began or ended.
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
        OSError: The system has no /proc, as Linux has.
    """
    pages = int(_STATM.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def soak(
    recognizer: Recognizer, frames: int, *, every: int, stride_s: float, most: int
) -> Iterator[Reading]:
    """Run frames through windows, network and events; yield a reading now and then.

    Args:
        recognizer: The network.
        frames: How many to take in.
        every: Frames between two readings.
        stride_s: Time between two inferences, seconds.
        most: People in view at once.
    """
    stream = SlidingRecognizer(recognizer, stride_s=stride_s)
    detector = make_event_finder(recognizer.description.event_model(), EventOverrides())
    newest = -1
    scored = events = 0
    for number, frame in enumerate(passers_by(record_person(), most), start=1):
        newest = max([newest, *(int(one.track_id.rpartition("_")[2]) for one in frame.people)])
        scores = stream.update(frame)
        if scores is not None:
            scored += len(scores.tracks)
            events += len(detector.update(scores))
        if number % every == 0 or number == frames:
            # Cycles that wait for the collector are no leak.
            gc.collect()
            yield Reading(number, newest + 1, scored, events, resident_mb())
        if number == frames:
            return


def growth_mb(readings: list[Reading]) -> float:
    """Return what memory grew by after the first fifth of the run, 2^20 bytes."""
    settled = next(one for one in readings if one.frames >= readings[-1].frames / 5)
    return readings[-1].resident_mb - settled.resident_mb


def format_soak(readings: list[Reading]) -> str:
    """Return a line for each reading, and whether memory is flat."""
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
