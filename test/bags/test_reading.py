"""Recordings of every kind are read; the error of a broken one names it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.topics import Stage, choose_stage
from bharnet_ros.messages.reading import event_from_message, scores_from_message
from bharnet_ros.types.actions import Hand
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.places import UNKNOWN

KINDS = [
    ("mcap", "none"),
    ("mcap", "storage"),
    ("mcap", "message"),
    ("mcap", "file"),
    ("sqlite3", "none"),
    ("sqlite3", "message"),
    ("sqlite3", "file"),
]


@pytest.fixture
def bag(tmp_path, messages, write_bag):
    return write_bag(tmp_path / "waves", messages.waving([(1.0, 3.0)], until=2.0))


@pytest.mark.parametrize(("storage", "compression"), KINDS)
def test_every_kind_of_recording_gives_the_same_messages(
    tmp_path, messages, write_bag, storage, compression
):
    rows = messages.waving([(1.0, 3.0)], until=2.0)
    folder = write_bag(tmp_path / "bag", rows, storage=storage, compression=compression)
    with Recording(folder) as recording:
        stamps = [one.log_ns - messages.start_ns for one in recording.messages("/action_scores")]
        assert stamps == [number * 100_000_000 for number in range(21)]
        assert recording.start_ns == messages.start_ns
        assert recording.end_ns == messages.start_ns + 2_000_000_000


@pytest.mark.parametrize(("storage", "suffix"), [("mcap", ".mcap"), ("sqlite3", ".db3")])
def test_a_single_file_is_a_recording(tmp_path, messages, write_bag, storage, suffix):
    rows = messages.waving([], until=1.0)
    folder = write_bag(tmp_path / "bag", rows, storage=storage)
    alone = tmp_path / f"alone{suffix}"
    shutil.copy(folder / f"bag{suffix}", alone)
    with Recording(alone) as recording:
        assert recording.name == "alone"
        assert len(list(recording.messages("/action_scores", "/model_info"))) == 12


def test_several_files_of_one_recording_follow_each_other(tmp_path, messages, write_bag):
    rows = messages.waving([], until=2.0)
    folder = write_bag(tmp_path / "split", rows[:10])
    later = write_bag(tmp_path / "later", rows[10:])
    (later / "later.mcap").rename(folder / "split_1.mcap")
    metadata = folder / "metadata.yaml"
    names = "relative_file_paths:\n  - split.mcap\n"
    text = metadata.read_text()
    assert names in text
    metadata.write_text(text.replace(names, names + "  - split_1.mcap\n"))
    with Recording(folder) as recording:
        stamps = [one.log_ns for one in recording.messages("/action_scores")]
    assert len(stamps) == 21
    assert stamps == sorted(stamps)


def test_a_bag_without_definitions_is_read_with_our_own(tmp_path, messages, write_bag):
    rows = messages.waving([], until=0.5)
    folder = write_bag(tmp_path / "old", rows, storage="sqlite3")
    _forget_definitions(folder / "old.db3")
    with Recording(folder) as recording:
        assert recording.first("/model_info").class_names == ["wave", "point", "background"]


def test_missing_path_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.mcap"):
        Recording(tmp_path / "nothing.mcap")


def test_a_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(ValueError, match=r"video\.mp4: is not a recording"):
        Recording(path)


def test_missing_metadata_is_named_with_a_remedy(bag):
    (bag / "metadata.yaml").unlink()
    (bag / "another.mcap").touch()
    with pytest.raises(ValueError, match=r"waves: has no metadata\.yaml; `ros2 bag reindex`"):
        Recording(bag)


def test_only_file_of_a_folder_without_metadata_is_read(bag):
    with Recording(bag) as recording:
        topics = recording.topics
    (bag / "metadata.yaml").unlink()
    with Recording(bag) as recording:
        assert recording.topics == topics


@pytest.mark.parametrize("metadata", ["", "a: [", "rosbag2_bagfile_information: {version: 9}\n"])
def test_broken_metadata_is_named(bag, metadata):
    (bag / "metadata.yaml").write_text(metadata)
    with pytest.raises(ValueError, match="waves: cannot be read"):
        Recording(bag)


@pytest.mark.parametrize(
    ("old", "new"),
    [("message_count: 1\n", "message_count: x\n"), ("name: /model_info", "name: 5")],
)
def test_metadata_of_a_wrong_type_is_named(bag, old, new):
    metadata = bag / "metadata.yaml"
    text = metadata.read_text()
    assert old in text
    metadata.write_text(text.replace(old, new))
    with pytest.raises(InputError, match="waves: cannot be read"):
        Recording(bag)


def test_an_error_that_happens_to_hold_the_name_is_named_too(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metadata.yaml").write_bytes(b"\xff\xfe\x00")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^a: cannot be read: "):
        Recording(Path("a"))


@pytest.mark.parametrize("suffix", [".mcap", ".db3"])
@pytest.mark.parametrize("content", [b"", b"not a bag at all" * 20])
def test_corrupt_file_is_named(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        Recording(path)


@pytest.mark.parametrize(("storage", "suffix"), [("mcap", ".mcap"), ("sqlite3", ".db3")])
def test_truncated_file_is_named(tmp_path, messages, write_bag, storage, suffix):
    rows = messages.waving([], until=20.0)
    folder = write_bag(tmp_path / "cut", rows, storage=storage)
    path = folder / f"cut{suffix}"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match="cut"), Recording(folder) as recording:
        list(recording.messages("/action_scores"))


def test_damaged_data_is_named(tmp_path, messages, write_bag):
    folder = write_bag(tmp_path / "damaged", messages.waving([], until=20.0), compression="storage")
    path = folder / "damaged.mcap"
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged"), Recording(folder) as recording:
        list(recording.messages("/action_scores"))


def test_recording_without_messages_is_refused(tmp_path, write_bag):
    folder = write_bag(
        tmp_path / "silent", [], silent=[("/action_recognition", "bharnet_ros/msg/ActionEvent")]
    )
    with pytest.raises(ValueError, match="silent: has no messages"):
        Recording(folder)


def test_missing_topic_is_named_with_those_that_are_there(bag):
    with (
        Recording(bag) as recording,
        pytest.raises(
            ValueError, match=r"waves: has no topic /keypoints; it has /action_scores, /model_info"
        ),
    ):
        list(recording.messages("/keypoints"))


def test_another_definition_of_our_message_is_refused(tmp_path, messages, write_bag):
    folder = write_bag(tmp_path / "other", messages.waving([], until=0.2), storage="sqlite3")
    _redefine(folder / "other.db3", "float64 window\n", "")
    with (
        Recording(folder) as recording,
        pytest.raises(ValueError, match=r"topic /model_info: was recorded with another definition"),
    ):
        recording.first("/model_info")


FORMER = {
    "bharnet_ros/msg/TrackScores": ("hand", "hands_differ", "place"),
    "bharnet_ros/msg/ActionEvent": (
        *("hand", "hands_differ", "place", "target_known", "target_frame", "target_position"),
    ),
}
"""Fields that were not in the messages at first."""


def former_types() -> Typestore:
    """Return the messages of this package as they were without those fields."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, (constants, fields) in message_types().fielddefs.items():
        if name.startswith("bharnet_ros/"):
            kept = [field for field in fields if field[0] not in FORMER.get(name, ())]
            store.register({name: (constants, kept)})
    return store


