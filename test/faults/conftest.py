"""The chain as processes that can be killed, fed with keypoints, and what a controller hears."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from processes import NODE, PATIENCE, Process
from rclpy.node import Node

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import keypoints_to_message
from bharnet_ros.nodes.runtime.qos import EVENTS, RELIABLE
from bharnet_ros.nodes.runtime.spin import NodeRunner, ros
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import NANOSECONDS

FPS = 15
FIRST_SECOND = 1_000
ANSWER_SECONDS = 2.0


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a true value of `condition` and return it; fail naming `what`."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.01)
    return value


class Controller(Node):
    """Hears events as a controller does, and publishes keypoints in place of a camera.

    Attributes:
        events: All messages on `/action_recognition`, in the order of arrival.
        stamp_ns: Stamp of the last keypoints, nanoseconds.
    """

    def __init__(self) -> None:
        super().__init__("controller")
        self.events: list[msg.ActionEvent] = []
        self.stamp_ns = FIRST_SECOND * NANOSECONDS
        self.create_subscription(msg.ActionEvent, "/action_recognition", self.events.append, EVENTS)
        self.keypoints = self.create_publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
        puppet = open_puppet("gestures", fps=FPS)
        self._frames = [puppet.truth(number) for number in range(10 * FPS)]
        self._shown = 0

    def message(self) -> msg.BodyHandKeypoints:
        """Return the keypoints of the next frame, one frame later than the last."""
        self.stamp_ns += NANOSECONDS // FPS
        message = keypoints_to_message(self._frames[self._shown % len(self._frames)])
        self._shown += 1
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(self.stamp_ns, NANOSECONDS)
        return message

    def show(
        self, frames: int, change: Callable[[msg.BodyHandKeypoints], None] | None = None
    ) -> None:
        """Publish frames at their rate, each changed by a function."""
        for _ in range(frames):
            message = self.message()
            if change is not None:
                change(message)
            self.keypoints.publish(message)
            time.sleep(1 / FPS)

    def onsets(self) -> list[str]:
        """Return the ids of the events that began."""
        return [one.event_id for one in self.events if one.phase == msg.ActionEvent.ONSET]

    def open(self) -> list[str]:
        """Return the ids of the events that began and did not end."""
        ended = [one.event_id for one in self.events if one.phase == msg.ActionEvent.OFFSET]
        return [name for name in self.onsets() if name not in ended]

    def reasons(self) -> list[str]:
        """Return why events ended, in order."""
        return [one.reason for one in self.events if one.phase == msg.ActionEvent.OFFSET]

    def check_whole(self) -> None:
        """Check that each event began once and ended once, in this order."""
        for name in {one.event_id for one in self.events}:
            phases = [one.phase for one in self.events if one.event_id == name]
            assert phases == [msg.ActionEvent.ONSET, msg.ActionEvent.OFFSET], (name, phases)


class Chain:
    """The processes of lifecycle nodes, and a controller beside them."""

    def __init__(self, controller: Controller, bundle: Path) -> None:
        self.controller = controller
        self.processes: dict[str, Process] = {}
        self._parameters = {
            "recognition": ("-p", f"model:={bundle}", "-p", "device:=cpu"),
            # The model has one action that never ends by itself.
            "action_event_publisher": ("-p", "source_timeout_s:=2.0"),
        }

    def start(self, *names: str, parameters: Sequence[str] = ()) -> None:
        """Start nodes and bring them up."""
        for name in names:
            self.launch(name, parameters)
        for name in names:
            for number in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
                assert self.change(name, number), (name, self.processes[name].lines["stderr"][-5:])

    def launch(self, name: str, parameters: Sequence[str] = (), before: str = "") -> None:
        """Start the process of a node, which stays unconfigured.

        Args:
            name: The node.
            parameters: Its arguments for ROS.
            before: Python code that the process runs first.
        """
        words = [*self._parameters.get(name, ()), *parameters]
        self.processes[name] = Process(before + NODE.format(name), "--ros-args", *words)

    def change(self, name: str, number: int) -> bool:
        """Let a node make a transition, once it answers; return whether it could."""
        # The service of a killed process is visible for a while, and does not answer.
        while not self.ask(GetState, f"{name}/get_state", seconds=ANSWER_SECONDS):
            assert self.processes[name].running, self.processes[name].lines["stderr"][-5:]
        answer = self.ask(ChangeState, f"{name}/change_state", transition=Transition(id=number))
        return bool(answer and answer.success)

    def kill(self, name: str) -> None:
        """End a node as the kernel does that is short of memory."""
        self.processes[name].send(signal.SIGKILL)
        self.processes[name].wait()

    def check_alive(self) -> None:
        """Check that the chain finds a new action, and that no process ended or complained."""
        self.end_events()
        before = len(self.controller.onsets())
        end = time.monotonic() + PATIENCE
        while len(self.controller.onsets()) == before:
            assert time.monotonic() < end, "nothing was recognised any more"
            self.controller.show(1)
        self.end_events()
        for name, process in self.processes.items():
            assert process.running, (name, process.lines["stderr"][-5:])
            assert not any("Traceback" in line for line in process.lines["stderr"]), name

    def end_events(self) -> None:
        """Wait until no event is open, which silence leads to, and check them all."""
        wait_until(lambda: not self.controller.open(), "the OFFSET")
        self.controller.check_whole()

    def ask(self, kind: Any, service: str, *, seconds: float = PATIENCE, **request: Any) -> Any:
        """Return the answer of a service; None if none comes in time."""
        client = self.controller.create_client(kind, service)
        try:
            if not client.wait_for_service(seconds):
                return None
            answer = client.call_async(kind.Request(**request))
            end = time.monotonic() + seconds
            while not answer.done() and time.monotonic() < end:
                time.sleep(0.01)
            return answer.result() if answer.done() else None
        finally:
            self.controller.destroy_client(client)


@pytest.fixture
def wait() -> Callable[..., Any]:
    """Return `wait_until`."""
    return wait_until


@pytest.fixture
def chain(ros_domain: int, eager_bundle: Path) -> Iterator[Chain]:
    """Yield a chain whose model recognises `wave` whenever somebody is in view."""
    with ros([]), NodeRunner() as runner:
        controller = Controller()
        runner.add(controller)
        built = Chain(controller, eager_bundle)
        try:
            yield built
        finally:
            for process in built.processes.values():
                process.kill()
