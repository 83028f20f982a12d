"""Clocks that the benches can measure with, and how they are chosen."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""By name: time that passes, or that the processor spends on this process, all threads added up."""


def add_clock_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--clock`."""
    parser.add_argument(
        "--clock",
        choices=sorted(CLOCKS),
        default="wall",
        help="cpu leaves out the time in which other programs run: for a busy machine, and for one "
        "thread only (default: %(default)s)",
    )
