"""Fixtures for tests of real nodes: a running rclpy, and a node that publishes and subscribes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.spin import NodeRunner, ros
from bharnet_ros.sources.video import open_source

PATIENCE = 60.0


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait for a true value of `condition` and return it; fail naming `what`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.01)


class Probe(Node):
    """Publishes to the nodes under test, and subscribes to their topics."""

    def __init__(self) -> None:
        super().__init__("probe")
        self._lock = threading.Lock()

    def listen(self, message_type: type, topic: str, qos: QoSProfile) -> list[Any]:
        """Return a list that every message on `topic` is appended to."""
        messages: list[Any] = []
        self.create_subscription(message_type, topic, messages.append, qos)
        return messages

    def publisher(self, message_type: type, topic: str, qos: QoSProfile) -> Callable[[Any], None]:
        """Return a function that publishes on `topic`, once it has a subscriber."""
        publisher = self.create_publisher(message_type, topic, qos)

        def publish(message: Any) -> None:
            wait_until(publisher.get_subscription_count, f"a subscriber of {topic}")
            publisher.publish(message)

        return publish


class Graph:
    """The nodes under test, spun, and a probe."""

    def __init__(self, runner: NodeRunner) -> None:
        self.runner = runner
        self.probe = Probe()
        runner.add(self.probe)

    def add(self, node: Node) -> Any:
        self.runner.add(node)
        return node

    def add_active(self, node: ManagedNode) -> Any:
        """Add a lifecycle node, configure and activate it."""
        self.add(node)
        for transition in (node.trigger_configure, node.trigger_activate):
            assert self.call(transition) is TransitionCallbackReturn.SUCCESS
        return node

    def call(self, function: Callable[[], Any], node: Node | None = None) -> Any:
        """Run a function on the thread of a node; for a method, its own node by default."""
        return self.runner.call(node or function.__self__, function)

    def on_match(self, publisher_node: Node, topic: str) -> None:
        """Wait until a publisher of the node has found a subscriber of the topic."""
        wait_until(
            lambda: [
                publisher
                for publisher in publisher_node.publishers
                if publisher.topic_name == topic and publisher.get_subscription_count()
            ],
            f"a subscriber of {topic}",
        )


@pytest.fixture
def graph(ros_domain: int) -> Iterator[Graph]:
    """Yield a graph with a running rclpy in its own domain."""
    with ros([]), NodeRunner() as runner:
        yield Graph(runner)


@pytest.fixture
def wait() -> Callable[..., Any]:
    """Return `wait_until`."""
    return wait_until


class ParameterSetter:
    """Sets parameters of a node together, by the service of ROS."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._clients: dict[str, Any] = {}

    def start(self, node: str, *parameters: Parameter, **values: Any) -> Any:
        """Send the request; return the future of the answer."""
        name = f"{node}/set_parameters_atomically"
        if name not in self._clients:
            self._clients[name] = self._graph.probe.create_client(SetParametersAtomically, name)
        client = self._clients[name]
        assert client.wait_for_service(timeout_sec=PATIENCE)
        given = [*parameters, *(Parameter(key, value=value) for key, value in values.items())]
        messages = [one.to_parameter_msg() for one in given]
        return client.call_async(SetParametersAtomically.Request(parameters=messages))

    def __call__(self, node: str, *parameters: Parameter, **values: Any) -> SetParametersResult:
        """Send the request and wait for the result."""
        future = self.start(node, *parameters, **values)
        wait_until(future.done, f"the parameters of {node}")
        return future.result().result


@pytest.fixture
def set_parameters(graph: Graph) -> ParameterSetter:
    """Return a function that sets parameters of a node by its service."""
    return ParameterSetter(graph)


@pytest.fixture
def ask(graph: Graph) -> Callable[..., Any]:
    """Return a function that calls a service and returns its answer."""

    def call(service: Any, name: str, **request: Any) -> Any:
        client = graph.probe.create_client(service, name)
        assert client.wait_for_service(timeout_sec=PATIENCE)
        future = client.call_async(service.Request(**request))
        wait_until(future.done, f"the answer of {name}")
        return future.result()

    return call


@pytest.fixture(scope="session")
def person_image() -> Any:
    """Return an (480, 640, 3) RGB image of a person."""
    with open_source("puppet:rest") as source:
        return next(iter(source)).image
