"""The installation itself, by pip, or by colcon if its environment is set up."""

from __future__ import annotations

import array
import importlib.metadata
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import rclpy
from packaging.requirements import Requirement
from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message

import bharnet_ros
import bharnet_ros.action
import bharnet_ros.msg
import bharnet_ros.srv
from bharnet_ros.resources import find_resource

pytestmark = pytest.mark.ros

CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = find_resource("package.xml").parents[2]
MESSAGES = sorted(file.stem for file in (CHECKOUT / "msg").glob("*.msg"))
SERVICES = sorted(file.stem for file in (CHECKOUT / "srv").glob("*.srv"))
EMPTY = ("CheckGestures", "ListGestures")
"""Services whose request has no fields."""
ACTIONS = sorted(file.stem for file in (CHECKOUT / "action").glob("*.action"))
NODES = (
    *("video_source", "pose_extraction", "recognition", "action_event_publisher", "overlay"),
    *("hri_bridge", "pointing", "reactions", "wait_for_action", "page"),
)


def _files(folder: Path, *suffixes: str) -> dict[Path, bytes]:
    return {
        file.relative_to(folder): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
        and "__pycache__" not in file.parts
        and (not suffixes or file.suffix in suffixes)
    }


def test_tests_import_only_the_installed_package() -> None:
    installed = [Path(folder) for folder in bharnet_ros.__path__]
    assert len(installed) == 1
    assert installed[0] != CHECKOUT / "bharnet_ros"
    assert installed[0].is_relative_to(PREFIX)


def test_installed_modules_are_those_of_the_checkout() -> None:
    installed = _files(Path(bharnet_ros.__file__).parent, ".py", ".typed", ".jinja", ".js", ".css")
    written = {
        file: data
        for file, data in installed.items()
        if file.parts[0] not in ("action", "msg", "srv")
    }
    assert written == _files(CHECKOUT / "bharnet_ros", ".py", ".typed", ".jinja", ".js", ".css")


@pytest.mark.parametrize("folder", ["config", "launch", "models"])
def test_installed_resources_are_those_of_the_checkout(folder: str) -> None:
    assert _files(find_resource(folder)) == _files(CHECKOUT / folder)


@pytest.mark.parametrize("folder", ["action", "msg", "srv"])
def test_installed_definitions_are_those_of_the_checkout(folder: str) -> None:
    assert _files(find_resource(folder), f".{folder}") == _files(CHECKOUT / folder)


def _fill(message: Any) -> Any:
    """Give every field of a message a value that is not its default, and return the message."""
    for name, kind in message.get_fields_and_field_types().items():
        sequence = re.fullmatch(r"sequence<(.*)>", kind)
        value = getattr(message, name)
        if sequence and "/" in sequence[1]:
            element = getattr(bharnet_ros.msg, sequence[1].rpartition("/")[2])
            value = [_fill(element()), _fill(element())]
        elif sequence and isinstance(value, array.array):
            value = array.array(value.typecode, [1, 2, 3])
        elif sequence:
            value = ["first", "zweite — 二"]
        elif isinstance(value, np.ndarray):
            value = np.arange(1, value.size + 1).astype(value.dtype)
        elif isinstance(value, list):
            value = [True] * len(value)
        elif isinstance(value, bool | int | float | str):
            value = type(value)(7)
        else:
            value = _fill(value)
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    "message_type",
    [
        *(getattr(bharnet_ros.msg, name) for name in MESSAGES),
        *(getattr(bharnet_ros.srv, name).Request for name in SERVICES if name not in EMPTY),
        *(getattr(bharnet_ros.srv, name).Response for name in SERVICES),
        *(
            getattr(getattr(bharnet_ros.action, name), part)
            for name in ACTIONS
            for part in ("Goal", "Result", "Feedback")
        ),
    ],
)
def test_message_survives_the_wire(message_type: type) -> None:
    message = _fill(message_type())
    assert message != message_type()
    assert deserialize_message(serialize_message(message), message_type) == message


def test_package_is_in_the_ament_index() -> None:
    index = PREFIX / "share" / "ament_index" / "resource_index"
    assert (index / "packages" / "bharnet_ros").is_file()
    interfaces = (index / "rosidl_interfaces" / "bharnet_ros").read_text().split()
    assert {f"msg/{name}.msg" for name in MESSAGES} <= set(interfaces)
    assert {f"srv/{name}.srv" for name in SERVICES} <= set(interfaces)
    assert {f"action/{name}.action" for name in ACTIONS} <= set(interfaces)


