"""The chain of `bharnet page` ends, though something that it has started lives on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bharnet_ros.nodes.options import ChainOptions
from bharnet_ros.nodes.page.chain_process import ChainProcess

PATIENCE = 30.0


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ChainProcess]]:
    """Return a function that starts a script as the chain, which first starts a long sleep."""
    sleeper = tmp_path / "sleeper"

    def begin(script: str, on_end: Callable[[int, str], None]) -> ChainProcess:
        program = tmp_path / "chain"
        program.write_text(f"#!/bin/sh\nsleep 120 &\necho $! >{sleeper}\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))
        return ChainProcess(ChainOptions(), on_end)

    yield begin
    os.kill(int(sleeper.read_text()), signal.SIGKILL)


def test_its_end_is_told_with_its_last_line(start: Callable[..., ChainProcess]) -> None:
    told: list[tuple[int, str]] = []
    ended = threading.Event()

    def on_end(status: int, reason: str) -> None:
        told.append((status, reason))
        ended.set()

    start("echo 'no camera' >&2; exit 3", on_end)
    assert ended.wait(PATIENCE)
    assert told == [(3, "The chain has ended: no camera")]


def test_closing_returns(start: Callable[..., ChainProcess], tmp_path: Path) -> None:
    told: list[int] = []
    ready = tmp_path / "ready"
    script = f"trap 'exit 4' INT; touch {ready}; while :; do sleep 0.05; done"
    chain = start(script, lambda status, _: told.append(status))
    end = time.monotonic() + PATIENCE
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.01)
    statuses: list[int] = []
    closing = threading.Thread(target=lambda: statuses.append(chain.close()), daemon=True)
    closing.start()
    closing.join(PATIENCE)
    assert statuses == [4]
    assert not told