def write_former(folder: Path, topic: str, message: Any) -> Path:
    """Record one message as it was recorded before it had some of its fields."""
    former = former_types()

    def older(one: Any) -> Any:
        kind = former.types[one.__msgtype__]
        fields = {name: getattr(one, name) for name, _ in former.fielddefs[one.__msgtype__][1]}
        if "tracks" in fields:
            fields["tracks"] = [older(track) for track in fields["tracks"]]
        return kind(**fields)

    with Writer(folder, version=9) as writer:
        connection = writer.add_connection(topic, message.__msgtype__, typestore=former)
        content = former.serialize_cdr(older(message), message.__msgtype__)
        writer.write(connection, 1_000_000_000, content)
    return folder


def test_scores_from_before_there_were_hands_are_read(tmp_path, messages):
    scores = messages.scores(1.0, {"body_1": (0.5, 0.25, 0.25)})
    with Recording(write_former(tmp_path / "old", "/action_scores", scores)) as recording:
        (track,) = scores_from_message(recording.first("/action_scores"), 3).tracks
    assert track.probabilities.tolist() == [0.5, 0.25, 0.25]
    assert (track.hand, track.hands_differ, track.place) == (Hand.NONE, False, UNKNOWN)


def test_events_from_before_there_were_hands_are_read(tmp_path, messages):
    event = messages.event("a-1", 1, 2.0, 1.0, 1.5)
    with Recording(write_former(tmp_path / "old", "/action_recognition", event)) as recording:
        read = event_from_message(recording.first("/action_recognition"))
    assert (read.event_id, read.score) == ("a-1", 0.875)
    assert (read.hand, read.place, read.target_position) == (Hand.NONE, UNKNOWN, None)


