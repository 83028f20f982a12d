"""The launch file, with the real launch and launch_ros."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import rclpy
from lifecycle_msgs.srv import GetState

from bharnet_ros import msg
from bharnet_ros.resources import find_resource

if importlib.util.find_spec("launch_ros") is None or importlib.util.find_spec("launch") is None:
    pytest.skip(
        "needs launch and launch_ros, which a ROS distribution has", allow_module_level=True
    )

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


def interrupt(process: subprocess.Popen) -> None:
    """Do as Ctrl-C does: launch relies on the terminal to tell its children too."""
    os.killpg(process.pid, signal.SIGINT)


@pytest.fixture
def launch(ros_domain, tmp_path):
    """Return a function that runs the launch file; everything it started ends with the test."""
    running = []

    def start(*arguments: str) -> tuple[subprocess.Popen, list[str]]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        launch_file = find_resource("launch/recognize.launch.py")
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(launch_file), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
            cwd=tmp_path,
            start_new_session=True,
        )
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
        reader.start()
        running.append((process, reader))
        return process, lines

    yield start
    for process, reader in running:
        if process.poll() is None:
            interrupt(process)
        process.wait(60)
        reader.join(60)


@pytest.fixture
def node(ros_domain):
    """A node to look on with."""
    rclpy.init(args=[])
    node = rclpy.create_node("probe")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def spin_until(node, condition, what: str):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        rclpy.spin_once(node, timeout_sec=0.1)


def state_of(node, name: str) -> str:
    client = node.create_client(GetState, f"{name}/get_state")
    try:
        if not client.wait_for_service(timeout_sec=1.0):
            return ""
        answer = client.call_async(GetState.Request())
        rclpy.spin_until_future_complete(node, answer, timeout_sec=5.0)
        return answer.result().current_state.label if answer.done() else ""
    finally:
        node.destroy_client(client)


MANAGED = ("pose_extraction", "recognition", "action_event_publisher")


def test_puppet_becomes_events_and_sigint_ends_the_open_one(launch, node, eager_bundle):
    events = []
    node.create_subscription(msg.ActionEvent, "/action_recognition", events.append, 10)
    process, lines = launch(
        "namespace:=robot1",
        "source:=puppet:rest",
        f"model:={eager_bundle}",
        "device:=cpu",
        "visualize:=true",
    )
    spin_until(node, lambda: events, "an ONSET")
    assert events[0].model_name == "tiny"
    names = {f"{space}/{name}" for name, space in node.get_node_names_and_namespaces()}
    assert {f"/robot1/{name}" for name in (*MANAGED, "overlay", "video_source")} <= names
    interrupt(process)
    assert process.wait(60) == 0, "".join(lines)

    def ids(phase: int) -> list[str]:
        return sorted(event.event_id for event in events if event.phase == phase)

    # On a slow machine the person may have been lost and found in between.
    spin_until(node, lambda: ids(1) == ids(2), "the OFFSET of every ONSET")
    assert all(event.reason for event in events if event.phase == 2)


def test_without_autostart_nodes_stay_unconfigured(launch, node):
    launch("autostart:=false")
    spin_until(
        node,
        lambda: [state_of(node, name) for name in MANAGED] == ["unconfigured"] * 3,
        "three unconfigured nodes",
    )


def test_wrong_switch_is_named(launch):
    process, lines = launch("autostart:=perhaps")
    assert process.wait(PATIENCE) != 0
    assert re.search(r"autostart: 'perhaps' is not true or false", "".join(lines))
