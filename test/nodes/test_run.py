"""`bharnet run` and single nodes as real processes, and how they end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from geometry_msgs.msg import Point
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from processes import CLI, NODE, PATIENCE
from rclpy.action import ActionClient
from std_msgs.msg import String

from bharnet_ros import msg
from bharnet_ros.action import WaitForAction
from bharnet_ros.nodes.conversions import duration_from_ns, time_from_ns
from bharnet_ros.nodes.event_printer import format_event
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000


def test_source_passes_through_the_chain_to_its_end(start, eager_bundle):
    run = start(CLI, "run", "--source", "puppet:rest", "--model", str(eager_bundle))
    assert run.wait() == 0
    onset, offset = run.events
    assert onset[:3] == ("ONSET", "wave", offset[2])
    assert offset[:2] == ("OFFSET", "wave")
    assert offset[-1] == "source_ended"
    assert float(onset[4]) < float(offset[4])
    assert onset[6] is not None
    frames = re.search(r"(\d+) frames; (\d+) images worked on, 0 dropped", run.lines["stderr"][-1])
    assert frames and frames[1] == frames[2]


def test_each_of_two_people_has_events(start, eager_bundle):
    words = ["--source", "puppet:two_people", "--max-people", "2", "--model", str(eager_bundle)]
    run = start(CLI, "run", *words)
    run.wait_for_line("ONSET")
    run.wait_for_line("ONSET")
    run.send(signal.SIGINT)
    assert run.wait() == 0
    tracks = [
        {event[2] for event in run.events if event[0] == kind} for kind in ("ONSET", "OFFSET")
    ]
    assert len(tracks[0]) == 2
    assert tracks[0] == tracks[1]


def test_run_reacts_and_lets_others_wait(start, graph, wait, eager_bundle, tmp_path):
    client = ActionClient(graph.probe, WaitForAction, "wait_for_action")
    said = graph.probe.listen(String, "said", RELIABLE)
    file = tmp_path / "mine.yaml"
    file.write_text(
        "reactions: [{label: wave, publish: {topic: said, type: std_msgs/msg/String, "
        "message: {data: hello to you}}}]"
    )
    words = ["--source", "puppet:rest", "--loop", "--model", str(eager_bundle)]
    run = start(CLI, "run", *words, "--wait-for-action", "--reactions", str(file))
    assert client.wait_for_server(PATIENCE)
    goal = client.send_goal_async(WaitForAction.Goal(labels=["wave"], accept_open=True))
    wait(goal.done, "the answer to the goal")
    result = goal.result().get_result_async()
    wait(result.done, "the result")
    assert result.result().result.event.label == "wave"
    wait(lambda: said, "the reaction")
    assert said[0].data == "hello to you"
    run.send(signal.SIGINT)
    assert run.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_open_event_and_the_process(start, eager_bundle, number):
    run = start(CLI, "run", "--source", "puppet:rest", "--loop", "--model", str(eager_bundle))
    run.wait_for_line("ONSET")
    run.send(number)
    assert run.wait() == 0
    assert [(event[0], event[-1]) for event in run.events] == [
        ("ONSET", None),
        ("OFFSET", "shutdown"),
    ]


def test_run_ends_quietly_when_nobody_reads_its_output(ros_domain, eager_bundle):
    reader, writer = os.pipe()
    os.close(reader)
    words = ["run", "--source", "puppet:rest", "--loop", "--model", str(eager_bundle)]
    run = subprocess.Popen(
        [sys.executable, "-c", CLI, *words], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    try:
        errors = run.communicate(timeout=PATIENCE)[1]
    finally:
        run.kill()
    assert run.returncode == 0
    assert "2 messages on /action_recognition" in errors
    assert not re.search("Error|error|Exception", errors), errors


def test_source_that_cannot_be_opened_ends_with_status_2(start):
    run = start(CLI, "run", "--source", "nothing.mp4")
    assert run.wait() == 2
    assert run.lines["stdout"] == []
    assert "nothing.mp4" in run.lines["stderr"][-1]


def test_width_without_height_is_refused_for_a_webcam(start):
    run = start(CLI, "run", "--source", "0", "--width", "640")
    assert run.wait() == 2
    assert "webcam 0 needs both" in run.lines["stderr"][-1]


@pytest.mark.parametrize(
    "words, named",
    [
        (["--max-people", "0"], "parameter max_people: must be from 1 to 16, got 0"),
        (["--roi", "0,0,0,10"], "roi: width and height must be positive"),
        (["--image-topic", "bad!topic"], "bad!topic"),
        (["--reactions", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--ros-args", "-p", "use_sim_time:=5"], "use_sim_time"),
    ],
)
def test_unusable_option_ends_with_status_2(start, words, named):
    run = start(CLI, "run", *words)
    assert run.wait() == 2
    assert run.lines["stderr"][-1].startswith("bharnet run: error: ")
    assert named in run.lines["stderr"][-1]


@pytest.mark.parametrize(
    "words, error",
    [
        (["--model", "/nowhere"], "recognition: parameter model: /nowhere"),
        (
            ["--ros-args", "-p", "exit_threshold:=1"],
            "exit_threshold: must not exceed enter_threshold (0.6), got 1.0",
        ),
        (
            ["--ros-args", "-p", "window_s:=long"],
            "parameter window_s: expected a number, got 'long'",
        ),
        (
            ["--ros-args", "-p", "recognition:speed:=1"],
            "-p recognition:speed:=1: recognition has no parameter speed",
        ),
    ],
)
def test_bad_parameter_ends_with_one_line_and_status_2(start, tiny_bundle, words, error):
    model = [] if "--model" in words else ["--model", str(tiny_bundle)]
    run = start(CLI, "run", "--source", "puppet:rest", *model, *words)
    assert run.wait() == 2
    (line,) = [line for line in run.lines["stderr"] if not line.startswith("[INFO]")]
    assert line.startswith(f"bharnet run: error: {error}")


def test_unknown_names_are_said_and_integers_are_taken(start, tiny_bundle, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(
        "/**/recognitoin: {ros__parameters: {window_s: 1}}\n"
        "/**/recognition: {ros__parameters: {window_s: 2}}\n"
        "/**: {ros__parameters: {windw_s: 1}}\n"
    )
    words = ["--source", "puppet:rest", "--pace", "fast", "--model", str(tiny_bundle)]
    run = start(CLI, "run", *words, "--ros-args", "--params-file", str(file), "-p", "stride_s:=1")
    assert run.wait() == 0
    said = [line for line in run.lines["stderr"] if line.startswith("bharnet run: warning: ")]
    assert f"{file}: /**/recognitoin: is none of the nodes" in said[0]
    assert f"{file}: /**: none of the nodes has a parameter windw_s" in said[1]
    assert len(said) == 2


@pytest.mark.parametrize("source, named", [("nothing.mp4", "nothing.mp4"), ("97", "webcam 97")])
def test_node_whose_source_is_missing_fails(start, source, named):
    node = start(NODE.format("video_source"), "--ros-args", "-p", f"source:={source}")
    assert node.wait() == 1
    (line,) = [line for line in node.lines["stderr"] if not line.startswith("[INFO]")]
    assert named in line


@pytest.mark.parametrize(
    "name, words, named",
    [
        ("action_event_publisher", ["-p", "smoothing_s:=-3.0"], "smoothing_s"),
        ("overlay", ["-p", "image_transport:=theora"], "parameter image_transport: 'theora'"),
        ("overlay", ["--params-file", "nowhere.yaml"], "nowhere.yaml"),
        ("video_source", ["-r", "bad"], "ROS arguments: cannot be used: Couldn't parse remap rule"),
        ("reactions", ["-p", "file:=nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (
            "recognition",
            ["-p", "recognition:windw_s:=1", "-p", "stride_s:=99"],
            "parameter stride_s: must be from 0 to 60, got 99",
        ),
    ],
)
def test_bad_node_argument_is_said_once(start, name, words, named):
    node = start(NODE.format(name), "--ros-args", *words)
    assert node.wait() == 1
    (line,) = node.lines["stderr"]
    assert line.startswith("error: ") and named in line


def test_node_that_is_interrupted_repeatedly_ends_with_status_0(start, graph):
    node = start(NODE.format("action_event_publisher"))
    client = graph.probe.create_client(ChangeState, "action_event_publisher/change_state")
    assert client.wait_for_service(PATIENCE)
    end = time.monotonic() + PATIENCE
    while node.running and time.monotonic() < end:
        node.send(signal.SIGINT)
        time.sleep(0.01)
    assert node.wait() == 0, node.lines["stderr"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_to_the_event_publisher_alone_ends_its_events(start, graph, wait, number):
    events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
    inform = graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED)
    score = graph.probe.publisher(msg.ActionScores, "action_scores", RELIABLE)
    node = start(
        NODE.format("action_event_publisher"), "--ros-args", "-p", "source_timeout_s:=60.0"
    )
    client = graph.probe.create_client(ChangeState, "action_event_publisher/change_state")
    assert client.wait_for_service(PATIENCE)
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        answer = client.call_async(request)
        wait(answer.done, "the transition")
        assert answer.result().success
    inform(
        msg.ModelInfo(
            name="m",
            class_names=["background", "hello"],
            enter_threshold=0.6,
            exit_threshold=0.4,
            smoothing=0.3,
            min_duration=0.3,
            min_gap=0.3,
            support_share=0.5,
        )
    )
    wait(lambda: graph.probe.count_publishers("/action_recognition"), "the publisher")

    step = 0
    while not events:
        stamp_ns = 100 * SECOND + step * SECOND // 10
        track = msg.TrackScores(
            track_id="body_1",
            window_start=time_from_ns(stamp_ns - SECOND),
            window_end=time_from_ns(stamp_ns),
            probabilities=[0.1, 0.9],
            body_probabilities=[0.1, 0.9],
            hand_probabilities=[0.1, 0.9],
        )
        message = msg.ActionScores(model_name="m", tracks=[track])
        message.header.stamp = time_from_ns(stamp_ns)
        score(message)
        step += 1
        time.sleep(0.01)
        assert step < 6000

    node.send(number)
    assert node.wait() == 0
    wait(lambda: len(events) == 2, "the OFFSET")
    assert [(event.phase, event.reason) for event in events] == [
        (msg.ActionEvent.ONSET, ""),
        (msg.ActionEvent.OFFSET, "shutdown"),
    ]


def test_printed_line_of_an_event():
    event = msg.ActionEvent(
        phase=msg.ActionEvent.ONSET,
        label="hello",
        hand="right",
        track_id="body_1",
        score=0.97,
        start=time_from_ns(103_200_000_000),
        end=time_from_ns(104_000_000_000),
        latency=duration_from_ns(85_000_000),
    )
    assert format_event(event, 100 * SECOND, True) == (
        "ONSET  hello      track=body_1 score=0.97 t=3.20 s hand=right latency=85 ms"
    )
    event.phase, event.reason = msg.ActionEvent.OFFSET, "ended"
    event.place.position_known = True
    event.place.position = Point(x=-0.25, y=0.1, z=1.5)
    assert format_event(event, 100 * SECOND, False) == (
        "OFFSET hello      track=body_1 score=0.97 t=4.00 s hand=right "
        "position=(-0.25, 0.10, 1.50) m duration=0.80 s reason=ended"
    )


def test_unknown_latency_is_not_printed():
    event = msg.ActionEvent(phase=msg.ActionEvent.ONSET, label="hello", start=time_from_ns(SECOND))
    assert "latency" not in format_event(event, 0, True)