def test_another_definition_of_a_standard_message_is_refused(tmp_path, messages, write_bag):
    rows = [("/camera", messages.image(1.0, np.zeros((4, 4, 3), dtype=np.uint8)))]
    folder = write_bag(tmp_path / "other", rows, storage="sqlite3")
    _redefine(folder / "other.db3", "string encoding", "string coding")
    with (
        Recording(folder) as recording,
        pytest.raises(InputError, match=r"/camera: was recorded with another definition of sensor"),
    ):
        recording.first("/camera")


def test_type_without_a_definition_is_named(tmp_path, messages, write_bag):
    folder = write_bag(tmp_path / "strange", messages.waving([], until=0.2), storage="sqlite3")
    _forget_definitions(folder / "strange.db3")
    _sql(folder / "strange.db3", "UPDATE topics SET type = 'alien/msg/Thing' WHERE id = 1")
    with (
        Recording(folder / "strange.db3") as recording,
        pytest.raises(ValueError, match=r"topic /model_info: type alien/msg/Thing is unknown"),
    ):
        recording.first("/model_info")


def test_broken_message_is_named_with_its_topic(tmp_path, messages, write_bag):
    folder = write_bag(tmp_path / "torn", messages.waving([], until=0.2), storage="sqlite3")
    _sql(folder / "torn.db3", "UPDATE messages SET data = x'0001000001' WHERE topic_id = 2")
    with (
        Recording(folder) as recording,
        pytest.raises(
            ValueError, match=r"torn: topic /action_scores: a message cannot be read as bharnet"
        ),
    ):
        list(recording.messages("/action_scores"))


def test_another_camera_can_be_replayed_beside_a_broken_one(tmp_path, messages, write_bag):
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    rows = [("/left", messages.image(1.0, image)), ("/right", messages.image(1.0, image))]
    folder = write_bag(tmp_path / "half", rows, storage="sqlite3")
    _sql(
        folder / "half.db3",
        "UPDATE messages SET data = x'0001000001' "
        "WHERE topic_id = (SELECT id FROM topics WHERE name = '/left')",
    )
    with Recording(folder) as recording:
        assert choose_stage(recording, None, "/right") == (Stage.IMAGES, "/right")
        with pytest.raises(ValueError, match="/left, /right; choose one"):
            choose_stage(recording, None, None)


def _sql(path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def _forget_definitions(path) -> None:
    _sql(path, "DELETE FROM message_definitions")


def _redefine(path, old: str, new: str) -> None:
    _sql(
        path,
        "UPDATE message_definitions SET encoded_message_definition = "
        f"replace(encoded_message_definition, '{old}', '{new}')",
    )


def test_all_channels_of_a_merged_topic_are_read(shared_case: Callable[[str], Path]) -> None:
    with Recording(shared_case("02-topic-in-two-channels/merged.mcap")) as recording:
        (topic,) = recording.topics
        assert topic.messages == recording.count(topic.name) == 6
        assert len(list(recording.messages(topic.name))) == 6


def test_messages_left_in_the_log_of_a_database_are_named(
    shared_case: Callable[[str], Path],
) -> None:
    folder = shared_case("04-sqlite-with-wal/killed")
    with pytest.raises(InputError, match=r"bag_0\.db3-wal: holds messages .*`sqlite3 .*bag_0\.db3"):
        Recording(folder / "bag_0.db3")


def test_a_storage_without_name_is_read_by_the_ending_of_its_file(
    shared_case: Callable[[str], Path],
) -> None:
    with Recording(shared_case("19-humble-reindex/bag")) as recording:
        assert recording.topics and len(list(recording.messages(recording.topics[0].name))) > 0
