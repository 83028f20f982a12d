"""Keypoints in, scores out, over real topics."""

from __future__ import annotations

import dataclasses
import pickle
import shutil

import numpy as np
import pytest
import torch
from bundles import embedding_bundle, make_bundle
from diagnostic_msgs.msg import DiagnosticArray
from moving_clips import moving_clip
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from bharnet_ros import msg
from bharnet_ros.gestures.gesture_set import GestureSet, write_gesture_set
from bharnet_ros.nodes.conversions import (
    event_model_from_message,
    keypoints_to_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.recognition.weights import load_network, write_bundle
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000


def frame(stamp: float, people: int = 1) -> FrameKeypoints:
    """Return people whose joints all depend on the time."""
    rng = np.random.default_rng(round(stamp * 1000))
    return FrameKeypoints(
        round(stamp * SECOND),
        640,
        480,
        tuple(
            PersonKeypoints(
                f"body_{index}",
                body=np.column_stack([rng.uniform(100, 400, (33, 3)), np.ones(33)]).astype("f4"),
                hands=rng.uniform(100, 400, (2, 21, 3)).astype("f4"),
                hand_scores=np.ones(2, dtype="f4"),
            )
            for index in range(people)
        ),
        "camera",
    )


def node_with(bundle, **parameters) -> Recognition:
    values = {"model": str(bundle), "device": "cpu", **parameters}
    return Recognition(
        parameter_overrides=[Parameter(name, value=value) for name, value in values.items()]
    )


@pytest.fixture
def start_driver(graph, tiny_bundle, wait):
    """Return a class: an active node, the scores it published, and `send` for one frame."""

    class Driver:
        def __init__(self, bundle=tiny_bundle, **parameters):
            self.graph = graph
            self.scores = graph.probe.listen(msg.ActionScores, "action_scores", RELIABLE)
            self.node = graph.add_active(node_with(bundle, **parameters))
            graph.on_match(self.node, "/action_scores")
            self._send = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
            self._sent = 0

        def send(self, one: FrameKeypoints) -> None:
            self._send(keypoints_to_message(one))
            self._sent += 1
            wait(lambda: self.node.counters.totals["received"] == self._sent, "the keypoints")
            wait(lambda: self.node.last_input_ns == one.stamp_ns, "the windows")
            wait(lambda: self.node.idle, "the inference")

    return Driver


def test_scores_over_topics_are_those_of_the_core(start_driver, tiny_bundle, wait):
    driver = start_driver()
    # The node sets the number for its own threads only.
    torch.set_num_threads(1)
    stream = SlidingRecognizer(Recognizer(load_bundle(tiny_bundle), "cpu"))
    expected = []
    for step in range(45):
        one = frame(10 + step / 30, people=1 + step % 2)
        driver.send(one)
        scores = stream.update(one)
        if scores is not None:
            expected.append(scores)
    wait(lambda: len(driver.scores) == len(expected), "all scores")

    assert any(scores.tracks for scores in expected)
    for message, scores in zip(driver.scores, expected, strict=True):
        published = scores_from_message(message, 3)
        assert (published.stamp_ns, published.frame_id) == (scores.stamp_ns, "camera")
        assert (published.model_name, len(published.tracks)) == ("tiny", len(scores.tracks))
        for one, other in zip(published.tracks, scores.tracks, strict=True):
            assert (one.track_id, one.window_start_ns) == (other.track_id, other.window_start_ns)
            np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)


def test_every_frame_of_a_burst_goes_into_the_window(start_driver, graph, wait):
    driver = start_driver()
    publish = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    for step in range(10):
        publish(keypoints_to_message(frame(10 + step / 10)))
    wait(lambda: driver.node.counters.totals["received"] == 10, "every frame")
    wait(lambda: driver.node.idle, "the inference")
    totals = driver.node.counters.totals
    assert totals["published"] + totals["dropped"] == 10
    newest = wait(
        lambda: [s for s in driver.scores if time_to_ns(s.header.stamp) == 10.9 * SECOND], "scores"
    )
    assert time_to_ns(newest[0].tracks[0].window_start) == 10 * SECOND


