"""Measure what an image costs on its way from the source to pose extraction.

    python -m bench.speed.one_process [--images 600] [--width 640 --height 480] [--json]

The ways: through DDS to another process, as a launch file starts the nodes; through DDS in the same
process; and handed over, as `bharnet run` and `one_process:=true` do. Each image is read from a
file, becomes a message and, where it arrives, an array. Nothing is computed on it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2

from bench.command_line import run_bench
from bench.speed.chain_process import ros_environment
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.sources.puppet import open_puppet

APART, TOGETHER, HANDED = "two processes, DDS", "one process, DDS", "one process, handed over"
FPS = 30.0
CLIP_IMAGES = 30
CONNECT_SECONDS = 30.0
RECEIVE = "--receive"


@dataclass(frozen=True)
class Cost:
    """What the images of one way cost.

    Attributes:
        way: One of `APART`, `TOGETHER` and `HANDED`.
        sent: Number of images.
        arrived: Number of images that arrived.
        cpu_ms: CPU time of all processes for each image sent, ms.
    """

    way: str
    sent: int
    arrived: int
    cpu_ms: float


def write_clip(folder: Path, width: int, height: int) -> None:
    """Write images of the puppet in a format that costs little to read."""
    puppet = open_puppet("hello", width=width, height=height, fps=FPS)
    for number in range(CLIP_IMAGES):
        image = puppet.frame(number).image
        cv2.imwrite(str(folder / f"{number}.bmp"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def measure(way: str, clip: Path, images: int) -> Cost:
    """Play a folder of images again and again; return what each image cost.

    Raises:
        RuntimeError: The receiver is not found within `CONNECT_SECONDS`.
    """
    # rclpy takes its environment when it is imported.
    from rclpy.parameter import Parameter

    from bharnet_ros.nodes.runtime.spin import NodeRunner, ros
    from bharnet_ros.nodes.video_source import VideoSource

    values = {"source": str(clip), "fps": FPS, "loop": True, "wait_for_subscriber": False}
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    with ros([]), NodeRunner() as runner, _Receiver(way, runner) as receiver:
        source = VideoSource(parameter_overrides=overrides)
        runner.add(source)
        if way == HANDED:
            source.hand_to(receiver.take)
        else:
            _wait_for_subscriber(source)
        receiver.start()
        before = time.process_time()
        source.start(lambda: None)
        while source.counters.totals["published"] < images:
            time.sleep(0.01)
        source.finish()
        sent, cpu_s = source.counters.totals["published"], time.process_time() - before
        arrived, other_s = receiver.finish()
    return Cost(way, sent, arrived, round(1e3 * (cpu_s + other_s) / sent, 2))


class _Receiver:
    """Counts images in this process, or starts a process that does."""

    def __init__(self, way: str, runner: Any) -> None:
        self.arrived = 0
        self._process: subprocess.Popen[str] | None = None
        if way == APART:
            words = [sys.executable, "-m", "bench.speed.one_process", RECEIVE]
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        elif way == TOGETHER:
            runner.add(_subscriber(self))

    def take(self, message: Any) -> None:
        from bharnet_ros.nodes.conversions import image_from_message

        image_from_message(message)
        self.arrived += 1

    def start(self) -> None:
        """Start to count the CPU time of another process."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.write("start\n")
            self._process.stdin.flush()

    def finish(self) -> tuple[int, float]:
        """Return the number of images, and the CPU time of another process in seconds."""
        if self._process is None:
            return self.arrived, 0.0
        output, _ = self._process.communicate()
        arrived, cpu_s = output.split()
        return int(arrived), float(cpu_s)

    def __enter__(self) -> _Receiver:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _subscriber(receiver: _Receiver) -> Any:
    from rclpy.node import Node
    from sensor_msgs.msg import Image

    from bharnet_ros.nodes.runtime.qos import SENSOR

    node = Node("receiver")
    node.create_subscription(Image, "image_raw", receiver.take, SENSOR)
    return node


def _wait_for_subscriber(source: Any) -> None:
    end = time.monotonic() + CONNECT_SECONDS
    (publisher,) = (one for one in source.publishers if one.topic_name == "/image_raw")
    while not publisher.get_subscription_count():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {CONNECT_SECONDS:.0f} s for the receiver of the images")
        time.sleep(0.05)


def receive() -> int:
    """Count images until stdin ends; print their number and the CPU time since its first line."""
    from bharnet_ros.nodes.runtime.spin import NodeRunner, ros

    with ros([]), NodeRunner() as runner:
        receiver = _Receiver(TOGETHER, runner)
        sys.stdin.readline()
        before = time.process_time()
        sys.stdin.read()
        print(receiver.arrived, time.process_time() - before)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each way costs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument(RECEIVE, action="store_true", help=argparse.SUPPRESS)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if options.receive:
        return receive()
    with ros_environment(), tempfile.TemporaryDirectory() as folder:
        write_clip(Path(folder), options.width, options.height)
        costs = [measure(way, Path(folder), options.images) for way in (APART, TOGETHER, HANDED)]
    rows = [[one.way, str(one.sent), str(one.arrived), f"{one.cpu_ms:.2f}"] for one in costs]
    table = format_table(["way", "sent", "arrived", "CPU ms an image"], rows)
    show(options, table, {"costs": [asdict(one) for one in costs]})
    return 0


if __name__ == "__main__":
    run_bench(main)
