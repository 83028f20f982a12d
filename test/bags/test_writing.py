"""Recordings are complete or absent, and can be read."""

from __future__ import annotations

import errno
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability

from bharnet_ros import cli
from bharnet_ros.bags import writing
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.writing import BagWriter, recorded_messages
from bharnet_ros.types.errors import InputError

IMAGE = np.full((4, 6, 3), 7, dtype=np.uint8)
SECOND = 1_000_000_000


def write_images(path: Path, stamps: list[int], **options: str) -> None:
    messages = recorded_messages()
    with BagWriter(path, **options) as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        for stamp in stamps:
            bag.write("/image_raw", messages.image(IMAGE, stamp, "camera"), stamp + 5)
        assert bag.count == len(stamps)
        assert not path.exists()


@pytest.mark.parametrize(
    ("storage", "compression", "suffix"),
    [
        ("mcap", "none", ".mcap"),
        ("mcap", "chunk", ".mcap"),
        ("mcap", "message", ".mcap"),
        ("mcap", "file", ".mcap.zstd"),
        ("sqlite3", "none", ".db3"),
        ("sqlite3", "message", ".db3"),
        ("sqlite3", "file", ".db3.zstd"),
    ],
)
def test_every_kind_of_recording_can_be_read(tmp_path, storage, compression, suffix):
    path = tmp_path / "walk"
    write_images(path, [SECOND, 2 * SECOND], storage=storage, compression=compression)
    assert {file.name for file in path.iterdir()} == {f"walk{suffix}", "metadata.yaml"}
    assert list(tmp_path.iterdir()) == [path]
    with AnyReader([path]) as reader:
        found = [
            (connection.topic, time, reader.deserialize(raw, connection.msgtype))
            for connection, time, raw in reader.messages()
        ]
    assert [(topic, time) for topic, time, _ in found] == [
        ("/image_raw", SECOND + 5),
        ("/image_raw", 2 * SECOND + 5),
    ]
    image = found[1][2]
    assert (image.header.stamp.sec, image.header.frame_id, image.encoding) == (2, "camera", "rgb8")
    np.testing.assert_array_equal(image.data.reshape(4, 6, 3), IMAGE)


def test_only_latched_topics_offer_their_last_message(tmp_path):
    path = tmp_path / "walk"
    messages = recorded_messages()
    with BagWriter(path) as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        bag.add_topic("/model_info", "bharnet_ros/msg/ModelInfo", latched=True)
        bag.write("/image_raw", messages.image(IMAGE, SECOND), SECOND)
    with AnyReader([path]) as reader:
        offered = {
            connection.topic: connection.ext.offered_qos_profiles
            for connection in reader.connections
        }
    assert offered["/image_raw"] == []
    assert [qos.durability for qos in offered["/model_info"]] == [QosDurability.TRANSIENT_LOCAL]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_threads_may_take_turns(tmp_path, storage):
    with BagWriter(tmp_path / "walk", storage=storage) as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        message = recorded_messages().image(IMAGE, SECOND)
        writing = threading.Thread(target=lambda: bag.write("/image_raw", message, SECOND))
        writing.start()
        writing.join()
        assert bag.count == 1
    assert (tmp_path / "walk" / "metadata.yaml").exists()


def test_failure_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="camera broke"), BagWriter(tmp_path / "walk") as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        bag.write("/image_raw", recorded_messages().image(IMAGE, SECOND), SECOND)
        raise RuntimeError("camera broke")
    assert list(tmp_path.iterdir()) == []


def test_recording_without_messages_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"walk: no message was recorded"):
        write_images(tmp_path / "walk", [])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    write_images(tmp_path / "walk", [SECOND])
    with pytest.raises(FileExistsError, match=r"walk exists already"):
        BagWriter(tmp_path / "walk")
    with pytest.raises(FileExistsError, match="late"), BagWriter(tmp_path / "late") as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        bag.write("/image_raw", recorded_messages().image(IMAGE, SECOND), SECOND)
        (tmp_path / "late").write_text("another file")
    assert (tmp_path / "late").read_text() == "another file"
    assert {path.name for path in tmp_path.iterdir()} == {"walk", "late"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"storage": "tape"}, "storage: 'tape' is not one of mcap, sqlite3"),
        ({"compression": "zip"}, "compression: 'zip' is not one of none, message, file, chunk"),
        ({"storage": "sqlite3", "compression": "chunk"}, "chunk needs storage mcap, not sqlite3"),
    ],
)
def test_unknown_storage_or_compression_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        BagWriter(tmp_path / "walk", **options)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        BagWriter(tmp_path / "nowhere" / "walk")


def test_home_of_an_unknown_user_is_named():
    with pytest.raises(InputError, match=r"^~no-such-user/walk: Could not determine home"):
        BagWriter("~no-such-user/walk")


def test_topics_are_declared_once_with_a_known_type(tmp_path):
    with pytest.raises(ValueError, match="never left"), BagWriter(tmp_path / "walk") as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        with pytest.raises(ValueError, match=r"/image_raw: is already declared"):
            bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        with pytest.raises(ValueError, match=r"/odd: type 'my_msgs/msg/Odd' is not known"):
            bag.add_topic("/odd", "my_msgs/msg/Odd")
        with pytest.raises(ValueError, match=r"/keypoints: is not declared"):
            bag.write_serialised("/keypoints", b"", SECOND)
        raise ValueError("never left")


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_kept_recording_survives_an_error(tmp_path, storage):
    messages = recorded_messages()
    with (
        pytest.raises(RuntimeError),
        BagWriter(tmp_path / "walk", storage=storage, keep=True) as bag,
    ):
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        bag.write("/image_raw", messages.image(IMAGE, SECOND, "camera"), SECOND)
        raise RuntimeError
    with Recording(tmp_path / "walk") as recording:
        assert recording.count("/image_raw") == 1


def test_kept_recording_without_a_message_vanishes(tmp_path):
    with pytest.raises(RuntimeError), BagWriter(tmp_path / "walk", keep=True):
        raise RuntimeError
    with (
        pytest.raises(InputError, match="walk: no message was recorded"),
        BagWriter(tmp_path / "walk", keep=True),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_kept_recording_reaches_the_disk_while_it_is_written(tmp_path, storage, monkeypatch):
    monkeypatch.setattr(writing, "FLUSH_SECONDS", 0.0)
    messages = recorded_messages()
    with BagWriter(tmp_path / "walk", storage=storage, keep=True) as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        for second in range(1, 4):
            bag.write("/image_raw", messages.image(IMAGE, second * SECOND, ""), second * SECOND)
        shutil.copytree(tmp_path / "walk", tmp_path / "killed")
    if storage == "mcap":
        assert cli.main(["mend", str(tmp_path / "killed")]) == 0
    with Recording(tmp_path / "killed") as recording:
        assert recording.count("/image_raw") == 3


def test_full_disk_is_named_and_leaves_what_was_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    messages = recorded_messages()
    image = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    try:
        with (
            pytest.raises(OSError, match="walk") as failure,
            BagWriter(disk / "walk", keep=True) as bag,
        ):
            bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
            for second in range(1, 100):
                bag.write("/image_raw", messages.image(image, second * SECOND, ""), SECOND)
        assert (failure.value.errno, failure.value.filename) == (errno.ENOSPC, str(disk / "walk"))
        with Recording(disk / "walk") as recording:
            assert recording.count("/image_raw") > 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)
