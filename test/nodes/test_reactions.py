"""Reactions to events, over real topics and services."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_system_default
from std_srvs.srv import Empty, Trigger

from bharnet_ros import msg
from bharnet_ros.nodes import reactions as reactions_node
from bharnet_ros.nodes.conversions import time_from_ns, time_to_ns
from bharnet_ros.nodes.reactions import ReactionsNode
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000
ONSET, OFFSET = msg.ActionEvent.ONSET, msg.ActionEvent.OFFSET


@pytest.fixture
def log(monkeypatch):
    """Return a list of what the node logs."""
    lines = []
    taken = SimpleNamespace(
        **{
            level: lambda text, **_: lines.append(text)
            for level in ("debug", "info", "warning", "error")
        }
    )
    monkeypatch.setattr(ReactionsNode, "get_logger", lambda self: taken)
    return lines


@pytest.fixture
def start(graph, wait, tmp_path):
    """Return a function that starts the node and returns it with a function that sends it events.

    It takes the text of a file; None for the package's own file.
    """

    def make(text, **parameters):
        if text is not None:
            file = tmp_path / "mine.yaml"
            file.write_text(text)
            parameters["file"] = str(file)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = graph.add(ReactionsNode(parameter_overrides=overrides))
        send = graph.probe.publisher(msg.ActionEvent, "/action_recognition", RELIABLE)

        def announce(label, seconds=0.0, phase=ONSET, **values):
            before = node.counters.totals["received"]
            event = msg.ActionEvent(
                event_id=f"{label} {seconds}", phase=phase, track_id="body_1", label=label, **values
            )
            event.reason = "" if phase == ONSET else "ended"
            event.header.stamp = time_from_ns(1000 * SECOND + round(seconds * SECOND))
            send(event)
            wait(lambda: node.counters.totals["received"] > before, "the event")

        return node, announce

    return make


def serve(graph, kind, name, answer=lambda response: response):
    """Offer a service and return the list of its requests."""
    requests = []

    def call(request, response):
        requests.append(request)
        return answer(response)

    graph.probe.create_service(kind, name, call)
    return requests


def test_the_example_drives_a_turtle(graph, start, wait, capfd):
    moves = graph.probe.listen(Twist, "/turtle1/cmd_vel", qos_profile_system_default)
    cleared = serve(graph, Empty, "/clear")
    node, announce = start(None)
    graph.on_match(node, "/turtle1/cmd_vel")
    clients = [one for one in node.clients if one.srv_name == "/clear"]
    wait(clients[0].service_is_ready, "the service")

    announce("hello")
    wait(lambda: len(moves) == 1, "a move")
    assert (moves[0].linear.x, moves[0].angular.z) == (2.0, 1.5)
    announce("no", 1.0)
    wait(lambda: len(moves) == 2, "a move")
    assert moves[1].linear.x == -1.0
    announce("thanks", 2.0)
    announce("thanks", 3.0, OFFSET)
    announce("thanks", 4.0, OFFSET)  # too soon
    announce("thanks", 8.0, OFFSET)
    wait(lambda: len(cleared) == 2, "two calls")
    announce("help", 9.0)
    wait(lambda: "somebody needs help: body_1" in capfd.readouterr().out, "the command's words")
    wait(lambda: node.counters.totals["reactions"] == 5, "five reactions")
    assert "failed" not in node.counters.totals


def test_a_dry_run_logs_and_does_nothing(graph, start, log):
    node, announce = start(None, dry_run=True)
    for label, phase in (("hello", ONSET), ("thanks", OFFSET), ("help", ONSET), ("sorry", OFFSET)):
        announce(label, phase=phase)
    assert log == [
        "dry run: body_1 hello onset: publish on /turtle1/cmd_vel "
        "{angular: {z: 1.5}, linear: {x: 2.0}}",
        "dry run: body_1 thanks offset: call /clear {}",
        "dry run: body_1 help onset: run ['echo', 'somebody needs help:', 'body_1']",
    ]
    assert node.counters.totals["dry runs"] == 3
    assert "reactions" not in node.counters.totals
    assert graph.probe.count_publishers("/turtle1/cmd_vel") == 0


def test_a_command_gets_what_the_event_says(start, wait, tmp_path):
    file = tmp_path / "said"
    code = "import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))"
    _, announce = start(
        f'reactions: [{{label: hello, run: [{sys.executable}, -c, "{code}", {file}, '
        f"'{{label}}', '{{score}}', a; b]}}]"
    )
    announce("hello", score=0.5)
    expected = repr(["hello", "0.50", "a; b"])
    wait(lambda: file.exists() and file.read_text() == expected, "what the command writes")


def test_a_time_is_set_when_the_message_is_sent(graph, start, wait):
    moves = graph.probe.listen(TwistStamped, "/move", RELIABLE)
    node, announce = start(
        "reactions: [{label: hello, publish: {topic: move, type: geometry_msgs/msg/TwistStamped, "
        "message: {header: {stamp: now}}}}]"
    )
    graph.on_match(node, "/move")
    before_ns = node.get_clock().now().nanoseconds
    for number in (1, 2):
        announce("hello")
        wait(lambda number=number: len(moves) == number, "a move")
    first, second = (time_to_ns(one.header.stamp) for one in moves)
    assert before_ns <= first < second


def test_what_fails_is_logged_and_the_node_goes_on(graph, start, wait, log):
    def refuse(response):
        response.success, response.message = False, "the gripper is hot"
        return response

    requests = serve(graph, Trigger, "/grip", refuse)
    fail = f"[{sys.executable}, -c, raise SystemExit(3)]"
    node, announce = start(
        "reactions:\n"
        "- {label: hello, call: {service: /grip, type: std_srvs/srv/Trigger}}\n"
        "- {label: hello, call: {service: /nowhere, type: std_srvs/srv/Trigger}}\n"
        f"- {{label: hello, run: {fail}}}\n"
    )
    grip = next(one for one in node.clients if one.srv_name == "/grip")
    wait(grip.service_is_ready, "the service")
    announce("hello")
    wait(lambda: node.counters.totals.get("failed") == 3, "three failures")
    assert len(requests) == 1
    assert {line for line in log if line.startswith("reactions[")} == {
        "reactions[0]: /grip failed: the gripper is hot",
        "reactions[1]: nobody offers the service /nowhere",
        "reactions[2]: the command ended with status 3",
    }
    announce("hello", phase=9)
    wait(lambda: node.counters.totals["rejected"] == 1, "a rejection")
    announce("hello", 1.0)
    wait(lambda: len(requests) == 2, "a second call")


def test_a_label_that_the_model_lacks_is_logged(graph, start, wait, log):
    start("reactions: [{label: [hello, wave], run: [echo]}]")
    inform = graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED)
    inform(msg.ModelInfo(name="gestures", class_names=["background", "hello", "no"]))
    wait(lambda: log, "a warning")
    assert log[0].endswith(
        "mine.yaml: reactions[0]: label 'wave': is not an action of model gestures, "
        "which has hello, no"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reactions: [{label: a, call: {service: x, type: std_srvs/srv/Empti}}]", "call.type"),
        ("reactions: [{label: a, call: {service: 'x y', type: std_srvs/srv/Empty}}]", "'x y'"),
        ("reactions: [{label: a, publish: {topic: '', type: std_msgs/msg/Empty}}]", "''"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_ends_the_process(ros_domain, tmp_path, capfd, text, problem):
    file = tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text)
    status = reactions_node.main(["reactions", "--ros-args", "-p", f"file:={file}"])
    error = capfd.readouterr().err
    assert status == 1
    assert error.startswith(f"error: {file}: ") and problem in error
    assert error.count("\n") == 1
