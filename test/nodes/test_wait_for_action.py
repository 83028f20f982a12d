"""The action server, with real clients over DDS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.parameter import Parameter

from bharnet_ros import msg
from bharnet_ros.action import WaitForAction
from bharnet_ros.nodes.conversions import scores_to_message, time_from_ns
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.nodes.runtime.spin import NodeRunner
from bharnet_ros.nodes.wait_for_action import MOST_GOALS, WaitForActionServer
from bharnet_ros.types.actions import ActionScores, TrackScores

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000
CLASSES = ["background", "hello", "no", "thanks"]
Result = WaitForAction.Result


class Client:
    """One client of the action, as a behaviour tree has it."""

    def __init__(self, graph, wait):
        self._graph, self._wait = graph, wait
        self._client = ActionClient(graph.probe, WaitForAction, "wait_for_action")
        assert self._client.wait_for_server(timeout_sec=60)
        self.feedback = []
        self.goal = self._result = None

    def send(self, *labels, **goal):
        """Send a goal and wait until it is accepted."""
        sent = self._client.send_goal_async(
            WaitForAction.Goal(labels=list(labels), **goal),
            feedback_callback=lambda message: self.feedback.append(message.feedback),
        )
        self._wait(sent.done, "the answer to the goal")
        self.goal = sent.result()
        assert self.goal.accepted
        self._result = self.goal.get_result_async()
        return self

    def cancel(self):
        """Cancel the goal; return whether the server agreed."""
        answer = self.goal.cancel_goal_async()
        self._wait(answer.done, "the answer to the cancellation")
        return bool(answer.result().goals_canceling)

    @property
    def done(self):
        return self._result.done()

    def result(self):
        """Return the status and the result."""
        self._wait(self._result.done, "the result")
        return self._result.result().status, self._result.result().result


class Robot:
    """The server, and what the other nodes would send it."""

    def __init__(self, graph, wait, runner=None, **parameters):
        self.graph, self.wait = graph, wait
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = WaitForActionServer(parameter_overrides=overrides)
        (runner or graph.runner).add(self.node)
        self._inform = graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED)
        self._score = graph.probe.publisher(msg.ActionScores, "action_scores", RELIABLE)
        self._announce = graph.probe.publisher(msg.ActionEvent, "/action_recognition", RELIABLE)
        self.inform("gestures", CLASSES)

    def client(self):
        return Client(self.graph, self.wait)

    def _taken(self, send, message):
        """Send a message and wait until the server has it."""
        before = self.node.counters.totals["received"]
        send(message)
        self.wait(lambda: self.node.counters.totals["received"] > before, "the message")

    def inform(self, name, classes):
        self._taken(self._inform, msg.ModelInfo(name=name, class_names=classes))

    def score(self, seconds, **people):
        stamp_ns = 1000 * SECOND + round(seconds * SECOND)
        tracks = tuple(
            TrackScores(track_id, stamp_ns - SECOND, stamp_ns, values, values, values)
            for track_id, values in people.items()
        )
        self._taken(
            self._score, scores_to_message(ActionScores(stamp_ns, tracks, "camera", "gestures"))
        )

    def announce(self, label, track_id="body_1", **values):
        event = msg.ActionEvent(
            event_id=f"{track_id} {label}",
            phase=msg.ActionEvent.ONSET,
            track_id=track_id,
            label=label,
            class_id=CLASSES.index(label),
        )
        event.header.frame_id = "camera"
        event.header.stamp = event.start = time_from_ns(1001 * SECOND)
        for name, value in values.items():
            setattr(event, name, value)
        self._taken(self._announce, event)
        return event


@pytest.fixture
def robot(graph, wait):
    return Robot(graph, wait)


def test_several_clients_wait_at_once_and_each_gets_its_event(robot):
    hello, anything, of_another = (robot.client() for _ in range(3))
    hello.send("hello", "no", timeout=60.0)
    anything.send()
    of_another.send("hello", track_id="body_2")
    robot.announce("thanks")
    status, result = anything.result()
    assert (status, result.event.label) == (GoalStatus.STATUS_SUCCEEDED, "thanks")
    event = robot.announce("hello", score=0.75)
    status, result = hello.result()
    assert (status, result.outcome) == (GoalStatus.STATUS_SUCCEEDED, Result.HAPPENED)
    assert (result.event, result.text) == (event, "body_1 began hello")
    assert not of_another.done
    robot.announce("hello", track_id="body_2")
    assert of_another.result()[1].event.track_id == "body_2"


def test_one_client_has_several_goals_that_end_in_any_order(robot):
    client = robot.client()
    goals = [client.send(label)._result for label in ("hello", "no")]
    robot.announce("no")
    robot.wait(goals[1].done, "the result for no")
    assert not goals[0].done()
    robot.announce("hello")
    robot.wait(goals[0].done, "the result for hello")
    assert goals[0].result().result.event.label == "hello"


@pytest.mark.parametrize("accept_open", [False, True])
def test_an_open_event_counts_if_the_goal_says_so(robot, accept_open):
    robot.announce("hello")
    client = robot.client().send("hello", accept_open=accept_open)
    if not accept_open:
        robot.announce("hello", phase=msg.ActionEvent.OFFSET, reason="ended")
        robot.score(0.0)
        assert not client.done
        robot.announce("hello", event_id="the next")
    assert client.result()[1].event.event_id == ("body_1 hello" if accept_open else "the next")


def test_goals_beyond_the_most_are_rejected_until_one_ends(robot, capfd):
    client = robot.client()
    for _ in range(MOST_GOALS):
        client.send("hello")
    with pytest.raises(AssertionError):
        client.send("no")
    assert "goal rejected: 64 goals wait already" in capfd.readouterr().err
    robot.announce("hello")
    client.send("no")
    robot.announce("no")
    assert client.result()[1].outcome == Result.HAPPENED


def test_feedback_is_the_best_score_so_far_of_each_label(robot):
    client = robot.client()
    robot.score(0.0, body_1=[0.0, 0.9, 0.1, 0.0])
    client.send("hello", "no", track_id="body_1")
    robot.score(0.5, body_1=[0.5, 0.2, 0.3, 0.0], body_2=[0.0, 1.0, 0.0, 0.0])
    robot.score(1.0, body_1=[0.2, 0.6, 0.2, 0.0])
    robot.wait(lambda: len(client.feedback) == 2, "the feedback")
    first, second = client.feedback
    assert (first.labels, list(first.scores)) == (["no", "hello"], pytest.approx([0.3, 0.2]))
    assert (second.labels, list(second.scores)) == (["hello", "no"], pytest.approx([0.6, 0.3]))
    assert 0.0 <= first.waited < second.waited <= 1.0


def test_time_is_up_by_stamps(robot):
    client = robot.client()
    robot.score(0.0)
    client.send("hello", timeout=30.0)
    robot.score(29.0, body_1=[0.6, 0.4, 0.0, 0.0])
    assert not client.done
    robot.score(31.0)
    status, result = client.result()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.TIMED_OUT)
    assert result.text == "nothing happened in 30 s; the highest score was 0.40 of hello"
    assert result.event == msg.ActionEvent()


def test_time_is_up_by_a_steady_clock_without_scores(graph, wait):
    robot = Robot(graph, wait, silence_s=0.2)
    client = robot.client().send("hello", timeout=0.5)
    assert client.result()[1].text == "nothing happened in 0.5 s; no scores came of such a person"


def test_a_cancelled_goal_ends_and_the_others_go_on(robot):
    first, second = (robot.client().send("hello") for _ in range(2))
    assert first.cancel()
    status, result = first.result()
    assert (status, result.outcome) == (GoalStatus.STATUS_CANCELED, Result.CANCELLED)
    robot.announce("hello")
    assert second.result()[0] == GoalStatus.STATUS_SUCCEEDED
    assert not second.cancel()


def test_an_unknown_label_is_refused_with_the_labels_there_are(robot):
    client = robot.client().send("hello", "helo")
    status, result = client.result()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.REFUSED)
    assert result.text == (
        "label 'helo': is not an action of model gestures, which has hello, no, thanks"
    )


def test_a_label_that_the_next_model_lacks_ends_the_wait(robot):
    client = robot.client().send("thanks")
    robot.inform("other", ["hello"])
    assert client.result()[1].outcome == Result.REFUSED


def test_the_leaf_of_a_behaviour_tree_in_the_docs_works(robot):
    page = (Path(__file__).parents[2] / "docs" / "acting.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    tree = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        robot.wait(lambda: "1" in robot.node.describe().values(), "its goal")
        robot.announce("hello")
        assert tree.communicate(timeout=60)[0] == "True body_1 began hello\n"
    finally:
        tree.kill()


def test_messages_that_cannot_be_used_are_counted_and_survived(robot):
    client = robot.client().send("hello")
    robot.announce("hello", phase=9)
    robot.score(0.0, body_1=[0.5, 0.5])
    robot.wait(lambda: robot.node.counters.totals["rejected"] == 2, "two rejections")
    robot.announce("hello")
    assert client.result()[1].outcome == Result.HAPPENED


def test_a_server_that_stops_tells_its_clients(graph, wait):
    with NodeRunner() as runner:
        robot = Robot(graph, wait, runner)
        clients = [robot.client().send("hello") for _ in range(3)]
    for client in clients:
        status, result = client.result()
        assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.SHUTDOWN)
