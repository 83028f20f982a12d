"""Does what a file says when somebody begins or ends an action: publish, call a service, run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.client import Client
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.task import Future

from bharnet_ros.msg import ActionEvent, ModelInfo
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import NodeDiagnostics
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import EVENTS, LATCHED, RELIABLE
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.reactions.commands import Commands
from bharnet_ros.reactions.labels import Labels
from bharnet_ros.reactions.reaction import Due, Reaction, Reactions, Run, Send
from bharnet_ros.reactions.reading import read_reactions
from bharnet_ros.resources import find_resource
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "file",
        "",
        "File of reactions; empty takes the package's example, config/reactions.yaml.",
        read_only=True,
    ),
    ParameterSpec(
        "dry_run",
        False,
        "Only log what would be done.",
        read_only=True,
    ),
)

CHECK_SECONDS = 0.2


class ReactionsNode(Node):
    """Reacts to events of `/action_recognition` as a file says.

    Attributes:
        counters: Counts of the node.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Read the file, and create its publishers and clients.

        Raises:
            InputError: The file cannot be used; names it and the key.
        """
        super().__init__("reactions", **kwargs)
        declare_parameters(self, PARAMETERS)
        settings = read_parameters(self, PARAMETERS)
        self._file = settings["file"] or str(find_resource("config/reactions.yaml"))
        self._dry_run: bool = settings["dry_run"]
        self.counters = NodeCounters()
        self._reactions = Reactions(read_reactions(self._file, find_interface))
        self._commands = Commands()
        self._outputs: dict[str, Publisher | Client] = {}
        self._answers: dict[str, Future] = {}
        if not self._dry_run:
            for reaction in self._reactions.all:
                if isinstance(reaction.deed, Send):
                    self._outputs[reaction.key] = self._make_output(reaction.key, reaction.deed)
        self.create_subscription(ModelInfo, "model_info", self._on_model_info, LATCHED)
        self.create_subscription(ActionEvent, "/action_recognition", self._on_event, EVENTS)
        self._diagnostics = NodeDiagnostics(self, self.counters, dict)
        self.create_timer(
            CHECK_SECONDS, self._check_commands, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def finish(self) -> None:
        """End the commands that still run."""
        self._commands.close()

    def _make_output(self, key: str, deed: Send) -> Publisher | Client:
        kind = find_interface(deed.type_name)
        try:
            if deed.to_service:
                return self.create_client(kind, deed.name)
            return self.create_publisher(kind, deed.name, RELIABLE)
        except NameValidationException as error:
            problem = str(error).splitlines()[0]
            raise InputError(f"{self._file}: {key}: {deed.name!r}: {problem}") from error

    def _on_model_info(self, message: ModelInfo) -> None:
        labels = Labels.of_message(message)
        for reaction in self._reactions.all:
            problem = labels.problem(reaction.labels)
            if problem:
                self.get_logger().warning(f"{self._file}: {reaction.key}: {problem}")

    def _on_event(self, message: ActionEvent) -> None:
        self.counters.count("received")
        try:
            due = self._reactions.take(message)
        except ValueError as error:
            self._diagnostics.reject(f"/action_recognition: {error}")
            return
        for reaction in due.reactions:
            self._react(reaction, due)

    def _react(self, reaction: Reaction, due: Due) -> None:
        deed, said = reaction.deed, due.said
        text = f"{said['{track_id}']} {said['{label}']} {said['{phase}']}: {deed.describe(said)}"
        if self._dry_run:
            self.get_logger().info(f"dry run: {text}")
            self.counters.count("dry runs")
            return
        self.get_logger().info(text)
        try:
            if isinstance(deed, Run):
                self._commands.start(reaction.key, deed, said)
            else:
                self._send(reaction.key, deed)
        except (ValueError, OSError) as error:
            self._failed(f"{reaction.key}: {error}")
            return
        self.counters.count("reactions")

    def _send(self, key: str, deed: Send) -> None:
        for time in deed.times:
            now = self.get_clock().now().to_msg()
            time.sec, time.nanosec = now.sec, now.nanosec
        output = self._outputs[key]
        if not isinstance(output, Client):
            output.publish(deed.message)
            return
        if not output.service_is_ready():
            raise InputError(f"nobody offers the service {deed.name}")
        earlier = self._answers.get(key)
        if earlier is not None and not earlier.done():
            output.remove_pending_request(earlier)
        self._answers[key] = output.call_async(deed.message)
        self._answers[key].add_done_callback(self._answered(key, deed.name))

    def _answered(self, key: str, service: str) -> Callable[[Future], None]:
        def log(answer: Future) -> None:
            if not answer.cancelled() and getattr(answer.result(), "success", True) is False:
                said = getattr(answer.result(), "message", "")
                self._failed(f"{key}: {service} failed: {said}")

        return log

    def _check_commands(self) -> None:
        for key, status in self._commands.ended().items():
            if status != 0:
                self._failed(f"{key}: the command ended with status {status}")

    def _failed(self, problem: str) -> None:
        self.counters.count("failed")
        self.get_logger().error(problem)


def find_interface(name: str) -> Any:
    """Return the class of a message or service, such as "geometry_msgs/msg/Twist".

    Raises:
        InputError: It is not installed.
    """
    package, kind, wanted = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.{kind}"), wanted)
    except (ImportError, AttributeError):
        raise InputError(f"{name} is not installed") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(ReactionsNode, arguments)
