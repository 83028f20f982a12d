"""Model, gestures and times that are set on active nodes, and what subscribers get."""

from __future__ import annotations

import shutil
import threading
from itertools import islice, pairwise

import pytest
from bundles import embedding_bundle, make_bundle
from moving_clips import moving_clip, performance
from rcl_interfaces.srv import GetParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from bharnet_ros import msg
from bharnet_ros.gestures.gesture_set import GestureSet, write_gesture_set
from bharnet_ros.nodes import recognition as recognition_module
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import keypoints_to_message, time_to_ns
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.srv import Teach

pytestmark = pytest.mark.ros

NODE = "recognition"


class Robot:
    """Active nodes from keypoints to events, and what they publish."""

    def __init__(self, graph, wait, model, **parameters):
        self.graph, self.wait = graph, wait
        self.events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
        self.infos = graph.probe.listen(msg.ModelInfo, "/model_info", LATCHED)
        self.scores = graph.probe.listen(msg.ActionScores, "/action_scores", RELIABLE)
        self.publisher = graph.add_active(ActionEventPublisher())
        values = {"model": str(model), "device": "cpu", **parameters}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        self.node = graph.add_active(Recognition(parameter_overrides=overrides))
        graph.on_match(self.node, "/action_scores")
        wait(lambda: self.infos, "the model information")
        self._send = graph.probe.publisher(msg.BodyHandKeypoints, "/keypoints", RELIABLE)
        self._frames = performance(*["up"] * 20)

    def show(self, seconds=1.0):
        """Show the person for some time; return when all is scored and decided."""
        for frame in islice(self._frames, round(seconds * 20)):
            self._send(keypoints_to_message(frame))
            stamp = frame.stamp_ns
            self.wait(lambda stamp=stamp: self.node.last_input_ns == stamp, "the keypoints")
            self.wait(lambda: self.node.idle, "the scores")
        self.settle()

    def settle(self):
        sent = self.node.counters.totals["published"]
        self.wait(lambda: len(self.scores) == sent, "the scores")
        taken = lambda: self.publisher.counters.totals["received"]  # noqa: E731
        self.wait(lambda: taken() == sent, "the event publisher")
        told = self.publisher.counters.totals["published"]
        self.wait(lambda: len(self.events) == told, "the events")

    def wait_for_model(self, name):
        self.wait(lambda: self.infos[-1].name == name, "the model information")
        self.wait(lambda: self.publisher.describe()["model"] == name, "the event publisher")

    def strides(self):
        stamps = [time_to_ns(one.header.stamp) for one in self.scores]
        return [(b - a) / 1e9 for a, b in pairwise(stamps)]


@pytest.fixture
def start(graph, wait):
    """Return a function that starts a robot with a model and parameters."""
    return lambda model, **parameters: Robot(graph, wait, model, **parameters)


@pytest.fixture
def gestures(tmp_path):
    """Return a function that writes a gesture set and returns its folder as a parameter."""

    def write(name, *directions):
        known = GestureSet()
        for direction in directions:
            known = known.with_examples(direction, [moving_clip(direction)])
        (tmp_path / name).mkdir()
        write_gesture_set(tmp_path / name, known)
        return str(tmp_path / name)

    return write


def test_a_stride_that_is_set_holds_from_the_next_one_on(start, set_parameters, eager_bundle):
    robot = start(eager_bundle)
    robot.show(1.5)
    assert set_parameters(NODE, stride_s=1, track_timeout_s=2).successful
    before = len(robot.scores)
    robot.show(3.0)
    assert robot.strides()[before:] == pytest.approx([1.0, 1.0], abs=0.06)
    assert set_parameters(NODE, stride_s=0.2).successful
    before = len(robot.scores)
    robot.show(1.0)
    assert robot.strides()[before:] == pytest.approx([0.2] * 4, abs=0.06)
    robot.wait(lambda: robot.infos[-1].stride == pytest.approx(0.2), "the model information")
    # Neither the open event nor the person is lost.
    assert [event.reason for event in robot.events] == [""]
    assert all(one.tracks for one in robot.scores[before:])


