"""`bharnet page` without a browser: what it refuses, and how it ends with its chain."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--model", "gestures"), "--model: needs --source or --image-topic"),
        (("--port", "70000"), "--port: must be from 0 to 65535, got 70000"),
        (("--source", "nothing.mp4"), "nothing.mp4"),
        (("--namespace", "no good"), "no good"),
    ],
)
def test_what_cannot_be_used_is_refused(start, arguments, problem):
    page = start("page", *(() if "--port" in arguments else ("--port", "0")), *arguments)
    assert page.wait() == 2
    errors = [one for one in page.lines["stderr"] if "error:" in one]
    assert problem in errors[-1]


def test_a_port_in_use_is_named(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        page = start("page", "--port", str(port))
        assert page.wait() == 2
    assert (
        f"parameter port: {port} cannot be used: Address already in use" in page.lines["stderr"][-1]
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_chain_ends_with_the_page(start_page, eager_bundle, number):
    page, _ = start_page("--source", "puppet:rest", "--model", str(eager_bundle))
    page.wait_for_line("ONSET")  # of a model that cannot be taught
    (chain,) = children(page.pid)
    page.send(number)
    status = page.wait()
    assert status == (-9 if number == signal.SIGKILL else 0)
    end = time.monotonic() + 60.0
    while os.path.exists(f"/proc/{chain}") and time.monotonic() < end:  # noqa: PTH110
        time.sleep(0.05)
    assert not Path(f"/proc/{chain}").exists()
