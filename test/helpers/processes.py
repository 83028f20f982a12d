"""Commands and nodes as real processes."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

PATIENCE = 120.0
CLI = "from bharnet_ros.cli import main; import sys; sys.exit(main())"
NODE = (
    "from bharnet_ros.nodes.executable import run; import sys; "
    "sys.exit(run('bharnet_ros.nodes.{}'))"
)
EVENT = re.compile(
    r"(ONSET |OFFSET) (\S+) +track=(\S+) score=(\d\.\d\d) t=(-?\d+\.\d\d) s"
    r" hand=(?:left|right|both|none)(?: position=\([-0-9., ]+\) m)?"
    r"(?: duration=(\d+\.\d\d) s)?(?: latency=(-?\d+) ms)?(?: reason=(\w+))?$"
)


class Process:
    """A process whose lines can be waited for.

    Args:
        code: Python code.
        arguments: Words after it.
        through: A command that starts it.
    """

    def __init__(self, code: str, *arguments: str, through: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*through, sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        )
        self.lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._new: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True) for name in self.lines
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        for line in getattr(self._process, name):
            self.lines[name].append(line.rstrip())
            self._new.put(line)

    def wait_for_line(self, text: str) -> None:
        while True:
            try:
                if text in self._new.get(timeout=PATIENCE):
                    return
            except queue.Empty:
                pytest.fail(f"no line with {text!r} in {self.lines}")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        status = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def events(self) -> list[tuple[str | None, ...]]:
        """The fields of each printed line: phase, label, track, score, t, duration, latency,
        reason; every line must be an event."""
        fields = []
        for line in self.lines["stdout"]:
            match = EVENT.match(line)
            assert match, line
            fields.append((match[1].strip(), *match.groups()[1:]))
        return fields
