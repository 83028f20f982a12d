"""`bharnet run` and single nodes as real processes, and how they end."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.action import ActionClient
from std_msgs.msg import String

from bharnet_ros import msg
from bharnet_ros.action import WaitForAction
from bharnet_ros.nodes.conversions import duration_from_ns, time_from_ns
from bharnet_ros.nodes.event_printer import format_event
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.sources.puppet import open_puppet

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000
PATIENCE = 120.0
CLI = "from bharnet_ros.cli import main; import sys; sys.exit(main())"
NODE = "from bharnet_ros.nodes.{} import main; import sys; sys.exit(main())"
EVENT = re.compile(
    r"(ONSET |OFFSET) (\S+) +track=(\S+) score=(\d\.\d\d) t=(-?\d+\.\d\d) s"
    r"(?: duration=(\d+\.\d\d) s)?(?: latency=(-?\d+) ms)?(?: reason=(\w+))?$"
)


class Process:
    """A process whose lines can be waited for."""

    def __init__(self, code: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        )
        self.lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._new: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True) for name in self.lines
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        for line in getattr(self._process, name):
            self.lines[name].append(line.rstrip())
            self._new.put(line)

    def wait_for_line(self, text: str) -> None:
        while True:
            try:
                if text in self._new.get(timeout=PATIENCE):
                    return
            except queue.Empty:
                pytest.fail(f"no line with {text!r} in {self.lines}")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        status = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def events(self) -> list[tuple[str | None, ...]]:
        """The fields of each printed line: phase, label, track, score, t, duration, latency,
        reason; every line must be an event."""
        fields = []
        for line in self.lines["stdout"]:
            match = EVENT.match(line)
            assert match, line
            fields.append((match[1].strip(), *match.groups()[1:]))
        return fields


@pytest.fixture
def start(ros_domain: int) -> Iterator[Callable[..., Process]]:
    """Return a function that starts a process in the test's ROS domain."""
    processes: list[Process] = []

    def begin(code: str, *arguments: str) -> Process:
        processes.append(Process(code, *arguments))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()


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


@pytest.mark.parametrize("person", [True, False])
def test_run_without_events_says_what_it_saw(start, tmp_path, person):
    source = open_puppet("rest", fps=10.0)
    for number in range(6):
        image = source.frame(number).image
        picture = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if person else np.full_like(image, 90)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    run = start(CLI, "run", "--source", str(tmp_path))
    assert run.wait() == 0
    assert run.lines["stderr"][-1] == (
        f"bharnet run: a person in {6 * person} of 6 images, hands in 0; nothing of: hello, "
        "thanks, iloveyou, no, yes, please, help, sorry"
    )


def test_two_runs_on_one_machine_do_not_mix(start, eager_bundle):
    words = ["run", "--source", "puppet:rest", "--model", str(eager_bundle), "--ros-args"]
    words += ["-p", "video_source:fps:=10.0"]
    runs = [start(CLI, *words) for _ in range(2)]
    for run in runs:
        assert run.wait() == 0
        assert [event[:2] for event in run.events] == [("ONSET", "wave"), ("OFFSET", "wave")]
        frames = re.search(r"(\d+) frames; (\d+) images worked on, 0 dro", run.lines["stderr"][-1])
        assert frames and frames[1] == frames[2]
    others = [line for run in runs for line in run.lines["stderr"] if "another chain" in line]
    assert 1 <= len(others) <= 2


def test_topics_of_a_run_with_a_namespace_have_their_plain_names(start, graph, wait, eager_bundle):
    keypoints = graph.probe.listen(msg.BodyHandKeypoints, "/robot1/keypoints", RELIABLE)
    words = ["--source", "puppet:rest", "--loop", "--model", str(eager_bundle)]
    run = start(CLI, "run", *words, "--ros-args", "-r", "__ns:=/robot1")
    wait(lambda: keypoints, "keypoints")
    run.send(signal.SIGINT)
    assert run.wait() == 0


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
    assert any(named in line for line in node.lines["stderr"])


@pytest.mark.parametrize(
    "name, words, named",
    [
        ("action_event_publisher", ["-p", "smoothing_s:=-3.0"], "smoothing_s"),
        ("overlay", ["-p", "image_transport:=theora"], "parameter image_transport: 'theora'"),
        ("overlay", ["--params-file", "nowhere.yaml"], "nowhere.yaml"),
        (
            "recognition",
            ["-p", "recognition:windw_s:=1", "-p", "stride_s:=99"],
            "parameter stride_s: must be from 0 to 60, got 99",
        ),
    ],
)
def test_bad_node_argument_is_an_error_without_a_traceback(start, name, words, named):
    node = start(NODE.format(name), "--ros-args", *words)
    assert node.wait() == 1
    errors = "\n".join(node.lines["stderr"])
    assert named in errors
    assert "Traceback" not in errors


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
        track_id="body_1",
        score=0.97,
        start=time_from_ns(103_200_000_000),
        end=time_from_ns(104_000_000_000),
        latency=duration_from_ns(85_000_000),
    )
    assert format_event(event, 100 * SECOND, True) == (
        "ONSET  hello      track=body_1 score=0.97 t=3.20 s latency=85 ms"
    )
    event.phase, event.reason = msg.ActionEvent.OFFSET, "ended"
    assert format_event(event, 100 * SECOND, False) == (
        "OFFSET hello      track=body_1 score=0.97 t=4.00 s duration=0.80 s reason=ended"
    )


def test_unknown_latency_is_not_printed():
    event = msg.ActionEvent(phase=msg.ActionEvent.ONSET, label="hello", start=time_from_ns(SECOND))
    assert "latency" not in format_event(event, 0, True)
