"""Thresholds and times that are set on an active event publisher, and what subscribers get."""

from __future__ import annotations

import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from score_streams import CLASSES, ns, person

from bharnet_ros import msg
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import scores_to_message, time_to_ns
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.types.actions import ActionScores

pytestmark = pytest.mark.ros

NODE = "action_event_publisher"


class Robot:
    """An active event publisher that is shown scores, and its events."""

    def __init__(self, graph, wait, **parameters):
        self.wait, self.graph = wait, graph
        self.events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
        inform = graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED)
        self._score = graph.probe.publisher(msg.ActionScores, "action_scores", RELIABLE)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = graph.add_active(ActionEventPublisher(parameter_overrides=overrides))
        graph.on_match(self.node, "/action_recognition")
        inform(
            msg.ModelInfo(
                name="m",
                weights_sha256="w",
                class_names=CLASSES,
                enter_threshold=0.6,
                exit_threshold=0.4,
                min_duration=0.2,
                min_gap=0.2,
            )
        )
        wait(lambda: self.node.counters and self.node.describe()["model"] == "m", "the model")
        self._now = 0.0

    def show(self, seconds, **probabilities):
        for _ in range(round(seconds * 10)):
            self._now += 0.1
            one = person(self._now, **probabilities)
            self._score(scores_to_message(ActionScores(ns(self._now), (one,), "camera", "m")))
            stamp = ns(self._now)
            self.wait(lambda stamp=stamp: self.node.last_stamp_ns == stamp, "the scores")
        published = self.node.counters.totals["published"]
        self.wait(lambda: len(self.events) == published, "the events")

    def reasons(self):
        return [event.reason for event in self.events]


@pytest.fixture
def start(graph, wait):
    """Return a function that starts a robot with parameters."""
    return lambda **parameters: Robot(graph, wait, **parameters)


def test_a_threshold_that_is_set_decides_from_the_next_scores_on(start, set_parameters):
    robot = start(exit_threshold=0.2)
    robot.show(1.0, wave=0.5)
    assert robot.events == []
    assert set_parameters(NODE, enter_threshold=0.45).successful
    robot.show(0.5, wave=0.5)
    assert robot.reasons() == [""]
    # The event goes on, and ends by the threshold that is set while it is open.
    assert set_parameters(NODE, enter_threshold=0.9, exit_threshold=0.7).successful
    robot.show(0.4, wave=0.5)
    assert robot.reasons() == ["", "ended"]
    assert robot.events[0].event_id == robot.events[1].event_id


def test_all_thresholds_and_times_change_together(start, set_parameters):
    robot = start()
    values = {
        "enter_threshold": 1,
        "exit_threshold": 0.9,
        "rejection_threshold": 0.5,
        "smoothing_s": 0,
        "min_duration_s": 1,
        "min_gap_s": 0.1,
        "support_share": 0.3,
        "refractory_s": 2,
        "person_timeout_s": 3,
        "source_timeout_s": 40,
        "class_parameters": ["wave.enter_threshold=0.5", "wave.exit_threshold=0.4"],
    }
    assert set_parameters(NODE, **values).successful
    robot.show(0.9, wave=0.6)
    assert robot.events == []
    robot.show(0.3, wave=0.6)
    assert [event.label for event in robot.events] == ["wave"]
    assert time_to_ns(robot.events[0].header.stamp) == ns(1.1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"enter_threshold": 0.3},
            "exit_threshold: must not exceed enter_threshold (0.3), got 0.4",
        ),
        (
            {"enter_threshold": 0.3, "exit_threshold": 0.35, "min_gap_s": 0.0},
            "exit_threshold: must not exceed enter_threshold (0.3), got 0.35",
        ),
        ({"class_parameters": ["nod.min_gap_s=1"]}, "'nod' is not an action; known are wave, po"),
        ({"class_parameters": ["wave.exit_threshold=0.9"]}, "class_parameters: wave.exit_thresh"),
        ({"class_parameters": ["wave.speed=0.9"]}, "wave.speed: is not a parameter of a class"),
        ({"exit_threshold": -0.5}, "parameter exit_threshold: must be -1 or not negative"),
        ({"min_gap_s": 11.0}, "parameter min_gap_s: must be from -1 to 10, got 11"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(start, set_parameters, values, reason):
    robot = start()
    robot.show(0.5, wave=0.9)
    result = set_parameters(NODE, **values)
    assert not result.successful and reason in result.reason and "\n" not in result.reason
    robot.show(0.5, wave=0.5)
    assert robot.reasons() == [""]
    robot.show(0.5)
    assert robot.reasons() == ["", "ended"]


def test_a_node_that_was_mute_works_when_its_parameters_fit(start, set_parameters, wait):
    robot = start(exit_threshold=0.9)
    wait(lambda: robot.node.counters.totals["rejected"] == 1, "the rejection")
    assert set_parameters(NODE, exit_threshold=0.3).successful
    robot.show(0.5, wave=0.9)
    assert robot.reasons() == [""]


def test_silence_ends_events_after_the_time_that_is_set(start, set_parameters, wait):
    robot = start(source_timeout_s=60.0)
    robot.show(0.5, wave=0.9)
    assert set_parameters(NODE, source_timeout_s=0.2).successful
    wait(lambda: robot.reasons() == ["", "source_lost"], "the OFFSET")


def test_what_is_set_while_inactive_counts_after_activation(start, set_parameters):
    robot = start()
    for transition in (robot.node.trigger_deactivate, robot.node.trigger_activate):
        assert set_parameters(NODE, enter_threshold=0.95).successful
        assert robot.graph.call(transition) is TransitionCallbackReturn.SUCCESS
    robot.show(0.5, wave=0.9)
    assert robot.events == []
