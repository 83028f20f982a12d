"""Gestures taught to running nodes by services."""

from __future__ import annotations

import pytest
from bundles import embedding_bundle
from moving_clips import performance
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from bharnet_ros import msg
from bharnet_ros.gestures.gesture_set import read_gesture_set
from bharnet_ros.gestures.progress import TeachingState
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import keypoints_to_message, time_from_ns
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.srv import (
    CheckGestures,
    Forget,
    GetExample,
    ListGestures,
    RemoveExample,
    RenameGesture,
    Teach,
    TeachFromWindow,
    TeachMoment,
)

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000


class Robot:
    """Active nodes that learn, what they publish, and clients of their services."""

    def __init__(self, graph, wait, model, gestures):
        self.graph, self.wait = graph, wait
        listen = graph.probe.listen
        self.progress = listen(msg.TeachingProgress, "/recognition/teaching", LATCHED)
        self.infos = listen(msg.ModelInfo, "/model_info", LATCHED)
        self.scores = listen(msg.ActionScores, "/action_scores", RELIABLE)
        self.publisher = graph.add_active(ActionEventPublisher())
        values = {"model": str(model), "device": "cpu", "gestures": str(gestures)}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        self.recognition = graph.add_active(Recognition(parameter_overrides=overrides))
        graph.on_match(self.recognition, "/action_scores")
        self._send = graph.probe.publisher(msg.BodyHandKeypoints, "/keypoints", RELIABLE)

    def ask(self, service, name, **request):
        """Call a service of the recognition node and return its answer."""
        client = self.graph.probe.create_client(service, f"/recognition/{name}")
        assert client.wait_for_service(timeout_sec=30)
        future = client.call_async(service.Request(**request))
        self.wait(future.done, f"the answer of {name}")
        return future.result()

    def show(self, frames):
        """Send frames, each when the one before has been scored."""
        for frame in frames:
            self._send(keypoints_to_message(frame))
            stamp = frame.stamp_ns
            self.wait(lambda stamp=stamp: self.recognition.last_input_ns == stamp, "the keypoints")
            self.wait(lambda: self.recognition.idle, "the scores")

    def classes(self):
        return list(self.infos[-1].class_names) if self.infos else []


@pytest.fixture
def robot(graph, wait, tmp_path) -> Robot:
    (tmp_path / "mine").mkdir()
    return Robot(graph, wait, embedding_bundle(tmp_path / "model"), tmp_path / "mine")


def test_a_taught_gesture_is_a_class_of_all_nodes(robot, wait, tmp_path):
    answer = robot.ask(
        Teach, "teach", label="raise", examples=1, track_id="body_1", either_hand=True
    )
    assert (answer.success, answer.message) == (True, "raise: the lesson begins")
    robot.show(performance("up"))
    known = ["wave", "point", "raise", "background"]
    wait(lambda: robot.classes() == known, "the classes")
    wait(lambda: robot.progress[-1].state == msg.TeachingProgress.LEARNED, "the progress")
    states = [TeachingState(one.state).name for one in robot.progress]
    assert states == ["REST", "SHOW_NOW", "MOVING", "TAKEN", "LEARNED"]
    assert {(one.label, one.track_id, one.wanted) for one in robot.progress} == {
        ("raise", "body_1", 1)
    }
    wait(lambda: "mine@" in robot.publisher.describe()["model"], "the event publisher")
    robot.show(performance("up", start_s=110.0))
    wait(lambda: robot.scores[-1].model_name == robot.infos[-1].name, "scores of these classes")
    assert len(robot.scores[-1].tracks[0].probabilities) == 4
    assert robot.publisher.counters.totals["rejected"] == 0
    assert read_gesture_set(tmp_path / "mine").either_hand == {"raise"}
    listed = robot.ask(ListGestures, "list_gestures")
    assert (listed.folder, listed.labels, list(listed.examples)) == (
        str(tmp_path / "mine"),
        ["raise"],
        [1],
    )


