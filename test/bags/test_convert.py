"""A clip becomes a recording, with the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from bharnet_ros import cli
from bharnet_ros.bags.convert import ConversionOptions, convert
from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.recorded_depth import RecordedDepth
from bharnet_ros.bags.topics import Stage, choose_stage
from bharnet_ros.messages.images import decode_compressed
from bharnet_ros.messages.reading import (
    calibration_from_message,
    depth_from_message,
    keypoints_from_message,
)
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.video import open_source

pytestmark = pytest.mark.mediapipe


def read(path: Path) -> dict[str, list]:
    """Return (time of the recording, message) of each topic."""
    found: dict[str, list] = {}
    with AnyReader([path], default_typestore=message_types()) as reader:
        for connection, time, raw in reader.messages():
            message = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append((time, message))
    return found


def stamp_ns(message) -> int:
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


@pytest.fixture
def pictures(tmp_path) -> Path:
    """A folder of three pictures of a person."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    puppet = open_puppet("hello", fps=10.0)
    for number in range(3):
        image = cv2.cvtColor(puppet.frame(20 + number).image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{number}.png"), image)
    return folder


def test_a_folder_becomes_raw_images_at_its_frame_rate(tmp_path, pictures, capfd):
    bag = tmp_path / "bag"
    words = ["--raw", "--start", "1700000000.123456789", "--fps", "20", "--topic", "/front/image"]
    assert cli.main(["convert", str(pictures), str(bag), *words]) == 0
    assert "3 messages" in capfd.readouterr().out
    found = read(bag)
    assert list(found) == ["/front/image"]
    start = 1_700_000_000_123_456_789
    assert [time for time, _ in found["/front/image"]] == [
        start,
        start + 50_000_000,
        start + 100_000_000,
    ]
    for (time, message), file in zip(
        found["/front/image"], sorted(pictures.iterdir()), strict=True
    ):
        assert stamp_ns(message) == time
        assert (message.encoding, message.header.frame_id) == ("rgb8", "camera_color_optical_frame")
        expected = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(message.data.reshape(480, 640, 3), expected)
    assert not bag.with_name("bag.truth.csv").exists()


def test_video_keeps_its_frame_rate(tmp_path):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*"MJPG"), 12.5, (64, 48))
    for value in (0, 100, 200):
        writer.write(np.full((48, 64, 3), value, dtype=np.uint8))
    writer.release()
    assert cli.main(["convert", str(clip), str(tmp_path / "bag")]) == 0
    times = [time for time, _ in read(tmp_path / "bag")["/image_raw/compressed"]]
    np.testing.assert_allclose(np.diff(times), 80_000_000, atol=1_000_000)
    assert times[0] == 1_000_000_000


def test_keypoints_are_those_of_the_recorded_images(tmp_path, pictures):
    bag = tmp_path / "bag"
    words = ["--compressed", "--quality", "60", "--keypoints"]
    assert cli.main(["convert", str(pictures), str(bag), *words]) == 0
    found = read(bag)
    assert set(found) == {"/image_raw/compressed", "/keypoints"}
    with PoseExtractor() as extractor:
        for (time, image), (other, keypoints) in zip(
            found["/image_raw/compressed"], found["/keypoints"], strict=True
        ):
            expected = extractor.extract(decode_compressed(image.format, image.data), time)
            assert time == other == stamp_ns(keypoints)
            (person,) = keypoints.people
            (same,) = expected.people
            assert person.body_present
            np.testing.assert_array_equal(person.body.reshape(33, 3), same.body[:, :3])


