"""Recordings are exchanged with the rosbag2 of a ROS distribution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rclpy.duration import Infinite
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rosbags.rosbag2 import Reader

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.writing import BagWriter, recorded_messages

rosbag2_py = pytest.importorskip("rosbag2_py", reason="needs rosbag2, which a ROS distribution has")

IMAGE = np.full((4, 6, 3), 7, dtype=np.uint8)
SECOND = 1_000_000_000
CONVERTER = rosbag2_py.ConverterOptions("", "")


def write(path: Path, **options: str) -> None:
    messages = recorded_messages()
    with BagWriter(path, **options) as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        bag.add_topic("/model_info", "bharnet_ros/msg/ModelInfo", latched=True)
        for second in (1, 2):
            bag.write("/image_raw", messages.image(IMAGE, second * SECOND), second * SECOND)


def raw_messages(path: Path) -> list[tuple[str, bytes, int]]:
    with Reader(path) as reader:
        return [(one.topic, bytes(raw), time) for one, time, raw in reader.messages()]


@pytest.mark.parametrize(
    ("storage", "compression"),
    [
        ("mcap", "none"),
        ("mcap", "chunk"),
        ("mcap", "message"),
        ("mcap", "file"),
        ("sqlite3", "none"),
        ("sqlite3", "message"),
        ("sqlite3", "file"),
    ],
)
def test_rosbag2_reads_our_recordings(tmp_path, storage, compression):
    path = tmp_path / "walk"
    write(path, storage=storage, compression=compression)
    topics = rosbag2_py.Info().read_metadata(str(path), "").topics_with_message_count
    counts = {one.topic_metadata.name: one.message_count for one in topics}
    assert counts == {"/image_raw": 2, "/model_info": 0}
    offered = {one.topic_metadata.name: one.topic_metadata.offered_qos_profiles for one in topics}
    assert offered["/image_raw"] == []
    (latched,) = map(rosbag2_py.convert_rclcpp_qos_to_rclpy_qos, offered["/model_info"])
    assert latched.durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert latched.reliability == ReliabilityPolicy.RELIABLE
    assert latched.lifespan == latched.deadline == Infinite
    packed = compression in ("message", "file")
    reader = rosbag2_py.SequentialCompressionReader() if packed else rosbag2_py.SequentialReader()
    reader.open(rosbag2_py.StorageOptions(uri=str(path), storage_id=storage), CONVERTER)
    found = []
    while reader.has_next():
        found.append(reader.read_next())
    assert found == raw_messages(path)


@pytest.mark.parametrize(
    ("storage", "mode"),
    [
        ("mcap", ""),
        ("mcap", "message"),
        ("mcap", "file"),
        ("sqlite3", ""),
        ("sqlite3", "message"),
        ("sqlite3", "file"),
    ],
)
def test_recordings_of_rosbag2_are_read(tmp_path, storage, mode):
    write(tmp_path / "walk")
    path = tmp_path / "again"
    options = rosbag2_py.StorageOptions(uri=str(path), storage_id=storage)
    if mode:
        packing = rosbag2_py.CompressionOptions()
        packing.compression_format = "zstd"
        packing.compression_mode = rosbag2_py.compression_mode_from_string(mode)
        writer = rosbag2_py.SequentialCompressionWriter(packing)
    else:
        writer = rosbag2_py.SequentialWriter()
    writer.open(options, CONVERTER)
    metadata = rosbag2_py.Info().read_metadata(str(tmp_path / "walk"), "")
    for one in metadata.topics_with_message_count:
        writer.create_topic(one.topic_metadata)
    for message in raw_messages(tmp_path / "walk"):
        writer.write(*message)
    # The recording is complete once the writer is deleted.
    del writer
    with Recording(path) as recording:
        counts = {topic.name: topic.messages for topic in recording.topics}
        images = list(recording.messages("/image_raw"))
    assert counts == {"/image_raw": 2, "/model_info": 0}
    assert [one.message.header.stamp.sec for one in images] == [1, 2]
    np.testing.assert_array_equal(images[0].message.data.reshape(4, 6, 3), IMAGE)
