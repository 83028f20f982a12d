"""Frames of a source as camera images, over real topics."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mjpeg_server import MjpegServer
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import (
    calibration_from_message,
    depth_from_message,
    image_from_message,
    time_to_ns,
)
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.nodes.video_source import VideoSource
from bharnet_ros.sources.frame import FrameSource
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.camera import read_calibration

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000
EVERY_IMAGE = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.fixture
def folder(tmp_path):
    """Return a folder of six images, each of one shade."""
    for index in range(6):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((48, 64, 3), index * 40, np.uint8))
    return tmp_path


@pytest.fixture
def play(graph):
    """Return a function that starts a source and returns the node and an event for its end."""

    def start(source, **parameters):
        values = {"source": str(source), **parameters}
        node = graph.add(
            VideoSource(
                parameter_overrides=[Parameter(name, value=value) for name, value in values.items()]
            )
        )
        ended = threading.Event()
        graph.call(lambda: node.start(ended.set), node)
        return node, ended

    return start


def stamps(images) -> list[int]:
    return [time_to_ns(image.header.stamp) for image in images]


@pytest.mark.parametrize("fast", [False, True])
def test_every_image_arrives_in_order_with_the_times_of_the_source(graph, play, folder, wait, fast):
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    node, ended = play(folder, fps=50.0, as_fast_as_possible=fast, wait_for_keypoints=not fast)
    assert ended.wait(30)
    wait(lambda: len(images) == 6, "six images")
    assert [int(image_from_message(image)[0, 0, 0]) for image in images] == [
        0,
        40,
        80,
        120,
        160,
        200,
    ]
    assert np.diff(stamps(images)).tolist() == [SECOND // 50] * 5
    assert {image.header.frame_id for image in images} == {"camera_color_optical_frame"}
    assert node.failure == ""


def test_recording_waits_for_its_first_subscriber(graph, play, folder, wait):
    node, ended = play(folder, fps=100.0, as_fast_as_possible=True)
    wait(lambda: graph.probe.count_publishers("image_raw"), "the publisher")
    assert not ended.is_set()
    assert node.first_stamp_ns is None
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    assert ended.wait(30)
    wait(lambda: len(images) == 6, "six images")
    assert (node.first_stamp_ns, node.last_stamp_ns) == (stamps(images)[0], stamps(images)[-1])


def test_loop_goes_on_with_rising_stamps(graph, play, folder, wait):
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    _, ended = play(folder, fps=100.0, loop=True, wait_for_keypoints=True)
    wait(lambda: len(images) > 13, "a third round")
    assert not ended.is_set()
    assert np.diff(stamps(images)[:13]).tolist() == [SECOND // 100] * 12


def test_each_image_waits_for_the_keypoints_of_the_one_before(graph, play, folder, wait):
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    answer = graph.probe.create_publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    node, ended = play(folder, as_fast_as_possible=True, wait_for_keypoints=True)
    wait(answer.get_subscription_count, "the node to listen to keypoints")
    for number in range(1, 7):
        wait(lambda number=number: len(images) >= number, "the next image")
        assert len(images) == number
        answer.publish(msg.BodyHandKeypoints(header=images[-1].header))
    assert ended.wait(30)
    assert "unanswered" not in node.counters.totals


def test_puppet_has_the_requested_size(graph, play, wait):
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    play("puppet:rest", width=160, height=120)
    wait(lambda: images, "an image")
    assert image_from_message(images[0]).shape == (120, 160, 3)


def test_puppet_publishes_camera_info_and_depth(graph, play, wait):
    images, depths, cameras = (
        graph.probe.listen(kind, topic, EVERY_IMAGE)
        for kind, topic in (
            (Image, "image_raw"),
            (Image, "depth/image_rect_raw"),
            (CameraInfo, "camera_info"),
        )
    )
    play("puppet:rest", width=160, height=120, fps=5.0, depth=True)
    wait(lambda: min(len(images), len(depths), len(cameras)) >= 2, "two of each")
    common = sorted(set(stamps(images)) & set(stamps(depths)) & set(stamps(cameras)))
    assert common
    puppet = open_puppet("rest", width=160, height=120, fps=5.0)
    depth = next(one for one in depths if stamps([one]) == common[:1])
    assert depth.encoding == "16UC1" and depth.header.frame_id == "camera_color_optical_frame"
    found = depth_from_message(depth)
    # Messages may be lost, so this may be any of the first frames.
    assert min(np.abs(found - puppet.depth(number)).max() for number in range(8)) < 0.0006
    assert calibration_from_message(cameras[0]).camera == puppet.camera


def test_depth_is_published_only_if_requested(graph, play, wait):
    cameras = graph.probe.listen(CameraInfo, "camera_info", EVERY_IMAGE)
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    play("puppet:rest", width=160, height=120)
    wait(lambda: images and cameras, "an image and its camera")
    assert not graph.probe.count_publishers("depth/image_rect_raw")


@pytest.fixture
def calibration_file(tmp_path_factory):
    """Return the calibration file of a camera with 64 x 48 pixels."""
    matrix = {"rows": 3, "cols": 3, "data": [60.0, 0.0, 32.0, 0.0, 61.0, 24.0, 0.0, 0.0, 1.0]}
    content = {
        "image_width": 64,
        "image_height": 48,
        "camera_matrix": matrix,
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.1, 0.0, 0.0, 0.0, 0.0]},
        "rectification_matrix": matrix,
        "projection_matrix": {"rows": 3, "cols": 4, "data": [0.0] * 12},
    }
    path = tmp_path_factory.mktemp("calibration") / "camera.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_calibration_file_is_published_with_the_images(graph, play, folder, wait, calibration_file):
    cameras = graph.probe.listen(CameraInfo, "camera_info", EVERY_IMAGE)
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    play(folder, fps=20.0, camera_info_url=calibration_file.as_uri())
    wait(lambda: images and cameras, "an image and its camera")
    calibration = calibration_from_message(cameras[0])
    assert calibration == read_calibration(str(calibration_file))
    assert cameras[0].header.frame_id == "camera_color_optical_frame"


def test_calibration_of_another_camera_is_refused(graph, play, tmp_path, wait, calibration_file):
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((96, 128, 3), np.uint8))
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    node, ended = play(tmp_path, camera_info_url=str(calibration_file))
    assert ended.wait(30)
    assert "camera_info_url: the calibration is for 64 x 48 pixels" in node.failure
    assert not images


@pytest.mark.parametrize(
    "source, parameters, named",
    [
        (None, {"depth": True}, "depth: only the puppet"),
        (None, {"camera_info_url": "nothing.yaml"}, r"nothing\.yaml"),
        ("puppet:rest", {"camera_info_url": "nothing.yaml"}, "camera_info_url: the camera of"),
    ],
)
def test_parameters_that_do_not_fit_the_source_are_refused(play, folder, source, parameters, named):
    with pytest.raises((ValueError, OSError), match=named):
        play(source or folder, **parameters)


def test_unexpected_error_of_a_source_is_logged_and_ends_it(play, folder, monkeypatch, capfd):
    def fail(self):
        raise ArithmeticError("odd frame")

    monkeypatch.setattr("bharnet_ros.nodes.playback.player.Player.run", fail)
    node, ended = play(folder)
    assert ended.wait(30)
    assert node.failure == "internal error: odd frame"
    assert "ArithmeticError: odd frame" in capfd.readouterr().err


def test_images_handed_over_are_published_only_for_a_subscriber(graph, folder, wait):
    taken = []
    values = {"source": str(folder), "fps": 20.0, "loop": True}
    node = graph.add(
        VideoSource(parameter_overrides=[Parameter(name, value=values[name]) for name in values])
    )
    (publisher,) = (one for one in node.publishers if one.topic_name == "/image_raw")
    sent = []
    publish, publisher.publish = publisher.publish, lambda one: (sent.append(one), publish(one))
    node.hand_to(taken.append)
    # It starts though nobody subscribes.
    graph.call(lambda: node.start(lambda: None), node)
    wait(lambda: len(taken) > 6, "the images")
    assert not sent
    images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
    wait(lambda: images, "an image for the subscriber")
    assert stamps(images)[0] in stamps(taken)


def level(report: DiagnosticArray) -> bytes:
    return report.status[0].level


def test_stream_that_was_dropped_goes_on_when_it_is_back(graph, play, wait):
    with MjpegServer() as server:
        images = graph.probe.listen(Image, "image_raw", EVERY_IMAGE)
        reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
        _, ended = play(server.address(login="me:secret@"))
        wait(lambda: images, "an image")
    wait(lambda: reports and level(reports[-1]) == DiagnosticStatus.WARN, "a warning")
    assert "secret" not in str(reports)
    dropped_ns = time_to_ns(images[-1].header.stamp)
    with MjpegServer(server.port):
        wait(lambda: stamps(images)[-1] > dropped_ns, "an image of the new connection")
        wait(lambda: level(reports[-1]) == DiagnosticStatus.OK, "the end of the warning")
        assert not ended.is_set()
    assert stamps(images) == sorted(set(stamps(images)))


class LostCamera(FrameSource):
    """A webcam that is unplugged at once."""

    def __init__(self):
        super().__init__("webcam", fps=30.0, frame_count=None, live=True)
        self.closed = False

    def __iter__(self):
        raise OSError("unplugged")

    def close(self):
        self.closed = True


def test_the_end_does_not_wait_until_a_lost_source_is_reopened(graph, play, wait, monkeypatch):
    monkeypatch.setattr("bharnet_ros.nodes.playback.live.REOPEN_SECONDS", 0.001)
    cameras, answers, answered = [], threading.Event(), threading.Event()

    def open_source(*_, **__):
        cameras.append(LostCamera())
        if len(cameras) == 2:
            answers.wait(20)
            answered.set()
        return cameras[-1]

    monkeypatch.setattr("bharnet_ros.nodes.video_source.open_source", open_source)
    node, ended = play("0", loop=True)
    wait(lambda: len(cameras) == 2, "the attempt to reopen it")
    graph.call(node.finish, node)
    assert not answered.is_set()
    answers.set()
    assert ended.wait(30)
    assert len(cameras) == 2 and cameras[1].closed
    assert node.failure == ""


@pytest.mark.parametrize("source", ["nothing.mp4", "puppet:nothing", ""])
def test_source_that_cannot_be_opened_is_named(play, source):
    with pytest.raises((ValueError, OSError), match=source.rpartition(":")[2] or "empty"):
        play(source)
