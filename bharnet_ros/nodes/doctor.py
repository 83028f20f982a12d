"""The command `bharnet doctor`: checks that everything needed is installed and works."""

from __future__ import annotations

import argparse
import ctypes
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bharnet_ros import __version__

VIDEO_DEVICES = Path("/dev")
OLDEST_PYTHON = (3, 10)
SYSTEM_LIBRARIES = {"libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0"}
"""System libraries that OpenCV loads, and the Debian packages that contain them."""


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: What is checked.
        run: Returns one line about it; raises any exception if it does not work.
        needed: Whether the package does not work without it.
    """

    name: str
    run: Callable[[], str]
    needed: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet doctor`."""
    parser.add_argument(
        "--model", metavar="NAME", default="gestures", help="name or folder of a model bundle"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet doctor` and return the exit status."""
    return examine(arguments.model)


def examine(model: str) -> int:
    """Print one line for each check.

    Args:
        model: Name or folder of the model bundle to check.

    Returns:
        0, or 1 if something that is needed does not work.
    """
    checks = (
        Check("python", _python),
        Check("bharnet_ros", lambda: f"{__version__} in {Path(__file__).parent.parent}"),
        Check("ROS", _ros),
        Check("messages", _messages),
        Check("libraries", _libraries),
        Check("MediaPipe", _mediapipe),
        Check("torch", _torch),
        Check("CUDA", _cuda, needed=False),
        Check("model", lambda: _model(model)),
        Check("launch", _launch, needed=False),
        Check("camera", _camera, needed=False),
    )
    broken = False
    for check in checks:
        try:
            verdict, text = "ok", check.run()
        except Exception as error:  # a broken installation may raise anything
            verdict = "BROKEN" if check.needed else "none"
            text = f"{error}" or type(error).__name__
            broken = broken or check.needed
        print(f"{verdict:<7}{check.name:<12} {text}")
    return int(broken)


def _python() -> str:
    if sys.version_info < OLDEST_PYTHON:
        raise RuntimeError(f"{platform.python_version()}, needs at least 3.10")
    return f"{platform.python_version()} on {platform.platform()}"


def _ros() -> str:
    import rclpy
    from rclpy.context import Context

    context = Context()
    rclpy.init(args=[], context=context)
    try:
        node = rclpy.create_node("doctor", context=context, start_parameter_services=False)
        node.destroy_node()
    finally:
        context.try_shutdown()
    return f"a node starts, over {rclpy.get_rmw_implementation_identifier()}"


def _messages() -> str:
    from rclpy.serialization import deserialize_message, serialize_message

    from bharnet_ros.msg import ActionEvent

    message = ActionEvent(label="doctor")
    if deserialize_message(serialize_message(message), ActionEvent) != message:
        raise RuntimeError("a message does not survive serialisation")
    return "generated and loadable"


def _libraries() -> str:
    missing = {}
    for library, package in SYSTEM_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing[library] = package
    if missing:
        raise RuntimeError(
            f"{', '.join(missing)} not found, which OpenCV needs; Debian and Ubuntu: "
            f"sudo apt install {' '.join(missing.values())}"
        )
    return "those that OpenCV needs are here"


def _mediapipe() -> str:
    import mediapipe

    from bharnet_ros.pose.extractor import PoseExtractor

    with PoseExtractor() as extractor:
        extractor.extract(np.zeros((480, 640, 3), dtype=np.uint8), 1)
    return f"{mediapipe.__version__}, its models load"


def _torch() -> str:
    import torch

    return str(torch.__version__)


def _cuda() -> str:
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("not available; models run on the CPU")
    return str(torch.cuda.get_device_name(0))


def _model(model: str) -> str:
    from bharnet_ros.recognition.bundle import load_bundle
    from bharnet_ros.resources import find_model

    path = find_model(model)
    description = load_bundle(path).description
    classes = len(description.class_names)
    return f"{description.name} ({description.variant}, {classes} classes) in {path}"


def _launch() -> str:
    import launch_ros  # noqa: F401

    return "recognize.launch.py can be used"


def _camera() -> str:
    devices = sorted(str(path) for path in VIDEO_DEVICES.glob("video*"))
    if not devices:
        raise RuntimeError("no /dev/video*; use a file, a folder, the puppet or a camera topic")
    return ", ".join(devices)
