"""The recordings of `bharnet record`."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CompressedImage

from bharnet_ros import cli
from bharnet_ros.bags import writing
from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.options import RecordingOptions
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.recorded_depth import RecordedDepth
from bharnet_ros.nodes.conversions import calibration_from_message, compressed_image_to_message
from bharnet_ros.nodes.runtime.qos import SENSOR
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

pytestmark = pytest.mark.ros

CLI = "from bharnet_ros.cli import main; import sys; sys.exit(main())"
PATIENCE = 240.0


def read(path: Path) -> dict[str, list]:
    """Return the messages of each topic."""
    found: dict[str, list] = {}
    with AnyReader([path], default_typestore=message_types()) as reader:
        for connection, _, raw in reader.messages():
            message = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append(message)
    return found


def stamps(messages: list) -> list[int]:
    return [
        message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        for message in messages
    ]


@pytest.fixture
def start(ros_domain, tmp_path, monkeypatch):
    """Return a function that starts `bharnet record --out bag` with further words."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    processes = []

    def begin(*words: str) -> subprocess.Popen:
        command = [sys.executable, "-c", CLI, "record", "--out", str(tmp_path / "bag"), *words]
        processes.append(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
            )
        )
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_source_is_recorded_to_its_last_message(start, tmp_path, eager_bundle):
    process = start(
        *("--source", "puppet:rest", "--model", str(eager_bundle), "--storage", "sqlite3"),
        *("--ros-args", "-p", "video_source:fps:=5.0"),
    )
    printed, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "did not come to the recorder" not in errors
    assert "messages recorded in" in errors
    found = read(tmp_path / "bag")
    images = found["/image_raw/compressed"]
    assert len(images) == 30
    assert all("jpeg" in image.format for image in images)
    assert stamps(found["/keypoints"]) == stamps(images)
    assert set(stamps(found["/action_scores"])) <= set(stamps(images))
    assert [info.name for info in found["/model_info"]] == ["tiny"]
    events = found["/action_recognition"]
    assert [event.phase for event in events] == [1, 2]
    assert events[1].reason == "source_ended"
    assert len(printed.splitlines()) == len(events)


def test_depth_and_camera_info_are_recorded_unchanged(start, tmp_path, eager_bundle):
    process = start(
        *("--source", "puppet:hello", "--model", str(eager_bundle)),
        *("--topics", "image_raw", "camera_info", "depth/image_rect_raw"),
        *("--ros-args", "-p", "video_source:fps:=4.0", "-p", "video_source:depth:=true"),
    )
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "did not come to the recorder" not in errors
    found = read(tmp_path / "bag")
    images = "/image_raw/compressed"
    assert set(found) == {images, "/camera_info", "/depth/image_rect_raw"}
    puppet = open_puppet("hello", fps=4.0)
    for messages in found.values():
        assert stamps(messages) == stamps(found[images])
        assert len(messages) == len(puppet)
    assert all(one.encoding == "16UC1" for one in found["/depth/image_rect_raw"])
    assert calibration_from_message(found["/camera_info"][0]).camera == puppet.camera
    with Recording(tmp_path / "bag") as recording:
        depth = RecordedDepth(recording, images, slop_s=0.0, progress=False)
        assert all(len(one.partners) == 2 for one in depth.images())


def test_interrupt_closes_the_recording_with_the_last_event(start, tmp_path, eager_bundle):
    process = start(
        *("--source", "puppet:rest", "--loop", "--model", str(eager_bundle)),
        *("--topics", "image_raw", "action_recognition", "--raw"),
        *("--ros-args", "-p", "video_source:fps:=5.0"),
    )
    assert "ONSET" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    found = read(tmp_path / "bag")
    assert set(found) == {"/image_raw", "/action_recognition"}
    phases = Counter((event.phase, event.reason) for event in found["/action_recognition"])
    assert phases == {(1, ""): 1, (2, "shutdown"): 1}
    assert all(image.encoding == "rgb8" for image in found["/image_raw"])
    assert [path.name for path in tmp_path.iterdir() if "bag" in path.name] == ["bag"]


def test_compressed_camera_images_are_recorded_unchanged(
    start, graph, person_image, tmp_path, eager_bundle
):
    topic = "/camera/image_raw/compressed"
    process = start("--image-topic", topic, "--model", str(eager_bundle))
    publish = graph.probe.publisher(CompressedImage, topic, SENSOR)
    sent: dict[int, bytes] = {}
    over = threading.Event()

    def film() -> None:
        while not over.wait(0.05):
            number = len(sent)
            stamp_ns = (1000 + number // 10) * NANOSECONDS + number % 10 * NANOSECONDS // 10
            message = compressed_image_to_message(
                person_image, stamp_ns, "camera", quality=50 + number % 10
            )
            sent[stamp_ns] = bytes(message.data)
            publish(message)

    with ThreadPoolExecutor(1) as executor:
        filming = executor.submit(film)
        line = process.stdout.readline()
        over.set()
        filming.result()
    assert "ONSET" in line
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    found = read(tmp_path / "bag")
    images = found.pop(topic)
    assert images
    assert all(bytes(one.data) == sent[at] for one, at in zip(images, stamps(images), strict=True))
    assert set(found) == {"/keypoints", "/action_scores", "/action_recognition", "/model_info"}
    assert set(stamps(found["/keypoints"])) <= set(sent)


def test_existing_folder_is_not_overwritten(start, tmp_path):
    (tmp_path / "bag").mkdir()
    process = start("--source", "puppet:rest")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "bag exists already" in errors
    assert list((tmp_path / "bag").iterdir()) == []


def test_source_that_cannot_be_opened_leaves_nothing(start, tmp_path):
    process = start("--source", "nothing.mp4")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "nothing.mp4" in errors
    assert not [path for path in tmp_path.iterdir() if "bag" in path.name]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"topics": ("sound",)}, "sound"), ({"topics": ()}, "topics"), ({"quality": 0}, "quality")],
)
def test_option_out_of_range_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        RecordingOptions("bag", **options)


def test_killed_recording_is_readable_once_it_is_mended(start, tmp_path, eager_bundle, capsys):
    process = start("--source", "puppet:rest", "--loop", "--model", str(eager_bundle))
    assert "ONSET" in process.stdout.readline()
    time.sleep(2 * writing.FLUSH_SECONDS)
    process.kill()
    process.communicate(timeout=PATIENCE)
    bag = tmp_path / "bag"
    with pytest.raises(InputError, match=f"`bharnet mend {bag}` makes what it holds readable"):
        Recording(bag)
    assert cli.main(["mend", str(bag)]) == 0
    assert "messages can be read" in capsys.readouterr().out
    with Recording(bag) as recording:
        assert recording.count("/image_raw/compressed") and recording.count("/keypoints")
        assert recording.first("/action_recognition").phase == 1


def test_failing_disk_ends_the_run_and_keeps_what_was_recorded(start, tmp_path):
    pytest.importorskip("resource")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))\n" + CLI
    )
    words = ("record", "--source", "puppet:rest", "--raw", "--out", str(tmp_path / "bag"))
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begin = time.monotonic()
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2, errors
    assert f"{tmp_path / 'bag'}: File too large" in errors
    assert f"what was recorded stays in {tmp_path / 'bag'}" in errors
    assert time.monotonic() - begin < PATIENCE
    with Recording(tmp_path / "bag") as recording:
        assert recording.count("/image_raw")
