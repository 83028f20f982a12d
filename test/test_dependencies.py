"""All that the package needs has wheels for x86-64 and arm64, and for every supported Python."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow

GLIBC = ("2_17", "2_24", "2_26", "2_27", "2_28", "2_31", "2_34", "2_35")
"""Those of the oldest supported systems, Debian 12 and Ubuntu 22.04, and before."""

EXTRAS = ("bench", "cluster", "mediapipe", "test")
"""Not `ros`, whose wheels are for x86-64 alone, nor what needs PyTorch, which takes gigabytes."""


def requirements() -> list[str]:
    """Return what the package and some extras need."""
    found = [Requirement(one) for one in importlib.metadata.requires("bharnet_ros") or ()]
    return [
        f"{one.name}{one.specifier}"
        for one in found
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in EXTRAS)
    ]


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_all_dependencies_have_wheels(machine: str, python: str, tmp_path: Path) -> None:
    wanted = requirements()
    assert any(one.startswith("openvino") for one in wanted)
    platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
    options = ["--dry-run", "--ignore-installed", "--quiet", "--only-binary=:all:"]
    options += ["--implementation=cp", f"--python-version={python}", *platforms]
    options += [f"--platform=manylinux2014_{machine}", f"--target={tmp_path / 'nowhere'}"]
    resolved = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if "NewConnectionError" in resolved.stderr or "No route to host" in resolved.stderr:
        pytest.skip("the package index cannot be reached")
    assert resolved.returncode == 0, resolved.stderr
