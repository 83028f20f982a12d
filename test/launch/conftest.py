"""Fixtures for tests of the launch files, with the real launch and launch_ros."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.node import Node

from bharnet_ros.resources import find_resource

PATIENCE = 120.0
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
arguments = [tuple(word.split(":=", 1)) for word in sys.argv[2:]]
service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    PythonLaunchDescriptionSource(sys.argv[1]), launch_arguments=arguments)]))
sys.exit(service.run())
"""


class Launched:
    """A launch file that runs in a process; `lines` holds what it has printed so far."""

    def __init__(self, file: str, arguments: tuple[str, ...], folder: Path, path: str) -> None:
        launch_file = find_resource(f"launch/{file}.launch.py")
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(launch_file), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
            cwd=folder,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(
            target=lambda: self.lines.extend(self._process.stdout), daemon=True
        )
        self._reader.start()

    def interrupt(self) -> None:
        """Signal the whole group, as Ctrl-C does: launch leaves that to the terminal."""
        os.killpg(self._process.pid, signal.SIGINT)

    def kill(self, executable: str) -> None:
        """Kill the process of a node, as a crash would."""
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                ours = os.getpgid(int(folder.name)) == self._process.pid
                if ours and any(Path(os.fsdecode(word)).name == executable for word in words[:2]):
                    os.kill(int(folder.name), signal.SIGKILL)
                    return
        raise ProcessLookupError(executable)

    def wait(self) -> int:
        """Return the exit status."""
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        """End the launch and everything that it started."""
        if self._process.poll() is None:
            self.interrupt()
        self._process.wait(60)
        self._reader.join(60)


@pytest.fixture
def launch(ros_domain: int, tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    """Return a function that runs a launch file; everything it started ends with the test.

    Executables in `tmp_path / "bin"` are found before all others.
    """
    running: list[Launched] = []
    folders = [tmp_path / "bin", Path(sys.executable).parent, os.environ.get("PATH", "")]

    def start(file: str, *arguments: str) -> Launched:
        path = os.pathsep.join(str(folder) for folder in folders)
        running.append(Launched(file, arguments, tmp_path, path))
        return running[-1]

    yield start
    for launched in running:
        launched.close()


@pytest.fixture
def easy_source(tmp_path: Path) -> Path:
    """Return a file of parameters with which a slow machine can play a source, again and again."""
    path = tmp_path / "easy.yaml"
    path.write_text("/**/video_source:\n  ros__parameters:\n    fps: 5.0\n    loop: true\n")
    return path


@pytest.fixture
def node(ros_domain: int) -> Iterator[Node]:
    """Return a node that observes the others."""
    rclpy.init(args=[])
    node = rclpy.create_node("probe")
    yield node
    node.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def spin_until(node: Node) -> Callable[[Callable[[], Any], str], None]:
    """Return a function that spins the node until a condition holds."""

    def spin(condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited for {what}"
            rclpy.spin_once(node, timeout_sec=0.1)

    return spin
