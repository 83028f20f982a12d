"""The live graph over real DDS and the replay give the same events for one recording."""

from __future__ import annotations

from pathlib import Path

import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CompressedImage

from bharnet_ros import msg
from bharnet_ros.bags.convert import ConversionOptions, convert
from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import event_from_message, time_to_ns
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.actions import OffsetReason

pytestmark = pytest.mark.ros

TOPIC = "/image_raw/compressed"
SLOW_MACHINE = 240.0


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    """Return a recording of the greeting puppet."""
    path = tmp_path_factory.mktemp("bags") / "hello"
    options = ConversionOptions(image_compression="jpeg", start_ns=1_700_000_000_000_000_007)
    with open_source("puppet:hello", fps=12.0) as frames:
        convert(frames, path, options, progress=False)
    return path


def recorded_images(bag: Path) -> list[bytes]:
    with AnyReader([bag], default_typestore=message_types()) as reader:
        return [bytes(raw) for connection, _, raw in reader.messages()]


def test_live_graph_and_replay_give_the_same_events(graph, wait, bag):
    events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
    publisher = graph.add_active(
        # Enough for a slow machine.
        ActionEventPublisher(parameter_overrides=[Parameter("source_timeout_s", value=60.0)])
    )
    recognition = graph.add_active(
        Recognition(parameter_overrides=[Parameter("device", value="cpu")])
    )
    pose = graph.add_active(
        PoseExtraction(parameter_overrides=[Parameter("image_transport", value="compressed")])
    )
    graph.on_match(pose, "/keypoints")
    graph.on_match(recognition, "/action_scores")
    graph.on_match(recognition, "/model_info")
    graph.on_match(publisher, "/action_recognition")
    send = graph.probe.publisher(CompressedImage, TOPIC, SENSOR)
    images = recorded_images(bag)
    for raw in images:
        send(raw)
        stamp_ns = time_to_ns(deserialize_message(raw, CompressedImage).header.stamp)
        wait(lambda stamp=stamp_ns: recognition.last_input_ns == stamp, "keypoints", SLOW_MACHINE)
        wait(
            lambda: recognition.idle and publisher.last_stamp_ns == recognition.last_output_ns,
            "scores",
            SLOW_MACHINE,
        )
    graph.call(lambda: publisher.close_events(OffsetReason.SOURCE_ENDED), publisher)
    with Recording(bag) as recording:
        expected = replay(recording, ReplaySettings(device="cpu"), progress=False).events
    wait(lambda: len(events) >= len(expected), "events")

    assert pose.counters.totals["published"] == len(images)
    assert recognition.counters.totals["dropped"] == 0
    assert [event.label for event in expected].count("hello") == 2
    found = [event_from_message(message) for message in events]
    assert len(found) == len(expected)
    names: dict[str, str] = {}
    for one, other in zip(found, expected, strict=True):
        for field in ("stamp_ns", "start_ns", "end_ns", "phase", "reason", "class_id", "label"):
            assert getattr(one, field) == getattr(other, field), field
        for field in ("track_id", "frame_id", "model_name"):
            assert getattr(one, field) == getattr(other, field), field
        for field in ("score", "body_score", "hand_score"):
            assert getattr(one, field) == pytest.approx(getattr(other, field), abs=1e-4), field
        # Ids are unique, so the two runs differ in them; they must only pair up alike.
        assert names.setdefault(one.event_id, other.event_id) == other.event_id