def test_what_a_person_has_just_done_is_learned_and_forgotten(robot, wait, tmp_path):
    robot.show(performance("up"))
    answer = robot.ask(TeachFromWindow, "teach_from_window", label="raise", seconds=3.0)
    assert (answer.success, answer.message) == (True, "1 gestures are known now: raise")
    wait(lambda: "raise" in robot.classes(), "the classes")
    answer = robot.ask(Forget, "forget", label="raise")
    assert answer.success
    wait(lambda: "raise" not in robot.classes(), "the classes")
    assert read_gesture_set(tmp_path / "mine").names == ()


def test_examples_are_shown_checked_renamed_and_removed(robot, wait, tmp_path):
    robot.show(performance("up"))
    moment = {"start": time_from_ns(100 * SECOND), "end": time_from_ns(103 * SECOND)}
    for _ in range(2):
        assert robot.ask(TeachMoment, "teach_moment", label="raise", **moment).success
    assert robot.ask(TeachMoment, "teach_moment", label="background", **moment).success
    assert robot.ask(ListGestures, "list_gestures").background_examples == 1

    shown = robot.ask(GetExample, "get_example", label="raise", index=1)
    written = read_gesture_set(tmp_path / "mine").gestures["raise"][1]
    assert shown.example == written.sha256
    assert bytes(shown.keypoints) == written.to_bytes()
    none = robot.ask(GetExample, "get_example", label="raise", index=2)
    assert (none.success, none.message) == (False, "index: gesture 'raise' has 2 examples")

    check = robot.ask(CheckGestures, "check_gestures")
    assert check.success and check.labels == ["raise"]
    assert sum(check.taken_for) == 2 and len(check.taken_for) == 2
    assert 0.0 < check.thresholds[0] < 1.0

    assert robot.ask(RenameGesture, "rename_gesture", label="raise", new_label="lift").success
    wait(lambda: "lift" in robot.classes() and "raise" not in robot.classes(), "the new name")
    background = robot.ask(GetExample, "get_example", label="background").example
    removal = {"label": "background", "example": background}
    assert robot.ask(RemoveExample, "remove_example", **removal).success
    assert read_gesture_set(tmp_path / "mine").background == ()


def test_a_lesson_can_be_stopped(robot, wait):
    assert not robot.ask(Trigger, "stop_teaching").success
    robot.ask(Teach, "teach", label="raise", examples=5)
    robot.show(performance("up"))
    answer = robot.ask(Trigger, "stop_teaching")
    assert (answer.success, answer.message) == (True, "raise: 1 of 5 examples taken")
    wait(lambda: "raise" in robot.classes(), "the classes")


@pytest.mark.parametrize(
    ("service", "name", "request_fields", "problem"),
    [
        (Teach, "teach", {"label": "a/b"}, "gesture 'a/b': a name has up to"),
        (Forget, "forget", {"label": "jump"}, "gesture 'jump': is not in the set"),
        (TeachFromWindow, "teach_from_window", {"label": "raise"}, "nobody has been seen yet"),
        (TeachMoment, "teach_moment", {"label": "raise"}, "nobody has been seen yet"),
        (GetExample, "get_example", {"label": "jump"}, "gesture 'jump': is not in the set"),
        (RemoveExample, "remove_example", {"label": "jump"}, "gesture 'jump': is not in the set"),
        (RenameGesture, "rename_gesture", {"label": "jump"}, "gesture 'jump': is not in the set"),
        (CheckGestures, "check_gestures", {}, "the set is empty"),
    ],
)
def test_what_cannot_be_done_is_answered(robot, service, name, request_fields, problem):
    answer = robot.ask(service, name, **request_fields)
    assert not answer.success and problem in answer.message


def test_a_node_that_stops_learns_what_was_taken(robot, wait, tmp_path):
    robot.ask(Teach, "teach", label="raise", examples=5)
    robot.show(performance("up"))
    robot.graph.call(robot.recognition.trigger_deactivate)
    assert read_gesture_set(tmp_path / "mine").names == ("raise",)
    answer = robot.ask(Teach, "teach", label="raise")
    assert (answer.success, answer.message) == (False, "the node is not active")
    robot.graph.call(robot.recognition.trigger_activate)
    wait(lambda: "raise" in robot.classes(), "the classes")
