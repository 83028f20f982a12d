"""Measure CPU time and memory of processes; format times; choose a clock."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psutil


@dataclass(frozen=True)
class Usage:
    """CPU time and memory of a process.

    Attributes:
        cpu: CPU time of all threads over wall-clock time: 1 is one core.
        resident_mib: Resident memory at the end, MiB. Shared pages count in every process.
    """

    cpu: float
    resident_mib: float


class UsageMeter:
    """Measures processes from its creation on.

    Args:
        processes: The processes by name.
    """

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        """Read the CPU times so far."""
        self._processes = dict(processes)
        self._before = {name: _cpu_seconds(process) for name, process in self._processes.items()}
        self._start = time.monotonic()

    def read(self) -> dict[str, Usage]:
        """Return the usage since the start.

        Raises:
            psutil.NoSuchProcess: A process has ended.
        """
        span = time.monotonic() - self._start
        return {
            name: Usage(
                cpu=(_cpu_seconds(process) - self._before[name]) / span,
                resident_mib=process.memory_info().rss / 2**20,
            )
            for name, process in self._processes.items()
        }


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


PERCENTILES = (50, 95, 99)
HEADER = tuple(f"p{percentile}" for percentile in PERCENTILES)


def percentiles(seconds: Sequence[float]) -> tuple[float, ...]:
    """Return the `PERCENTILES` of some times, in their unit; NaN for an empty list."""
    if not len(seconds):
        return (float("nan"),) * len(PERCENTILES)
    return tuple(float(value) for value in np.percentile(seconds, PERCENTILES))


def millisecond_cells(seconds: Sequence[float], digits: int = 1) -> list[str]:
    """Return the `PERCENTILES` as cells of milliseconds; dashes for an empty list."""
    if not len(seconds):
        return ["-"] * len(PERCENTILES)
    return [f"{value * 1e3:.{digits}f}" for value in percentiles(seconds)]


CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""Clocks by name: wall-clock time, or CPU time of this process summed over its threads."""


def add_clock_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--clock`."""
    parser.add_argument(
        "--clock",
        choices=sorted(CLOCKS),
        default="wall",
        help="cpu ignores the time of other programs; use it on a busy machine, with one thread "
        "only (default: %(default)s)",
    )