def test_another_model_is_swapped_in_between_two_windows(
    start, set_parameters, eager_bundle, tmp_path
):
    robot = start(eager_bundle)
    robot.show(1.5)
    other = make_bundle(tmp_path / "other", name="other", class_names=("nod", "background"))
    assert set_parameters(NODE, model=str(other)).successful
    robot.wait_for_model("other")
    robot.wait(lambda: len(robot.events) == 2, "the OFFSET")
    onset, offset = robot.events
    assert (offset.phase, offset.label, offset.reason) == (offset.OFFSET, "wave", "replaced")
    assert offset.event_id == onset.event_id
    before = len(robot.scores)
    robot.show(0.5)
    # The windows still hold the frames of before.
    for one in robot.scores[before:]:
        assert one.model_name == "other" and len(one.tracks[0].probabilities) == 2
    assert robot.strides()[before - 1] == pytest.approx(0.1, abs=0.06)
    assert robot.publisher.counters.totals["rejected"] == 0
    assert set_parameters(NODE, model=str(eager_bundle)).successful
    robot.wait_for_model("tiny")
    robot.show(0.6)
    assert robot.events[-1].phase == onset.ONSET and robot.events[-1].label == "wave"


@pytest.mark.parametrize("fault", ["missing", "truncated"])
def test_a_model_that_cannot_be_loaded_leaves_the_old_one_at_work(
    start, set_parameters, ask, eager_bundle, tmp_path, fault
):
    robot = start(eager_bundle)
    robot.show(1.5)
    folder = tmp_path / "broken"
    named = folder
    if fault == "truncated":
        shutil.copytree(eager_bundle, folder)
        named = folder / "weights.safetensors"
        named.write_bytes(named.read_bytes()[:100])
    result = set_parameters(NODE, model=str(folder))
    assert not result.successful
    assert str(named) in result.reason and "\n" not in result.reason
    (value,) = ask(GetParameters, f"{NODE}/get_parameters", names=["model"]).values
    assert value.string_value == str(eager_bundle)
    robot.show(0.5)
    assert [event.reason for event in robot.events] == [""]
    assert robot.scores[-1].model_name == "tiny" and len(robot.infos) == 1


def test_windows_are_scored_while_a_model_is_loaded(
    start, set_parameters, eager_bundle, tiny_bundle, monkeypatch
):
    robot = start(eager_bundle)
    may_load, open_recognition = threading.Event(), recognition_module.open_recognition

    def slow(parameters):
        assert may_load.wait(60)
        return open_recognition(parameters)

    monkeypatch.setattr(recognition_module, "open_recognition", slow)
    answer = set_parameters.start(NODE, model=str(tiny_bundle))
    robot.show(1.5)
    assert robot.strides() == pytest.approx([0.1] * 14, abs=0.06)
    assert [event.label for event in robot.events] == ["wave"] and not answer.done()
    may_load.set()
    robot.wait(answer.done, "the answer")
    assert answer.result().result.successful
    robot.wait(lambda: len(robot.events) == 2, "the OFFSET")
    assert robot.events[1].reason == "replaced"


def test_gestures_come_and_go_and_open_events_stay(
    start, set_parameters, eager_bundle, gestures, tmp_path
):
    model = embedding_bundle(tmp_path / "model")
    robot = start(model)
    assert set_parameters(NODE, gestures=gestures("mine", "up")).successful
    robot.wait(lambda: "mine@" in robot.publisher.describe()["model"], "the event publisher")
    assert list(robot.infos[-1].class_names) == ["wave", "point", "up", "background"]
    robot.show(1.0)
    assert len(robot.scores[-1].tracks[0].probabilities) == 4
    assert set_parameters(NODE, keep_classes="none").successful
    robot.wait(lambda: len(robot.infos[-1].class_names) == 2, "the classes")
    result = set_parameters(NODE, gestures="")
    assert not result.successful and "parameter keep_classes" in result.reason
    assert set_parameters(NODE, gestures="", keep_classes="point").successful
    robot.wait_for_model("tiny[point]")
    assert list(robot.infos[-1].class_names) == ["point", "background"]
    robot.show(0.5)
    assert robot.publisher.counters.totals["rejected"] == 0


def test_an_event_goes_on_when_its_class_is_kept(start, set_parameters, eager_bundle):
    robot = start(eager_bundle)
    robot.show(1.5)
    assert set_parameters(NODE, keep_classes="wave").successful
    robot.wait_for_model("tiny[wave]")
    robot.show(0.5)
    assert [event.reason for event in robot.events] == [""]
    assert set_parameters(NODE, keep_classes="point").successful
    robot.wait(lambda: len(robot.events) == 2, "the OFFSET")
    assert robot.events[1].reason == "source_lost"