def test_command_runs_from_anywhere(tmp_path: Path) -> None:
    # Without the guard that this process set at its start, the command must find the ROS libraries
    # by itself, as in a fresh shell.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "_ROS_WHEELS_BOOTSTRAP_COMPLETE"
    }
    finished = subprocess.run(
        [PREFIX / "bin" / "bharnet", "--version"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == ""
    assert finished.stdout.strip() == f"bharnet_ros {bharnet_ros.__version__}"
    assert finished.returncode == 0


@pytest.fixture
def observer(ros_domain: int) -> Iterator[Node]:
    """Return a node of this process, in its own domain."""
    rclpy.init()
    node = rclpy.create_node("observer")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def test_node_executables_start_and_stop(observer: Node, tmp_path: Path) -> None:
    # As in an activated environment: the executables run the first python3 on the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    # The bridge needs messages that are in no registry.
    bridged = importlib.util.find_spec("hri_msgs") is not None
    nodes = [name for name in NODES if name != "hri_bridge" or bridged]
    # The default port of the page may be in use.
    ros_arguments = ("--ros-args", "-p", "port:=0")
    processes = {
        name: subprocess.Popen(
            [PREFIX / "lib" / "bharnet_ros" / name, *ros_arguments], cwd=tmp_path, env=environment
        )
        for name in nodes
    }
    try:
        deadline = time.monotonic() + 60
        while not set(nodes) <= set(observer.get_node_names()):
            assert time.monotonic() < deadline, f"only {observer.get_node_names()} started"
            ended = [name for name, process in processes.items() if process.poll() is not None]
            assert not ended, f"{ended} ended by themselves"
            time.sleep(0.1)
        for process in processes.values():
            process.send_signal(signal.SIGINT)
        statuses = {name: process.wait(30) for name, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    assert statuses == dict.fromkeys(nodes, 0)


def test_versions_agree() -> None:
    assert (
        ElementTree.parse(CHECKOUT / "package.xml").findtext("version") == bharnet_ros.__version__
    )
    assert importlib.metadata.version("bharnet_ros") == bharnet_ros.__version__


def test_package_xml_and_setup_name_the_same_dependencies() -> None:
    """Rosdep keys and pip requirements match by the name in pip, with the same bounds."""
    pip_names = {"python3-opencv": "opencv-python-headless", "python3-yaml": "pyyaml"}
    operators = {"version_eq": "==", "version_gte": ">=", "version_lt": "<"}
    # launch and ros2 bag are in no registry. The wheel of mediapipe is installed without its
    # requirements; those of its engine are an extra. Run times and safetensors come from pip. ruff
    # and mypy are for developers, Lightning and torchmetrics for training and measuring, Dask for
    # replays on a cluster: a robot does none of these.
    only_in_package_xml = {
        *("launch", "launch-ros", "ros2bag"),
        *("rosbag2-interfaces", "rosbag2-py", "rosbag2-storage-mcap", "mediapipe"),
    }
    only_in_setup = {
        *(
            *("absl-py", "attrs", "flatbuffers", "protobuf"),
            "distributed",
            "import-linter",
            "mypy",
            "nicegui",
            "onnx",
            "onnxruntime",
            "onnxscript",
            "openvino",
            "pytorch-lightning",
            "pytest-xdist",
            "ruff",
        ),
        *("safetensors", "threadpoolctl", "torchmetrics"),
    }

    keys = {}
    for tag in ("depend", "exec_depend", "test_depend"):
        for element in ElementTree.parse(CHECKOUT / "package.xml").findall(tag):
            key = element.text or ""
            name = pip_names.get(key, re.sub(r"^python3-(.*?)(-pip)?$", r"\1", key))
            keys[name.replace("_", "-")] = {
                operators[bound] + version for bound, version in element.attrib.items()
            }
    requirements = {}
    for text in importlib.metadata.requires("bharnet_ros") or []:
        requirement = Requirement(text)
        name = requirement.name.removeprefix("ros-jazzy-")
        requirements[name] = {str(specifier) for specifier in requirement.specifier}
    assert {name: keys[name] for name in keys.keys() - only_in_package_xml} == {
        name: requirements[name] for name in requirements.keys() - only_in_setup
    }
