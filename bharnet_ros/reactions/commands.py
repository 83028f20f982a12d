"""Runs the commands of reactions, without a shell, and ends those that still run at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping

from bharnet_ros.reactions.reaction import Run
from bharnet_ros.types.errors import InputError

_END_SECONDS = 2.0


class Commands:
    """Commands that run, at most one for each reaction."""

    def __init__(self) -> None:
        """Start with none."""
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, key: str, run: Run, said: Mapping[str, str]) -> None:
        """Start a command; it runs while the caller goes on.

        Args:
            key: Names the reaction.
            run: The command.
            said: What the event says, for each placeholder among the arguments.

        Raises:
            InputError: The last one of this reaction still runs, or what the event says would be
                read as an option.
            OSError: The program cannot be started.
        """
        running = self._running.get(key)
        if running is not None and running.poll() is None:
            raise InputError("the last one still runs")
        for word in run.words:
            # Whoever may publish events must not choose the options of a program.
            if word in said and (said[word].startswith("-") or not said[word].isprintable()):
                raise InputError(f"{word} is {said[word]!r}, which is no argument")
        # A group of its own, so that it ends with the node and not already by Ctrl-C.
        self._running[key] = subprocess.Popen(
            run.arguments(said), stdin=subprocess.DEVNULL, start_new_session=True
        )

    def ended(self) -> dict[str, int]:
        """Return the exit status of each command that ended since the last call."""
        statuses = {
            key: process.returncode
            for key, process in self._running.items()
            if process.poll() is not None
        }
        for key in statuses:
            del self._running[key]
        return statuses

    def close(self) -> None:
        """End every command that runs, with those that it started."""
        running = [each for each in self._running.values() if each.poll() is None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()
