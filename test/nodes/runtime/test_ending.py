"""How a process ends that still has threads."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from bharnet_ros.nodes.runtime.spin import run_process

pytestmark = pytest.mark.ros

LEFT_AT_WORK = """
import sys, threading, time
from bharnet_ros.nodes.runtime.spin import leave, run_process
thread = threading.Thread(target=time.sleep, args=(300,))
leave(thread)
thread.start()
print("over")
run_process(lambda: 3)
"""


def test_a_thread_of_somebody_else_does_not_end_the_process() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait, daemon=True)
    thread.start()
    try:
        assert run_process(lambda: 3) == 3
    finally:
        over.set()


def test_a_thread_that_was_left_does_not_hold_the_process_up() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LEFT_AT_WORK], capture_output=True, text=True, timeout=60
    )
    assert (process.returncode, process.stdout) == (3, "over\n")
