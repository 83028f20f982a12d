"""The command `bharnet doctor`: checks that everything needed is installed and works."""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bharnet_ros import __version__
from bharnet_ros.types.packages import require_training

VIDEO_DEVICES = Path("/dev")
OLDEST_PYTHON = (3, 10)
OPTIONS = {
    "depth": ("message_filters", "parameter use_depth"),
    "frames": ("tf2_ros", "parameter target_frame"),
    "people": ("hri_msgs.msg", "hri_bridge"),
}
"""Modules of ROS packages that only options need, and these options."""
_ROUNDS = 15
"""Images and windows that are timed, after some that are not."""


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
        Check("poses", _poses),
        Check("model", lambda: _model(model)),
        Check("GPU", _gpu, needed=False),
        Check("training", _training, needed=False),
        Check("launch", _launch, needed=False),
        *(Check(name, partial(_option, name), needed=False) for name in OPTIONS),
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


def _poses() -> str:
    from bharnet_ros.pose.engines import AUTO, EngineSettings, open_engine
    from bharnet_ros.sources.puppet import open_puppet

    opened = open_engine(AUTO, EngineSettings())
    engine, puppet = opened.engine, open_puppet("gestures")
    try:
        seconds = []
        for number in range(2 * _ROUNDS):
            frame = puppet.frame(number)
            begun = time.perf_counter()
            engine.process(frame.image, round(frame.time * 1e9) + 1)()
            seconds.append(time.perf_counter() - begun)
    finally:
        engine.close()
    taken = 1e3 * statistics.median(seconds[_ROUNDS:])
    speed = f"{taken:.0f} ms for a person with both hands at 640 x 480"
    note = f"; {opened.note}" if opened.note else ""
    return f"engine {opened.name} ({engine.run_by}), {speed}{note}"


def _model(model: str) -> str:
    from bharnet_ros.recognition.bundle import load_bundle
    from bharnet_ros.recognition.recognizer import Recognizer
    from bharnet_ros.resources import find_model

    path = find_model(model)
    recognizer = Recognizer(load_bundle(path), threads=1)
    recognizer.warm_up()
    seconds = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        recognizer.warm_up()
        seconds.append(time.perf_counter() - begun)
    description = recognizer.description
    classes = f"{description.variant}, {len(description.class_names)} classes"
    taken = f"{1e3 * statistics.median(seconds):.1f} ms a window"
    run_by = f"{recognizer.backend} on {recognizer.device}"
    return f"{description.name} ({classes}), {run_by}, {taken}, in {path}"


def _gpu() -> str:
    from bharnet_ros.recognition.devices import gpu_count, idle_gpu

    if not gpu_count():
        raise RuntimeError("no NVIDIA driver; models run on the CPU")
    if reason := idle_gpu():
        raise RuntimeError(reason)
    import torch

    return f"{torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}"


def _training() -> str:
    require_training()
    return "bharnet train can be used"


def _launch() -> str:
    import launch_ros  # noqa: F401

    return "recognize.launch.py can be used"


def _option(name: str) -> str:
    from bharnet_ros.nodes.runtime.optional_packages import import_package

    module, needed_by = OPTIONS[name]
    import_package(module, needed_by)
    return f"{needed_by} can be used"


def _camera() -> str:
    devices = sorted(str(path) for path in VIDEO_DEVICES.glob("video*"))
    if not devices:
        raise RuntimeError("no /dev/video*; use a file, a folder, the puppet or a camera topic")
    return ", ".join(devices)
