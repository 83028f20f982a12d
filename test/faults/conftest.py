"""The chain as processes that can be killed, fed with keypoints, and what a controller hears."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from processes import NODE, PATIENCE, Process
from rclpy.node import Node
from sensor_msgs.msg import Image

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import image_to_message, keypoints_to_message
from bharnet_ros.nodes.runtime.qos import EVENTS, RELIABLE, SENSOR
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


class Feed:
    """Publishes one message a frame, each one frame later than the last.

    Attributes:
        stamp_ns: Stamp of the last message, nanoseconds.
    """

    def __init__(self) -> None:
        self.stamp_ns = FIRST_SECOND * NANOSECONDS
        self._shown = 0

    def draw(self, number: int) -> Any:
        """Return the message of a frame, with any stamp."""
        raise NotImplementedError

    def publish(self, message: Any) -> None:
        """Publish a message."""
        raise NotImplementedError

    def message(self) -> Any:
        """Return the message of the next frame."""
        self.stamp_ns += NANOSECONDS // FPS
        message = self.draw(self._shown)
        self._shown += 1
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(self.stamp_ns, NANOSECONDS)
        return message

    def stand_still(self) -> Callable[[Any], None]:
        """Return the change that gives every message the stamp of the last one."""
        sec, nanosec = divmod(self.stamp_ns, NANOSECONDS)

        def change(message: Any) -> None:
            message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec

        return change

    def show(self, frames: int, change: Callable[[Any], None] | None = None) -> None:
        """Publish frames at their rate, each changed by a function."""
        for _ in range(frames):
            message = self.message()
            if change is not None:
                change(message)
            self.publish(message)
            time.sleep(1 / FPS)


class Camera(Feed):
    """The painted puppet as the images of a camera."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        puppet = open_puppet("gestures", width=320, height=240, fps=FPS)
        self._images = [puppet.frame(number).image for number in range(2 * FPS)]
        self._publisher = node.create_publisher(Image, "image_raw", SENSOR)

    def draw(self, number: int) -> Image:
        """Return an image."""
        return image_to_message(self._images[number % len(self._images)], 0, "camera")

    def publish(self, message: Image) -> None:
        """Publish an image."""
        self._publisher.publish(message)