def test_gestures_are_taught_anew_for_another_model(start, set_parameters, gestures, tmp_path):
    folder = gestures("mine", "up", "aside")
    robot = start(embedding_bundle(tmp_path / "one"), gestures=folder)
    other = embedding_bundle(tmp_path / "two", fold=1)
    assert set_parameters(NODE, model=str(other)).successful
    robot.wait(lambda: len(robot.infos) == 2, "the model information")
    assert robot.infos[0].weights_sha256 != robot.infos[1].weights_sha256
    assert list(robot.infos[1].class_names) == ["wave", "point", "up", "aside", "background"]
    result = set_parameters(NODE, model="gestures_light")
    assert result.successful, result.reason


def test_during_a_lesson_gestures_do_not_change(start, set_parameters, ask, gestures, tmp_path):
    robot = start(embedding_bundle(tmp_path / "model"), gestures=gestures("mine", "up"))
    assert ask(Teach, f"{NODE}/teach", label="clap").success
    result = set_parameters(NODE, gestures="")
    assert (result.successful, result.reason) == (
        False,
        "gesture 'clap': is being taught; end that first",
    )
    ask(Trigger, f"{NODE}/stop_teaching")
    assert set_parameters(NODE, gestures=gestures("others", "aside")).successful
    assert ask(Teach, f"{NODE}/teach", label="clap").success
    robot.graph.call(robot.node.trigger_deactivate)


def test_nothing_is_taught_while_gestures_change_whatever_the_state(
    start, set_parameters, ask, gestures, tmp_path, monkeypatch
):
    robot = start(embedding_bundle(tmp_path / "model"), gestures=gestures("mine", "up"))
    loading, may_load = threading.Event(), threading.Event()
    open_recognition = recognition_module.open_recognition

    def slow(parameters):
        loading.set()
        assert may_load.wait(60)
        return open_recognition(parameters)

    monkeypatch.setattr(recognition_module, "open_recognition", slow)
    answer = set_parameters.start(NODE, gestures=gestures("others", "aside"))
    robot.wait(loading.is_set, "the change")
    for transition in (robot.node.trigger_deactivate, robot.node.trigger_activate):
        robot.graph.call(transition)
    assert "try again" in ask(Teach, f"{NODE}/teach", label="clap").message
    may_load.set()
    robot.wait(answer.done, "the answer")
    assert answer.result().result.successful
    assert ask(Teach, f"{NODE}/teach", label="clap").success
    robot.graph.call(robot.node.trigger_deactivate)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"use_rgb": True}, "parameter use_rgb: cannot change while the node is active"),
        ({"sync_queue": 3, "stride_s": 0.5}, "parameter sync_queue: cannot change while"),
        ({"keep_classes": "jump"}, "parameter keep_classes: class 'jump': is not one of model tin"),
        ({"device": "abacus"}, "abacus"),
        ({"track_timeout_s": 0.0}, "parameter track_timeout_s: must be positive"),
        ({"stride_s": "long"}, "parameter stride_s: expected a number, got 'long'"),
        ({"gestures": "/nowhere"}, "parameter gestures: "),
    ],
)
def test_what_cannot_change_is_refused_with_the_reason(
    start, set_parameters, tiny_bundle, values, reason
):
    robot = start(tiny_bundle)
    result = set_parameters(NODE, **values)
    assert not result.successful
    assert reason in result.reason and "\n" not in result.reason
    robot.show(1.0)
    assert robot.strides() == pytest.approx([0.1] * 9, abs=0.06)


def test_what_is_set_while_inactive_counts_after_activation(
    start, set_parameters, tiny_bundle, eager_bundle
):
    robot = start(tiny_bundle)
    robot.graph.call(robot.node.trigger_deactivate)
    assert set_parameters(NODE, model=str(eager_bundle), stride_s=0.2, sync_queue=3).successful
    assert robot.graph.call(robot.node.trigger_activate) is TransitionCallbackReturn.SUCCESS
    robot.graph.on_match(robot.node, "/action_scores")
    robot.wait(lambda: len(robot.infos) == 2, "the model information")
    robot.show(2.0)
    assert robot.strides() == pytest.approx([0.2] * 9, abs=0.06)
    assert [event.label for event in robot.events] == ["wave"]
