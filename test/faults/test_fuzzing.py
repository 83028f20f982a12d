"""Damaged files of every kind are refused with a clear error: a few here, more by the script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FUZZING = Path(__file__).parent / "fuzzing.py"


@pytest.mark.slow
def test_damaged_files_are_refused_without_a_crash_or_a_hang() -> None:
    # A process of its own: it forks, which threads of other tests do not survive.
    done = subprocess.run(
        [sys.executable, str(FUZZING), "--count", "25"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout.count("25 files, 0 not refused") == len(done.stdout.splitlines())