def test_nan_keypoints_and_empty_frames_are_accepted(start_driver, wait):
    driver = start_driver()
    for step in range(30):
        driver.send(
            FrameKeypoints(SECOND + step * SECOND // 10, 640, 480, (PersonKeypoints("body_1"),))
        )
    driver.send(FrameKeypoints(5 * SECOND, 640, 480))
    wait(lambda: len(driver.scores) == 31, "scores")
    assert driver.node.counters.totals["rejected"] == 0


def test_time_going_back_empties_the_windows(start_driver, wait):
    driver = start_driver()
    for step in range(20):
        driver.send(frame(100 + step / 10))
    driver.send(frame(3.0))
    wait(lambda: time_to_ns(driver.scores[-1].header.stamp) == 3 * SECOND, "scores after the jump")
    assert len(driver.scores[-2].tracks) == 1
    assert len(driver.scores[-1].tracks) == 0
    assert driver.node.counters.totals["time jumps"] == 1


def test_repeated_frame_is_taken_once(start_driver, wait):
    driver = start_driver()
    for stamp in (1.0, 1.0, 2.0):
        driver.send(frame(stamp))
    wait(lambda: len(driver.scores) == 2, "scores")
    assert driver.node.counters.totals["duplicates"] == 1


def test_late_subscriber_gets_the_model_info(start_driver, graph, tiny_bundle, wait):
    start_driver(window_s=2.0)
    infos = graph.probe.listen(msg.ModelInfo, "model_info", LATCHED)
    wait(lambda: infos, "the latched model information")
    info, description = infos[0], load_bundle(tiny_bundle).description
    assert (info.name, info.variant, info.device) == ("tiny", "base", "cpu")
    assert tuple(info.class_names) == description.class_names
    assert info.class_names[info.background_id] == "background"
    assert (info.window, info.stride, info.frames) == (2.0, 0.1, 8)
    assert (info.body_layout, info.hand_layout) == (
        description.body_layout,
        description.hand_layout,
    )
    assert info.enter_threshold == pytest.approx(description.enter_threshold)
    assert len(info.weights_sha256) == 64


def test_model_info_carries_the_event_parameters_of_the_bundle(graph, tiny_bundle, tmp_path, wait):
    bundle = load_bundle(tiny_bundle)
    own = {"point": {"enter_threshold": 0.1 + 0.2, "exit_threshold": 0.3}}
    description = dataclasses.replace(
        bundle.description, enter_threshold=0.65, class_parameters=own
    )
    write_bundle(tmp_path / "model", description, load_network(bundle).state_dict(), "# card\n")
    graph.add_active(node_with(tmp_path / "model"))
    infos = graph.probe.listen(msg.ModelInfo, "model_info", LATCHED)
    wait(lambda: infos, "the latched model information")
    assert event_model_from_message(infos[0]) == description.event_model()


def test_diagnostics_report_state_device_rates_and_latency(start_driver, graph, wait):
    reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
    driver = start_driver()
    now = driver.node.get_clock().now().nanoseconds / SECOND
    for step in range(15):
        driver.send(frame(now + step / 10))

    def values():
        for report in reports:
            for status in report.status:
                found = {value.key: value.value for value in status.values}
                if status.name.startswith("/recognition") and found["received"] == "15":
                    return found
        return None

    found = wait(values, "diagnostics of the recognition node")
    assert (found["state"], found["device"], found["model"]) == ("active", "cpu", "tiny")
    assert (found["received"], found["dropped"], found["rejected"]) == ("15", "0", "0")
    for name in ("input rate (Hz)", "output rate (Hz)", "latency p50 (ms)", "latency p99 (ms)"):
        assert np.isfinite(float(found[name]))


def test_model_of_bodies_in_metres_warns_without_camera_coordinates(
    start_driver, graph, wait, tmp_path, capfd
):
    reports = graph.probe.listen(DiagnosticArray, "/diagnostics", RELIABLE)
    bundle = make_bundle(tmp_path / "metric", body_layout="mediapipe_upper_body_metric")
    driver = start_driver(bundle, stride_s=0.0)
    for step in range(12):
        driver.send(frame(1 + step / 10))
    wait(lambda: len(driver.scores) == 12, "all scores")
    (track,) = driver.scores[-1].tracks
    assert track.body_reliability == 0.0 and track.hand_reliability == 1.0
    assert driver.node.counters.totals["without depth"] == 12

    def warned():
        return [
            status.level
            for report in reports
            for status in report.status
            if "no camera coordinates" in status.message
        ]

    assert wait(warned, "a warning in the diagnostics")[0] == b"\x01"
    assert capfd.readouterr().err.count("pose_extraction needs use_depth") == 1

    (person,) = frame(2.5).people
    placed = dataclasses.replace(person, body_camera=person.body[:, :3] / 100)
    driver.send(FrameKeypoints(2_500_000_000, 640, 480, (placed,), "camera"))
    assert not driver.node.warning()


@pytest.mark.parametrize("fault", ["missing", "truncated", "pickle", "layout", "description"])
def test_configure_fails_with_an_unusable_model(graph, capfd, tmp_path, tiny_bundle, fault):
    folder = tmp_path / "model"
    weights, description = folder / "weights.safetensors", folder / "model.json"
    named = weights
    if fault == "missing":
        named = folder
    else:
        shutil.copytree(tiny_bundle, folder)
        if fault == "truncated":
            weights.write_bytes(weights.read_bytes()[:100])
        elif fault == "pickle":
            weights.write_bytes(pickle.dumps({"weights": [1.0]}))
        elif fault == "layout":
            text = description.read_text()
            description.write_text(text.replace("mediapipe_hand", "some_other_hand"))
            named = description
        else:
            description.write_text("{")
            named = description

    node = graph.add(node_with(folder))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert node.state == "unconfigured"
    log = capfd.readouterr().err
    assert "parameter model" in log
    assert str(named) in log
    # The node can still be configured with a usable model.
    graph.call(lambda: node.set_parameters([Parameter("model", value=str(tiny_bundle))]), node)
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.SUCCESS


@pytest.mark.parametrize(
    "parameters, named", [({"device": "abacus"}, "device"), ({"track_timeout_s": 0.0}, "timeout")]
)
def test_configure_fails_with_an_unusable_parameter(graph, capfd, tiny_bundle, parameters, named):
    node = graph.add(node_with(tiny_bundle, **parameters))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert named in capfd.readouterr().err


def test_taught_gestures_are_scored_beside_those_of_the_model(start_driver, graph, tmp_path, wait):
    model = embedding_bundle(tmp_path / "model")
    gestures = GestureSet({"raise": (moving_clip("up"), moving_clip("up", seed=1))})
    write_gesture_set(tmp_path / "mine", gestures)
    driver = start_driver(model, gestures=str(tmp_path / "mine"), keep_classes="wave")
    infos = graph.probe.listen(msg.ModelInfo, "model_info", LATCHED)
    info = wait(lambda: infos and infos[-1], "model info")
    assert list(info.class_names) == ["wave", "raise", "background"]
    assert info.background_id == 2
    assert info.name == f"tiny[wave]+mine@{gestures.revision}"
    assert any(one.startswith("raise.support_share=") for one in info.class_parameters)
    for number in range(12):
        driver.send(frame(1 + number / 10))
    message = wait(lambda: driver.scores and driver.scores[-1], "scores")
    assert message.model_name == info.name
    (track,) = message.tracks
    assert len(track.probabilities) == 3
    assert sum(track.probabilities) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gestures": "missing"}, "parameter gestures: missing: no such folder; make an"),
        ({"keep_classes": "wave,jump"}, "parameter keep_classes: class 'jump': is not one of"),
        ({"keep_classes": "none"}, "parameter keep_classes: classes: none of the model is kept"),
    ],
)
def test_classes_that_cannot_be_had_are_refused_by_name(
    graph, tiny_bundle, parameters, message, capfd
):
    node = graph.add(node_with(tiny_bundle, **parameters))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert message in capfd.readouterr().err
