"""Depth beside images: matched by the real message_filters, if it is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from bharnet_ros import msg
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.recorded_depth import RecordedDepth
from bharnet_ros.bags.writing import BagWriter, recorded_messages
from bharnet_ros.nodes.conversions import (
    camera_info_to_message,
    depth_image_to_message,
    image_to_message,
    keypoints_from_message,
)
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.pipeline.images_to_keypoints import ImagesToKeypoints
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.camera import Calibration

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def shown():
    """Return the puppet with a raised hand: image, depth, calibration and true keypoints."""
    puppet = open_puppet("hello")
    image, _, truth = puppet.frame(45)
    return image, puppet.depth(45), Calibration.of(puppet.camera), truth.people[0]


@pytest.fixture
def start_driver(graph, shown, wait):
    """Return a class: an active node with `use_depth`, and functions that send it images."""
    pytest.importorskip(
        "message_filters", reason="needs message_filters, which a ROS distribution has"
    )
    image, depth, calibration, _ = shown

    class Driver:
        def __init__(self):
            self.keypoints = graph.probe.listen(msg.BodyHandKeypoints, "keypoints", RELIABLE)
            self.reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
            parameters = [Parameter("use_depth", value=True)]
            self.node = graph.add_active(PoseExtraction(parameter_overrides=parameters))
            graph.on_match(self.node, "/keypoints")
            self._image = graph.probe.publisher(Image, "image_raw", SENSOR)
            self._depth = graph.probe.publisher(Image, "depth/image_rect_raw", SENSOR)
            self._info = graph.probe.publisher(CameraInfo, "camera_info", SENSOR)

        def depth_message(self, stamp_ns):
            return depth_image_to_message(depth, stamp_ns, "camera")

        def info_message(self, stamp_ns):
            return camera_info_to_message(calibration, stamp_ns, "camera")

        def show(self, stamp_ns, depth=None, info=None):
            """Send an image with the messages given; return the person that was found."""
            if info is not None:
                self._info(info)
            if depth is not None:
                self._depth(depth)
            # Topics are not ordered among themselves: the image last, when the others have arrived.
            queues = self.node._depth._synchronised._synchroniser.queues
            for message, queue in ((depth, queues[1]), (info, queues[2])):
                if message is not None:
                    wait(lambda queue=queue: queue, "what belongs to the image")
            self._image(image_to_message(image, stamp_ns, "camera"))
            wait(
                lambda: [one for one in self.keypoints if self.stamp(one) == stamp_ns], "keypoints"
            )
            return keypoints_from_message(self.keypoints[-1]).people[0]

        @staticmethod
        def stamp(message):
            return message.header.stamp.sec * SECOND + message.header.stamp.nanosec

        def whole(self, stamp_ns, shift_ns=0):
            """Send an image with its depth and camera_info."""
            other = stamp_ns + shift_ns
            return self.show(stamp_ns, self.depth_message(other), self.info_message(other))

        def warnings(self):
            return [
                status
                for report in self.reports
                for status in report.status
                if status.level == DiagnosticStatus.WARN and "depth" in status.message
            ]

    return Driver


@pytest.mark.parametrize("shift_ms", [0, -9, 15])
def test_keypoints_get_camera_coordinates(start_driver, shown, shift_ms):
    person, truth = start_driver().whole(SECOND, shift_ms * 1_000_000), shown[3]
    seen = truth.body[:, 3] > 0
    for found, expected in (
        (person.body_camera[seen], truth.body_camera[seen]),
        (person.hands_camera[1], truth.hands_camera[1]),
    ):
        distance = np.linalg.norm(found - expected, axis=-1)
        assert np.isfinite(distance).mean() > 0.8
        # MediaPipe's landmarks are some pixels away from the truth, with or without depth.
        assert np.nanmedian(distance) < 0.04
    # Joints below the image are not measured.
    assert np.isnan(person.body_camera[[27, 28]]).all()


def test_replay_gives_the_same_camera_coordinates_as_the_node(start_driver, shown, tmp_path):
    driver, messages = start_driver(), recorded_messages()
    image, depth, calibration, _ = shown
    live = []
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        bag.add_topic("/depth", "sensor_msgs/msg/Image")
        bag.add_topic("/camera_info", "sensor_msgs/msg/CameraInfo")
        for number in range(4):
            stamp_ns = SECOND + number * 50_000_000
            late_ns = stamp_ns + 5_000_000
            bag.write("/image_raw", messages.image(image, stamp_ns, "camera"), stamp_ns)
            if number == 2:
                live.append(driver.show(stamp_ns))
                continue
            live.append(driver.whole(stamp_ns, 5_000_000))
            bag.write("/depth", messages.depth_image(depth, late_ns, "camera"), late_ns)
            info = messages.camera_info(calibration, late_ns, "camera")
            bag.write("/camera_info", info, late_ns)
    with Recording(tmp_path / "bag") as recording, PoseExtractor() as extractor:
        beside = RecordedDepth(recording, "/image_raw", slop_s=0.02, progress=False)
        to_keypoints = ImagesToKeypoints(extractor, CollectedLog())
        to_keypoints.depth = beside
        replayed = [to_keypoints.take(one.message).people[0] for one in beside.images()]
    assert [person.depth_known for person in live] == [True, True, False, True]
    for one, other in zip(live, replayed, strict=True):
        np.testing.assert_allclose(one.body_camera, other.body_camera, atol=1e-4)
        np.testing.assert_allclose(one.hands_camera, other.hands_camera, atol=1e-4)


def test_image_without_depth_still_gives_keypoints(start_driver, wait):
    driver = start_driver()
    person = driver.show(SECOND)
    assert person.body_present and not person.depth_known
    assert not driver.show(2 * SECOND + 1).depth_known
    assert driver.node.counters.totals["without depth"] == 2
    status = wait(driver.warnings, "a warning on /diagnostics")[-1]
    assert "no depth arrives: keypoints go on without camera coordinates" in status.message
    assert "depth" in {value.key for value in status.values}


def test_depth_without_camera_info_is_not_used(start_driver, wait):
    driver = start_driver()
    for number in (1, 2, 3):
        person = driver.show(number * SECOND, depth=driver.depth_message(number * SECOND))
        assert person.body_present and not person.depth_known
    wait(driver.warnings, "a warning on /diagnostics")


def test_depth_that_is_back_is_used_again(start_driver):
    driver = start_driver()
    assert driver.whole(SECOND).depth_known
    assert not driver.show(3 * SECOND).depth_known
    assert driver.node.warning()
    assert driver.whole(4 * SECOND).depth_known
    assert not driver.node.warning()


def test_depth_with_a_distant_stamp_is_not_matched(start_driver):
    assert not start_driver().whole(SECOND, 40_000_000).depth_known


def test_depth_is_matched_after_time_went_back(start_driver):
    driver = start_driver()
    # More images without depth than fit into the queue, all later than the next ones.
    for number in range(12):
        driver.show(100 * SECOND + number)
    driver.show(SECOND)
    assert driver.whole(2 * SECOND).depth_known
    assert driver.node.counters.totals["time jumps"] == 1


def broken(driver, fault):
    depth, info = driver.depth_message(SECOND), driver.info_message(SECOND)
    if fault == "other size":
        depth.height = 240
        depth.data = depth.data[: len(depth.data) // 2]
    elif fault == "encoding":
        depth.encoding = "rgb8"
    elif fault == "bytes":
        depth.data = depth.data[:100]
    elif fault == "camera":
        info.k = np.zeros(9)
    else:
        info.width = 1280
    return depth, info


@pytest.mark.parametrize(
    "fault, named",
    [
        ("other size", "/depth/image_rect_raw: depth: is of 640 x 240 pixels"),
        ("encoding", "/depth/image_rect_raw: encoding: 'rgb8'"),
        ("bytes", "/depth/image_rect_raw: data: 100 bytes"),
        ("camera", "/camera_info: k: focal lengths must be positive"),
        ("camera size", "camera_info: is of 1280 x 480 pixels"),
    ],
)
def test_unusable_depth_is_reported_and_the_node_goes_on(start_driver, wait, fault, named):
    driver = start_driver()
    person = driver.show(SECOND, *broken(driver, fault))
    assert person.body_present and not person.depth_known
    assert driver.node.counters.totals["rejected"] == 1
    errors = wait(
        lambda: [
            status.message
            for report in driver.reports
            for status in report.status
            if status.level == DiagnosticStatus.ERROR
        ],
        "an error on /diagnostics",
    )
    assert named in errors[0]
    assert driver.whole(2 * SECOND).depth_known


def test_configure_fails_without_message_filters(graph, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "message_filters", None)
    node = graph.add(PoseExtraction(parameter_overrides=[Parameter("use_depth", value=True)]))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    log = capfd.readouterr().err
    assert "parameter use_depth" in log
    assert "apt install ros-jazzy-message-filters" in log
