"""Nodes without input or time say what is missing, in the log and in the diagnostics."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import time_from_ns, time_to_ns
from bharnet_ros.nodes.overlay import Overlay
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.runtime import diagnostics, watching
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.nodes.video_source import VideoSource

SECOND = 1_000_000_000

pytestmark = pytest.mark.ros


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(watching, "NODE_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(diagnostics, "PERIOD", 0.05)


@pytest.fixture
def warned(graph, wait):
    """Return a function that waits for a warning of a node with some text, and returns it."""
    arrays = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)

    def find(node: Node, text: str) -> str:
        def messages() -> list[str]:
            return [
                status.message
                for array in arrays
                for status in array.status
                if status.name.startswith(node.get_fully_qualified_name())
                and status.level == DiagnosticStatus.WARN
                and text in status.message
            ]

        wait(messages, f"a warning with {text!r}")
        return messages()[-1]

    return find


def extraction(graph, monkeypatch, *remappings: str, **parameters) -> tuple[Node, list[str]]:
    """Return an active pose extraction without an engine, and what it logs."""
    monkeypatch.setattr(PoseExtraction, "configure", lambda self, parameters: None)
    node = PoseExtraction(
        cli_args=["--ros-args", *(word for one in remappings for word in ("-r", one))],
        parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
    )
    lines: list[str] = []
    logger = node.get_logger()
    monkeypatch.setattr(logger, "warning", lambda text, **_: lines.append(text))
    monkeypatch.setattr(node, "get_logger", lambda: logger)
    return graph.add_active(node), lines


def test_topic_without_publisher_is_named_with_those_that_carry_images(graph, monkeypatch, warned):
    graph.probe.create_publisher(Image, "/front/image_raw", SENSOR)
    graph.probe.create_publisher(CompressedImage, "/front/image_raw/compressed", SENSOR)
    node, lines = extraction(graph, monkeypatch, "image_raw:=/camera/image")
    expected = (
        "/camera/image: no sensor_msgs/msg/Image for 0 s; it has no publisher; topics with images: "
        "/front/image_raw (Image), /front/image_raw/compressed (CompressedImage)"
    )
    assert warned(node, "/front/image_raw/compressed") == expected
    assert lines.count(expected) == 1


@pytest.fixture
def stranger() -> Iterator[Node]:
    """Yield a node of another participant: one participant has one type for each topic."""
    context = Context()
    rclpy.init(args=[], context=context)
    node = Node("stranger", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_publisher_of_another_type_is_named(graph, monkeypatch, warned, stranger):
    stranger.create_publisher(CompressedImage, "/camera/image", SENSOR)
    node, lines = extraction(graph, monkeypatch, "image_raw:=/camera/image")
    expected = (
        "/camera/image: no sensor_msgs/msg/Image for 0 s; it has 1 publisher of "
        "sensor_msgs/msg/CompressedImage; topics with images: none"
    )
    assert warned(node, "1 publisher") == expected
    assert expected in lines


def test_dead_camera_is_told_from_a_missing_one(graph, monkeypatch, warned):
    for _ in range(2):
        graph.probe.create_publisher(Image, "image_raw", SENSOR)
    node, _ = extraction(graph, monkeypatch)
    assert "it has 2 publishers of that type, silent" in warned(node, "silent")


def test_camera_whose_stamps_stand_still_is_reported(graph, monkeypatch, warned):
    node, lines = extraction(graph, monkeypatch)
    image = Image()
    image.header.stamp = time_from_ns(5_500_000_000)
    publisher = graph.probe.create_publisher(Image, "image_raw", SENSOR)
    graph.probe.create_timer(0.01, lambda: publisher.publish(image))
    text = warned(node, "every message has had the stamp 5.500 s")
    assert text.startswith("/image_raw: ")
    assert text in lines


def test_two_cameras_on_one_topic_are_named(graph, monkeypatch, warned):
    node, _ = extraction(graph, monkeypatch)
    for _ in range(2):
        publisher = graph.probe.create_publisher(Image, "image_raw", SENSOR)
    stamps = itertools.count(1)

    def film() -> None:
        image = Image()
        image.header.stamp = time_from_ns(next(stamps) * SECOND)
        publisher.publish(image)

    graph.probe.create_timer(0.01, film)
    assert "/image_raw: has 2 publishers, which mix: /probe" in warned(node, "which mix")


def test_inactive_node_misses_nothing(graph, monkeypatch, wait):
    node, lines = extraction(graph, monkeypatch)
    wait(lambda: lines, "a warning")
    graph.call(node.trigger_deactivate)
    logged = len(lines)
    reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
    wait(lambda: len(reports) > 5, "diagnostics")
    assert len(lines) == logged
    assert {report.status[0].message for report in reports[-3:]} == {"inactive"}


def test_missing_node_of_the_chain_is_reported(graph, warned):
    node = graph.add_active(ActionEventPublisher())
    text = warned(node, "/action_scores: no bharnet_ros/msg/ActionScores for 0 s")
    assert text.endswith("; it has no publisher")


@pytest.mark.parametrize("kind", [ActionEventPublisher, Overlay])
def test_simulated_time_that_never_comes_is_reported(graph, warned, kind):
    node = kind(parameter_overrides=[Parameter("use_sim_time", value=True)])
    graph.add_active(node) if kind is ActionEventPublisher else graph.add(node)
    assert "/clock: no time for 0 s" in warned(node, "it has no publisher")


def test_stamps_of_another_clock_are_reported(graph, warned, wait):
    node = graph.add_active(ActionEventPublisher())
    node.counters.published(50 * 365 * 24 * 3600.0)
    assert "stamps are 438000 hours before the time of this node" in warned(node, "stamps")


def test_recording_waits_for_simulated_time_to_begin(graph, wait, warned):
    images = graph.probe.listen(Image, "image_raw", SENSOR)
    values = {"source": "puppet:rest", "use_sim_time": True}
    node = graph.add(
        VideoSource(parameter_overrides=[Parameter(name, value=values[name]) for name in values])
    )
    graph.call(lambda: node.start(lambda: None), node)
    warned(node, "/clock")
    assert not images
    graph.probe.publisher(Clock, "/clock", RELIABLE)(Clock(clock=time_from_ns(100 * SECOND)))
    wait(lambda: images, "the first image")
    assert time_to_ns(images[0].header.stamp) == 100 * SECOND


SENDER = """
import array, sys, time, rclpy
from sensor_msgs.msg import Image
from bharnet_ros.nodes.runtime.qos import SENSOR
rclpy.init(args=[])
publisher = rclpy.create_node("camera").create_publisher(Image, "image_raw", SENSOR)
image = Image(height=480, width=640, step=1920, encoding="rgb8")
image.data = array.array("B", bytes(480 * 1920))
while not publisher.get_subscription_count():
    time.sleep(0.05)
for number in range(1, 100_000):
    image.header.stamp.sec = number
    publisher.publish(image)
    time.sleep(0.01)
"""


def test_images_lost_between_processes_are_counted(graph, monkeypatch, warned):
    node, lines = extraction(graph, monkeypatch)
    sender = subprocess.Popen([sys.executable, "-c", SENDER])
    try:
        warned(node, "messages lost on their way from another process")
    finally:
        sender.kill()
        sender.wait()
    assert node.counters.totals["lost"]
    (line,) = [line for line in lines if "lost" in line][:1]
    assert line.startswith("/image_raw: ") and "config/fastdds.xml" in line
