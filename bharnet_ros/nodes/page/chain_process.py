"""The chain that `bharnet page --source` starts, in a process of its own.

A web server in the process of the chain would take its turns of the interpreter.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from functools import partial

from bharnet_ros.nodes.options import ChainOptions

END_SECONDS = 30.0
LAST_LINES_SECONDS = 1.0
_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class ChainProcess:
    """Runs `bharnet run`, and tells when it ends by itself."""

    def __init__(self, options: ChainOptions, on_end: Callable[[int, str], None]) -> None:
        """Start it.

        Args:
            options: What to run.
            on_end: Called on another thread with its exit status and the reason in words, unless
                `close` ended it.
        """
        self._on_end = on_end
        self._closing = False
        self._last_line = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bharnet_ros.cli", *run_arguments(options)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # Ctrl-C at a terminal reaches the page alone, which then ends the chain in order.
            start_new_session=True,
            preexec_fn=partial(_end_with_parent, os.getpid()),
        )
        self._reader = threading.Thread(target=self._read, name="chain lines", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="chain", daemon=True)
        for thread in (self._reader, self._watcher):
            thread.start()

    def close(self) -> int:
        """End it in order, so that it ends its events; return its exit status."""
        self._closing = True
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._watcher.join()
        return status

    def _read(self) -> None:
        """Pass on what it prints."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            self._last_line = line.strip() or self._last_line

    def _watch(self) -> None:
        """Tell when it ends."""
        status = self._process.wait()
        # What the chain has started may live longer, and keep its stderr open.
        self._reader.join(LAST_LINES_SECONDS)
        if not self._closing:
            self._on_end(status, f"The chain has ended: {self._last_line}")


def _end_with_parent(parent: int) -> None:
    """Let the kernel end this process when the page is killed: a camera must not stay taken."""
    ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:  # it was killed before
        os.kill(os.getpid(), signal.SIGTERM)


def run_arguments(options: ChainOptions) -> list[str]:
    """Return the arguments of `bharnet` that run the chain with these options."""
    arguments = ["run"]
    for one in fields(options):
        value = getattr(options, one.name)
        # An option that has no effect is refused, even with its default.
        if one.name == "ros_arguments" or value == one.default:
            continue
        name = f"--{one.name.replace('_', '-')}"
        if value is True:
            arguments.append(name)
            continue
        text = str(value) if isinstance(value, str | int | float) else ",".join(map(str, value))
        # In one word: a value may begin with a dash.
        arguments.append(f"{name}={text}")
    return [*arguments, *options.ros_arguments]
