"""CPU time and memory of processes, over a span of time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """What a process took.

    Attributes:
        cpu: CPU time of all its threads over wall-clock time: 1 is one core.
        resident_mib: Resident memory at the end, MiB; shared pages count in every process.
    """

    cpu: float
    resident_mib: float


class UsageMeter:
    """Measures processes from its making on.

    Args:
        processes: By a name for each.
    """

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        """Take the CPU times so far."""
        self._processes = dict(processes)
        self._before = {name: _cpu_seconds(each) for name, each in self._processes.items()}
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
