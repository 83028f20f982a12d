"""Images in, keypoints out, over real topics and with the real MediaPipe."""

from __future__ import annotations

import array
import itertools

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data, qos_profile_system_default
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import image_to_message, keypoints_from_message, time_from_ns
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.sources.puppet import open_puppet

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000


@pytest.fixture
def keypoints(graph):
    """Return a list of all published keypoints."""
    return graph.probe.listen(msg.BodyHandKeypoints, "keypoints", RELIABLE)


def active(graph, **parameters):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = graph.add_active(PoseExtraction(parameter_overrides=overrides))
    graph.on_match(node, "/keypoints")
    return node


def image(person_image, stamp: float) -> Image:
    return image_to_message(person_image, round(stamp * SECOND), "camera")


@pytest.mark.parametrize(
    "qos",
    [SENSOR, qos_profile_sensor_data, qos_profile_system_default],
    ids=("best_effort", "sensor_data", "reliable"),
)
def test_image_of_any_driver_becomes_keypoints(graph, keypoints, person_image, wait, qos):
    active(graph)
    send = graph.probe.publisher(Image, "image_raw", qos)
    send(image(person_image, 7.25))
    wait(lambda: keypoints, "keypoints")
    frame = keypoints_from_message(keypoints[0])
    assert (frame.stamp_ns, frame.frame_id) == (7.25 * SECOND, "camera")
    assert (frame.width, frame.height) == (640, 480)
    assert [person.body_present for person in frame.people] == [True]


def test_region_and_frame_of_a_camera_are_parameters(graph, keypoints, person_image, wait):
    node = active(graph, roi=[640, 0, 640, 480], frame_id="door_camera")
    send = graph.probe.publisher(Image, "image_raw", SENSOR)
    send(image(np.hstack([person_image, person_image]), 7.25))
    wait(lambda: keypoints, "keypoints")
    frame = keypoints_from_message(keypoints[0])
    assert (frame.frame_id, frame.width) == ("door_camera", 1280)
    assert [person.body[:25, 0].min() > 640 for person in frame.people] == [True]
    # An image that is too small for the region is reported.
    send(image(person_image, 8.25))
    wait(lambda: node.counters.totals["rejected"] == 1, "the refusal")
    assert "roi: [640, 0, 640, 480] does not lie" in node.counters.report(0.0).last_problem


def test_max_people_are_found(graph, keypoints, wait):
    active(graph, max_people=2)
    send = graph.probe.publisher(Image, "image_raw", SENSOR)
    frames = list(itertools.islice(open_puppet("two_people", fps=10.0), 3))
    for number, frame in enumerate(frames, start=1):
        send(image(frame.image, frame.time + 1.0))
        wait(lambda number=number: len(keypoints) == number, "keypoints")
    names = [{person.track_id for person in message.people} for message in keypoints]
    assert len(names[0]) == 2
    assert names == [names[0]] * 3


@pytest.mark.parametrize("suffix", ["jpeg", "png"])
def test_compressed_image_becomes_keypoints(graph, keypoints, person_image, wait, suffix):
    active(graph, image_transport="compressed")
    send = graph.probe.publisher(CompressedImage, "image_raw/compressed", SENSOR)
    _, data = cv2.imencode(f".{suffix}", person_image[:, :, ::-1])
    message = CompressedImage(format=suffix)
    message.header.stamp = time_from_ns(SECOND)
    message.data = array.array("B", data.tobytes())
    send(message)
    wait(lambda: keypoints, "keypoints")
    assert keypoints[0].people[0].body_present


def broken(person_image, fault: str) -> Image:
    message = image(person_image, 1.0)
    if fault == "encoding":
        message.encoding = "8SC1"
    elif fault == "pixels":
        message.height = 0
    elif fault == "bytes":
        message.data = message.data[:1000]
    elif fault == "step":
        message.step = 3
    else:
        message.header.stamp = time_from_ns(0)
    return message


@pytest.mark.parametrize("fault", ["encoding", "pixels", "bytes", "step", "stamp"])
def test_bad_image_is_reported_and_the_node_goes_on(graph, keypoints, person_image, wait, fault):
    reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
    node = active(graph)
    send = graph.probe.publisher(Image, "image_raw", SENSOR)
    send(broken(person_image, fault))
    wait(lambda: node.counters.totals["rejected"] == 1, "the refusal")
    assert not keypoints

    errors = wait(
        lambda: [
            status
            for report in reports
            for status in report.status
            if status.level == DiagnosticStatus.ERROR
        ],
        "an error on /diagnostics",
    )
    assert errors[0].message.startswith("/image_raw: ")
    assert fault in errors[0].message

    send(image(person_image, 2.0))
    wait(lambda: keypoints, "keypoints of the good image")


def test_time_going_back_restarts_tracking(graph, keypoints, person_image, wait):
    node = active(graph)
    send = graph.probe.publisher(Image, "image_raw", SENSOR)
    for number, stamp in enumerate([100.0, 3.0, 3.1], start=1):
        send(image(person_image, stamp))
        wait(lambda number=number: len(keypoints) == number, "keypoints")
    assert node.counters.totals["time jumps"] == 1


def test_repeated_image_is_processed_once(graph, keypoints, person_image, wait):
    node = active(graph)
    send = graph.probe.publisher(Image, "image_raw", SENSOR)
    send(image(person_image, 1.0))
    wait(lambda: keypoints, "keypoints")
    send(image(person_image, 1.0))
    wait(lambda: node.counters.totals.get("duplicates") == 1, "the repetition")
    send(image(person_image, 2.0))
    wait(lambda: len(keypoints) == 2, "keypoints of the next image")


def test_deactivated_node_takes_no_images_and_can_be_activated_again(
    graph, keypoints, person_image, wait
):
    node = active(graph)
    assert graph.call(node.trigger_deactivate) is TransitionCallbackReturn.SUCCESS
    wait(lambda: graph.probe.count_subscribers("image_raw") == 0, "the end of the subscription")
    assert graph.call(node.trigger_activate) is TransitionCallbackReturn.SUCCESS
    # A stamp older than those before the deactivation is no time jump.
    graph.probe.publisher(Image, "image_raw", SENSOR)(image(person_image, 1.0))
    wait(lambda: keypoints, "keypoints")
    assert "time jumps" not in node.counters.totals


def test_cleaned_up_node_can_be_configured_again(graph, keypoints):
    node = active(graph)
    for transition in (
        node.trigger_deactivate,
        node.trigger_cleanup,
        node.trigger_configure,
        node.trigger_activate,
    ):
        assert graph.call(transition) is TransitionCallbackReturn.SUCCESS


@pytest.mark.parametrize(
    "parameters, named",
    [
        ({"image_transport": "theora"}, "image_transport"),
        ({"engine": "holistic"}, "parameter engine: 'holistic' is not one of auto, mediapipe"),
        ({"model_complexity": 2}, "complexity"),
    ],
)
def test_configure_fails_with_an_unusable_parameter(graph, capfd, parameters, named):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = graph.add(PoseExtraction(parameter_overrides=overrides))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert node.state == "unconfigured"
    assert named in capfd.readouterr().err
