"""The Dockerfile installs and builds what docs/robot.md does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = re.compile(r'"?mediapipe==\S.*')


def packages_of(text: str, command: str) -> set[str]:
    """Return the packages that all uses of a command in a text install, without options."""
    lines = text.replace("\\\n", " ").splitlines()
    found = set()
    for line in lines:
        for words in re.findall(rf"{command} ((?:(?!&&)[^#])+)", line):
            words = VARIABLE.sub("mediapipe", words)
            found |= {one.strip('"') for one in words.split() if not one.startswith("-")}
    return found


@pytest.fixture
def texts() -> tuple[str, str]:
    files = ("docs/robot.md", "docs/docker/Dockerfile")
    docs, dockerfile = (ROOT / name for name in files)
    if not dockerfile.exists():
        pytest.skip("needs a checkout")
    with_ros, _, _ = docs.read_text(encoding="utf-8").partition("\n## On a Jetson")
    return with_ros, dockerfile.read_text(encoding="utf-8")


def test_packages_are_those_of_the_documents(texts):
    for command in ("pip install", r"apt(?:-get)? install"):
        in_docs, in_image = (packages_of(text, command) for text in texts)
        assert len(in_image) > 3
        assert in_image == in_docs


def test_steps_are_those_of_the_documents(texts):
    steps = (
        "rosdep install --from-paths src --ignore-src -y",
        "python3 -m venv --system-site-packages .venv",
        "colcon build --packages-select bharnet_ros",
    )
    for step in steps:
        assert all(step in text for text in texts), step


def test_mediapipe_of_each_machine_is_that_of_the_documents(texts):
    docs, dockerfile = texts
    on_amd64, on_arm64 = re.search(r"mediapipe==([\d.]+) .*; ([\d.]+) on arm64", docs).groups()
    assert f"= arm64 ] && echo {on_arm64} || echo {on_amd64}" in dockerfile
