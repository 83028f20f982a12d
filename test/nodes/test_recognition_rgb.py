"""Images beside keypoints: matched by the real message_filters, if it is installed."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest
import torch
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import (
    compressed_image_to_message,
    image_to_message,
    keypoints_to_message,
    scores_from_message,
)
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.pipeline.crops import make_rgb_feed
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.sources.puppet import open_puppet

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000
SIZE = {"width": 160, "height": 120, "fps": 10.0}


@pytest.fixture(scope="module")
def shown():
    """Return two seconds of the puppet holding a cup: keypoints and images."""
    puppet = open_puppet("holding_cup", **SIZE)
    return [
        (dataclasses.replace(one.truth, stamp_ns=one.truth.stamp_ns + SECOND), one.image)
        for one in (puppet.frame(number) for number in range(20))
    ]


def node_with(bundle, **parameters) -> Recognition:
    values = {"model": str(bundle), "device": "cpu", "stride_s": 0.1, **parameters}
    return Recognition(
        parameter_overrides=[Parameter(name, value=value) for name, value in values.items()]
    )


def core_scores(bundle, frames, images):
    """Return the probabilities without ROS for each frame; `images` says which have images."""
    loaded = load_bundle(bundle)
    torch.set_num_threads(1)
    stream = SlidingRecognizer(Recognizer(loaded, "cpu"), stride_s=0.1)
    feed = make_rgb_feed(loaded.description, stream.window_s, wanted=True)
    found = []
    for (frame, image), given in zip(frames, images, strict=True):
        crops = feed.cut(image, frame) if given and feed.due(frame.stamp_ns) else None
        scores = stream.update(frame, crops)
        found.append([track.probabilities for track in scores.tracks])
    return found


@pytest.fixture
def start_driver(graph, rgb_bundle, wait):
    """Return a class: an active node with `use_rgb`, its scores, and `show` for one frame."""
    pytest.importorskip(
        "message_filters", reason="needs message_filters, which a ROS distribution has"
    )

    class Driver:
        def __init__(self, **parameters):
            self.scores = graph.probe.listen(msg.ActionScores, "action_scores", RELIABLE)
            self.node = graph.add_active(node_with(rgb_bundle, use_rgb=True, **parameters))
            graph.on_match(self.node, "/action_scores")
            compressed = parameters.get("image_transport") == "compressed"
            topic = "image_raw/compressed" if compressed else "image_raw"
            kind = CompressedImage if compressed else Image
            self._keypoints = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
            self._images = graph.probe.publisher(kind, topic, SENSOR)
            self._compressed = compressed
            self._sent = self._pairs = 0

        def image(self, image, stamp_ns):
            if self._compressed:
                return compressed_image_to_message(image, stamp_ns, "camera", compression="png")
            return image_to_message(image, stamp_ns, "camera")

        def show(self, frame, image=None, *, image_first=True, shift_ns=0):
            """Send a frame and its image, in either order, and wait for the node."""
            steps = [lambda: self._keypoints(keypoints_to_message(frame))]
            self._sent += 1
            if image is not None:
                self._pairs += 1
                message = self.image(image, frame.stamp_ns + shift_ns)
                steps.insert(0 if image_first else 1, lambda: self._images(message))
            for number, step in enumerate(steps):
                step()
                if image is not None and image_first and number == 0:
                    # Topics are not ordered among themselves; only the queue shows the arrival.
                    wait(self.image_waits, "the image")
                elif image is not None and not image_first and number == 0:
                    wait(lambda: self.node.last_input_ns == frame.stamp_ns, "the windows")
            wait(lambda: self.node.last_input_ns == frame.stamp_ns, "the windows")
            if image is not None:
                wait(lambda: self.node.counters.totals.get("images", 0) == self._pairs, "the pair")
            wait(lambda: self.node.idle, "the inference")

        def image_waits(self):
            return self.node._synchronised._synchroniser.queues[0]

        def probabilities(self, count):
            wait(lambda: len(self.scores) == count, "all scores")
            return [
                [track.probabilities for track in scores_from_message(one, 3).tracks]
                for one in self.scores
            ]

    return Driver


def assert_alike(found, expected):
    assert any(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(other), atol=1e-5)


@pytest.mark.parametrize("transport", ["raw", "compressed"])
def test_scores_with_images_are_those_of_the_core(start_driver, rgb_bundle, shown, transport):
    driver = start_driver(image_transport=transport)
    for frame, image in shown:
        driver.show(frame, image, shift_ns=5_000_000)
    found = driver.probabilities(len(shown))
    assert_alike(found, core_scores(rgb_bundle, shown, [True] * len(shown)))
    blind = core_scores(rgb_bundle, shown, [False] * len(shown))
    assert not np.allclose(found[-1], blind[-1], atol=1e-3)


def test_image_after_its_keypoints_counts_from_the_next_window_on(start_driver, rgb_bundle, shown):
    driver = start_driver()
    for frame, image in shown:
        driver.show(frame, image, image_first=False)
    found = driver.probabilities(len(shown))
    blind = core_scores(rgb_bundle, shown, [False] * len(shown))
    assert not np.allclose(found[-1], blind[-1], atol=1e-3)


def test_recognition_goes_on_with_the_skeleton_when_images_stop(
    start_driver, rgb_bundle, shown, graph, wait, capfd
):
    driver = start_driver()
    reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
    given = [number < 5 for number in range(len(shown))]
    for (frame, image), there in zip(shown, given, strict=True):
        driver.show(frame, image if there else None)
    assert_alike(driver.probabilities(len(shown)), core_scores(rgb_bundle, shown, given))

    def warned():
        return [
            status
            for report in reports
            for status in report.status
            if status.name.startswith("/recognition") and "no images arrive" in status.message
        ]

    status = wait(warned, "a warning in the diagnostics")[0]
    assert status.level == b"\x01"
    assert {value.key: value.value for value in status.values}["rgb"].startswith("no images")
    assert capfd.readouterr().err.count("recognition goes on with the skeleton alone") == 1


def test_images_are_matched_after_time_went_back(start_driver, shown, wait):
    driver = start_driver()
    # More images without keypoints than fit into the queue, all later than the next ones.
    for number in range(12):
        driver._images(driver.image(shown[0][1], 100 * SECOND + number))
        wait(lambda stamp=100 * SECOND + number: stamp in driver.image_waits(), "the image")
    (late, _), (first, _), *rest = shown
    driver.show(dataclasses.replace(late, stamp_ns=102 * SECOND))
    driver.show(first)
    for frame, image in rest[:3]:
        driver.show(frame, image)
    assert driver.node.counters.totals["images"] == 3


def test_image_of_another_size_is_rejected_and_nothing_else_is_lost(
    start_driver, rgb_bundle, shown
):
    driver = start_driver()
    for frame, image in shown:
        driver.show(frame, image[::2])
    assert driver.node.counters.totals["rejected"] > 0
    assert_alike(
        driver.probabilities(len(shown)), core_scores(rgb_bundle, shown, [False] * len(shown))
    )


def test_configure_fails_with_use_rgb_and_a_model_without_rgb(graph, capfd, tiny_bundle):
    pytest.importorskip("message_filters", reason="needs message_filters")
    node = graph.add(node_with(tiny_bundle, use_rgb=True))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert "parameter use_rgb: model tiny has no stream 'rgb'" in capfd.readouterr().err


def test_configure_without_message_filters_names_what_to_install(
    graph, capfd, rgb_bundle, monkeypatch
):
    # A module that is None in sys.modules cannot be imported.
    monkeypatch.setitem(sys.modules, "message_filters", None)
    node = graph.add(node_with(rgb_bundle, use_rgb=True))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert "apt install ros-jazzy-message-filters" in capfd.readouterr().err


def test_model_with_rgb_uses_no_images_without_use_rgb(graph, rgb_bundle, shown, wait):
    scores = graph.probe.listen(msg.ActionScores, "action_scores", RELIABLE)
    node = graph.add_active(node_with(rgb_bundle))
    graph.on_match(node, "/action_scores")
    send = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    for frame, _ in shown:
        send(keypoints_to_message(frame))
        wait(lambda stamp=frame.stamp_ns: node.last_input_ns == stamp, "the windows")
        wait(lambda: node.idle, "the inference")
    wait(lambda: len(scores) == len(shown), "all scores")
    found = [[t.probabilities for t in scores_from_message(one, 3).tracks] for one in scores]
    assert_alike(found, core_scores(rgb_bundle, shown, [False] * len(shown)))
