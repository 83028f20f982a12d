"""A recording through the chain, with the real launch and a stand-in for `ros2 bag play`."""

from __future__ import annotations

import json
import sys

import pytest

from bharnet_ros import msg
from bharnet_ros.replay.convert import ConversionOptions, convert
from bharnet_ros.video import open_source

pytest.importorskip(
    "launch_ros.actions", reason="needs launch and launch_ros, which a ROS distribution has"
)

# Plays the topics asked for, with /clock, and writes down how it was called. It waits for the
# keypoints of each image, so that a slow machine drops none.
PLAYER = """#!{python}
import json, sys, time
from pathlib import Path
import rclpy
from bharnet_ros.msg import BodyHandKeypoints
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage

Path({called!r}).write_text(json.dumps(sys.argv[1:]))
rclpy.init(args=[])
node = rclpy.create_node("rosbag2_player")
answers = []
node.create_subscription(BodyHandKeypoints, "keypoints", answers.append, 10)
clock = node.create_publisher(Clock, "/clock", 10)
topics = sys.argv[sys.argv.index("--topics") + 1 :]
with AnyReader([Path(sys.argv[3])]) as reader:
    for connection, now, raw in reader.messages():
        if connection.topic not in topics:
            continue
        images = node.create_publisher(CompressedImage, connection.topic, 10)
        while not images.get_subscription_count():
            time.sleep(0.01)
        break
    for connection, now, raw in reader.messages():
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(now, 10**9)
        clock.publish(message)
        if connection.topic in topics:
            answers.clear()
            images.publish(deserialize_message(raw, CompressedImage))
            end = time.monotonic() + 10
            while not answers and time.monotonic() < end:
                rclpy.spin_once(node, timeout_sec=0.1)
rclpy.shutdown()
"""


@pytest.fixture
def player(tmp_path):
    """Put the stand-in where it is found; return where it writes its arguments."""
    called = tmp_path / "called.json"
    (tmp_path / "bin").mkdir()
    file = tmp_path / "bin" / "ros2"
    file.write_text(PLAYER.format(python=sys.executable, called=str(called)))
    file.chmod(0o755)
    return called


def test_recording_becomes_events_in_simulated_time(
    launch, node, spin_until, player, tmp_path, eager_bundle
):
    bag = tmp_path / "bag"
    options = ConversionOptions(
        image_compression="jpeg", topic="/front/image", start_ns=50_000_000_000
    )
    with open_source("puppet:rest", fps=5.0) as frames:
        convert(frames, bag, options, progress=False)
    events = []
    node.create_subscription(msg.ActionEvent, "/action_recognition", events.append, 10)
    process = launch(
        "replay",
        f"bag:={bag}",
        "rate:=0.5",
        "image_topic:=/front/image",
        "image_transport:=compressed",
        f"model:={eager_bundle}",
        "device:=cpu",
    )
    spin_until(lambda: len(events) == 2, "an ONSET and its OFFSET")
    assert process.wait() == 0, "".join(process.lines)
    assert [(event.phase, event.reason) for event in events] == [(1, ""), (2, "shutdown")]
    for event in events:
        assert 50 <= event.header.stamp.sec <= 56
        assert 0 <= event.latency.sec <= 1
    assert json.loads(player.read_text()) == [
        *("bag", "play", str(bag), "--clock", "100", "--rate", "0.5", "--start-offset", "0.0"),
        *("--disable-keyboard-controls", "--topics", "/front/image", "/front/image/compressed"),
    ]


def test_missing_bag_argument_is_named(launch):
    process = launch("replay")
    assert process.wait() != 0
    assert "bag" in "".join(process.lines)
