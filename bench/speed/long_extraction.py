"""Measure memory, threads and open files of pose extraction over many images.

    python -m bench.speed.long_extraction [--engine direct] [--images 100000] [--json]

A person appears, gestures for four seconds and is gone for one, again and again.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.command_line import run_bench
from bench.speed.soak import FLAT_MB, resident_mb
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.pose.engines import engine_names
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet

FPS = 30
SHOWN, EMPTY = 4 * FPS, FPS
"""Images with the person, and without."""

READINGS = 10
_TASKS, _FILES = Path("/proc/self/task"), Path("/proc/self/fd")


@dataclass(frozen=True)
class Reading:
    """Counts at one point of the run.

    Attributes:
        images: Images so far.
        people: Images so far in which a person was found.
        resident_mb: Resident memory of the process, 2^20 bytes.
        threads: Threads of the process.
        files: Open files of the process.
    """

    images: int
    people: int
    resident_mb: float
    threads: int
    files: int


def measure(engine: str, images: int) -> list[Reading]:
    """Extract keypoints from so many images; return readings, evenly spaced."""
    puppet = open_puppet("gestures", fps=FPS)
    shown = [puppet.frame(number).image for number in range(SHOWN)]
    clip = itertools.cycle([*shown, *[np.full_like(shown[0], 90)] * EMPTY])
    every, readings, people = max(images // READINGS, 1), [], 0
    with PoseExtractor(engine=engine) as extractor:
        for number in range(1, images + 1):
            keypoints = extractor.extract(next(clip), number * (10**9 // FPS))
            people += bool(keypoints.people)
            if number % every == 0:
                readings.append(
                    Reading(
                        number,
                        people,
                        round(resident_mb(), 1),
                        len(list(_TASKS.iterdir())),
                        len(list(_FILES.iterdir())),
                    )
                )
    return readings


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the readings, and whether they stay the same."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", default="direct", choices=engine_names())
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if options.images < READINGS:
        parser.error(f"--images: must be at least {READINGS}")
    readings = measure(options.engine, 60 if options.quick else options.images)
    grown = readings[-1].resident_mb - readings[READINGS // 5].resident_mb
    same = len({(one.threads, one.files) for one in readings}) == 1
    verdict = (
        f"{grown:+.1f} MB after the first fifth (flat is at most {FLAT_MB:.0f}): "
        f"{'flat' if grown <= FLAT_MB else 'GROWS'}; threads and files: "
        f"{'constant' if same else 'CHANGE'}"
    )
    rows = [[str(value) for value in asdict(one).values()] for one in readings]
    titles = ["images", "with a person", "resident MB", "threads", "files"]
    content = {"engine": options.engine, "readings": [asdict(one) for one in readings]}
    show(options, f"{format_table(titles, rows)}\n\n{verdict}", content)
    return 0


if __name__ == "__main__":
    run_bench(main)