class Controller(Feed, Node):
    """Hears events as a controller does, and publishes keypoints in place of a camera.

    Attributes:
        events: All messages on `/action_recognition`, in the order of arrival.
    """

    def __init__(self) -> None:
        Node.__init__(self, "controller")
        Feed.__init__(self)
        self.events: list[msg.ActionEvent] = []
        self.create_subscription(msg.ActionEvent, "/action_recognition", self.events.append, EVENTS)
        self.keypoints = self.create_publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
        puppet = open_puppet("gestures", fps=FPS)
        self._frames = [puppet.truth(number) for number in range(10 * FPS)]

    def draw(self, number: int) -> msg.BodyHandKeypoints:
        """Return keypoints."""
        return keypoints_to_message(self._frames[number % len(self._frames)])

    def publish(self, message: msg.BodyHandKeypoints) -> None:
        """Publish keypoints."""
        self.keypoints.publish(message)

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
    """The processes of the nodes, and a controller beside them.

    Attributes:
        controller: Hears the events.
        feed: Shows somebody to the chain: the controller, or a camera.
        through: A command that starts the processes.
    """

    def __init__(self, controller: Controller, bundle: Path) -> None:
        self.controller = controller
        self.feed: Feed = controller
        self.through: Sequence[str] = ()
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
                assert self.change(name, number), (name, self.log(name)[-5:])

    def launch(
        self,
        name: str,
        parameters: Sequence[str] = (),
        before: str = "",
        through: Sequence[str] = (),
    ) -> None:
        """Start the process of a node, which stays unconfigured.

        Args:
            name: The node.
            parameters: Its arguments for ROS.
            before: Python code that the process runs first.
            through: A command that starts the process.
        """
        words = [*self._parameters.get(name, ()), *parameters]
        self.processes[name] = Process(
            before + NODE.format(name), "--ros-args", *words, through=[*self.through, *through]
        )

    def change(self, name: str, number: int) -> bool:
        """Let a node make a transition, once it answers; return whether it could."""
        # The service of a killed process is visible for a while, and does not answer.
        while not self.ask(GetState, f"{name}/get_state", seconds=ANSWER_SECONDS):
            assert self.processes[name].running, self.log(name)[-5:]
        answer = self.ask(ChangeState, f"{name}/change_state", transition=Transition(id=number))
        return bool(answer and answer.success)

    def log(self, name: str) -> list[str]:
        """Return what a node has logged."""
        return self.processes[name].lines["stderr"]

    def kill(self, name: str) -> None:
        """End a node as the kernel does that is short of memory."""
        self.processes[name].send(signal.SIGKILL)
        self.processes[name].wait()

    def check_alive(self) -> None:
        """Check that the chain finds a new action, and that no process ended or complained."""
        self.end_events()
        self.begin_event()
        self.end_events()
        for name, process in self.processes.items():
            assert process.running, (name, process.lines["stderr"][-5:])
            assert not any("Traceback" in line for line in process.lines["stderr"]), name

    def begin_event(self) -> None:
        """Show somebody until an event begins."""
        before = len(self.controller.onsets())
        self.show_until(lambda: len(self.controller.onsets()) > before, "a new ONSET")

    def show_until(
        self,
        condition: Callable[[], Any],
        what: str,
        change: Callable[[Any], None] | None = None,
    ) -> None:
        """Show frames, each changed by a function, until a condition holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"showed somebody for {PATIENCE:.0f} s without {what}"
            self.feed.show(1, change)

    def await_event(self) -> None:
        """Wait until an event is open."""
        wait_until(self.controller.open, "the ONSET")

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


@contextmanager
def run_chain(bundle: Path) -> Iterator[Chain]:
    """Yield a chain without processes; end those that it was given."""
    with ros([]), NodeRunner() as runner:
        controller = Controller()
        runner.add(controller)
        chain = Chain(controller, bundle)
        try:
            yield chain
        finally:
            for process in chain.processes.values():
                process.kill()


@pytest.fixture
def chain(ros_domain: int, eager_bundle: Path) -> Iterator[Chain]:
    """Yield a chain whose model recognises `wave` whenever somebody is in view."""
    with run_chain(eager_bundle) as chain:
        yield chain


@pytest.fixture
def make_camera() -> Callable[[Node], Camera]:
    """Return the function that makes a camera of a node."""
    return Camera


@pytest.fixture(scope="module")
def shared_chain(shared_ros_domain: int, eager_bundle: Path) -> Iterator[Chain]:
    """Yield such a chain that the tests of a module share."""
    with run_chain(eager_bundle) as chain:
        yield chain


@pytest.fixture(scope="module")
def running_chain(shared_chain: Chain) -> Chain:
    """Return the shared chain from keypoints on."""
    shared_chain.start("recognition", "action_event_publisher")
    return shared_chain


@pytest.fixture
def running(running_chain: Chain) -> Chain:
    """Return the shared chain from keypoints on, with an event open."""
    return renewed(running_chain)


@pytest.fixture(scope="module")
def filmed_chain(shared_chain: Chain) -> Chain:
    """Return the shared chain from images on."""
    shared_chain.feed = Camera(shared_chain.controller)
    shared_chain.start("pose_extraction", "recognition", "action_event_publisher")
    return shared_chain


@pytest.fixture
def filmed(filmed_chain: Chain) -> Chain:
    """Return the shared chain from images on, with an event open."""
    return renewed(filmed_chain)


def renewed(chain: Chain) -> Chain:
    """Return a chain with an event open, which is all that its controller remembers."""
    chain.end_events()
    chain.controller.events.clear()
    chain.begin_event()
    return chain