def test_keypoints_of_as_many_people_as_asked_for(tmp_path):
    bag = tmp_path / "bag"
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    image = next(iter(open_puppet("two_people"))).image
    cv2.imwrite(str(pictures / "0.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    words = [str(pictures), str(bag), "--keypoints", "--max-people", "2"]
    assert cli.main(["convert", *words]) == 0
    ((_, keypoints),) = read(bag)["/keypoints"]
    assert [person.body_present for person in keypoints.people] == [True, True]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_the_same_command_gives_the_same_bytes(tmp_path, storage):
    files = []
    for attempt in ("first", "second"):
        (tmp_path / attempt).mkdir()
        bag = tmp_path / attempt / "bag"
        words = ["--compressed", "--format", "png", "--fps", "1", "--storage", storage]
        assert cli.main(["convert", "puppet:rest", str(bag), *words]) == 0
        files.append({file.name: file.read_bytes() for file in bag.iterdir()})
    assert files[0] == files[1]
    assert len(files[0]) == 2


@pytest.mark.parametrize(("script", "tracks"), [("hello", {""}), ("two_people", {"1", "2"})])
def test_truth_of_the_puppet_is_written_beside_the_recording(tmp_path, script, tracks):
    bag = tmp_path / "bag"
    with open_source(f"puppet:{script}", width=64, height=48, fps=1.0) as frames:
        convert(frames, bag, ConversionOptions(), progress=False)
    header, *rows = (tmp_path / "bag.truth.csv").read_text().splitlines()
    assert header == "track,label,start,end"
    actions = open_puppet(script, fps=1.0).true_actions
    assert {row.split(",")[0] for row in rows} == tracks
    for row, action in zip(rows, actions, strict=True):
        _, label, start, end = row.split(",")
        assert label == action.label
        assert float(start) == pytest.approx(action.start_s, abs=1e-3)
        assert float(end) == pytest.approx(action.end_s, abs=1e-3)


def test_depth_and_camera_are_written_and_place_keypoints(tmp_path):
    bag = tmp_path / "bag"
    words = ["--fps", "1", "--depth", "--keypoints", "--compressed", "--topic", "/front/image"]
    assert cli.main(["convert", "puppet:hello", str(bag), *words]) == 0
    found = read(bag)
    image, depth, info = (
        "/front/image/compressed",
        "/front/depth/image_rect_raw",
        "/front/camera_info",
    )
    assert set(found) == {image, depth, info, "/keypoints"}
    puppet = open_puppet("hello", fps=1.0)
    for messages in found.values():
        assert [stamp_ns(message) for _, message in messages] == [time for time, _ in found[image]]
        assert len(messages) == len(puppet)
    for number, (_, message) in enumerate(found[depth]):
        np.testing.assert_allclose(
            depth_from_message(message), puppet.depth(number), rtol=0, atol=6e-4
        )
    assert calibration_from_message(found[info][0][1]).camera == puppet.camera
    frame = keypoints_from_message(found["/keypoints"][2][1])
    truth = puppet.truth(2).people[0]
    seen = truth.body[:, 3] > 0
    distance = np.linalg.norm(frame.people[0].body_camera - truth.body_camera, axis=-1)[seen]
    assert np.nanmedian(distance) < 0.04
    with Recording(bag) as recording:
        assert choose_stage(recording, Stage.IMAGES, None) == (Stage.IMAGES, image)
        assert RecordedDepth(recording, image, slop_s=0.0, progress=False).topics == (depth, info)


def test_depth_of_a_clip_is_refused(tmp_path, pictures, capfd):
    assert cli.main(["convert", str(pictures), str(tmp_path / "bag"), "--depth"]) == 2
    assert "depth: only the puppet has it" in capfd.readouterr().err
    with (
        open_source("puppet:hello", width=64, height=48, fps=1.0) as frames,
        pytest.raises(ValueError, match="depth: the source has none"),
    ):
        convert(frames, tmp_path / "bag", ConversionOptions(depth=True), progress=False)
    with (
        open_source(str(pictures)) as frames,
        pytest.raises(ValueError, match=r"source: the camera of .* is unknown"),
    ):
        convert(frames, tmp_path / "bag", ConversionOptions(depth=True), progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_broken_clip_leaves_nothing(tmp_path, capfd):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "one.png").write_bytes(b"no picture")
    assert cli.main(["convert", str(folder), str(tmp_path / "bag")]) == 2
    assert "no frame that can be decoded" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


@pytest.mark.parametrize("taken", ["bag", "bag.truth.csv"])
def test_nothing_is_overwritten(tmp_path, capfd, taken):
    (tmp_path / taken).write_text("another file")
    assert cli.main(["convert", "puppet:hello", str(tmp_path / "bag"), "--fps", "1"]) == 2
    assert f"{taken} exists already" in capfd.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["another file"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--start", "0"], "start: must be greater than 0"),
        (["--start", "3000000000"], "start: must be greater than 0 and at most 2147483647 s"),
        (["--topic", "image_raw"], "topic: must be absolute"),
        (
            ["--topic", "/image\udcff"],
            r"topic: has characters that cannot be printed, got '/image\udcff",
        ),
        (
            ["--frame-id", "\udcff"],
            r"frame_id: has characters that cannot be printed, got '\udcff'",
        ),
        (["--compressed", "--quality", "101"], "quality: must be in 1..100, got 101"),
    ],
)
def test_option_out_of_range_is_named(tmp_path, pictures, capfd, words, message):
    assert cli.main(["convert", str(pictures), str(tmp_path / "bag"), *words]) == 2
    assert message in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("noon", "'noon' is not a number of seconds"),
        ("nan", "'nan' is not a number of seconds"),
        ("inf", "'inf' is not a number of seconds"),
        ("1e400", "'1e400' is too many seconds"),
        ("1e999999999", "'1e999999999' is too many seconds"),
    ],
)
def test_start_that_is_not_a_number_of_seconds_is_refused(capsys, start, message):
    with pytest.raises(SystemExit):
        cli.main(["convert", "puppet:rest", "bag", "--start", start])
    assert message in capsys.readouterr().err
