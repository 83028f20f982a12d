"""The node behind the page: keeps what the chain publishes and asks its services."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.task import Future
from std_srvs.srv import Trigger

from bharnet_ros import srv
from bharnet_ros.msg import ActionEvent, ActionScores, ModelInfo, TeachingProgress
from bharnet_ros.nodes.action_event_publisher import PARAMETERS as EVENT_PARAMETERS
from bharnet_ros.nodes.page.images import ImageFeed
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import NodeDiagnostics
from bharnet_ros.nodes.runtime.parameters import ParameterSpec, declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import EVENTS, LATCHED, RELIABLE
from bharnet_ros.page.health import ChainHealth
from bharnet_ros.page.history import History
from bharnet_ros.page.tuning import NODE as EVENT_NODE
from bharnet_ros.page.tuning import used_parameters
from bharnet_ros.recognition.events.parameters import EventModel, EventParameters
from bharnet_ros.types.errors import InputError

DEFAULT_PORT = 8090
ANSWER_SECONDS = 60.0
KEPT_PROGRESS = 100
OWN_NAMESPACE = "page_"
"""Begins the namespace of a chain that the page has started, unless the user names one."""
FRESH_SECONDS = 5.0
"""How long parameters of another node are believed to be as they were."""

PARAMETERS = (
    ParameterSpec(
        "port",
        DEFAULT_PORT,
        "TCP port of the page; 0 takes a free one.",
        low=0,
        high=65535,
        read_only=True,
    ),
    ParameterSpec(
        "listen",
        False,
        "Whether other machines may use the page; they need the token that is printed.",
        read_only=True,
    ),
)

_SERVICES = {
    "recognition/teach": srv.Teach,
    "recognition/stop_teaching": Trigger,
    "recognition/teach_from_window": srv.TeachFromWindow,
    "recognition/teach_moment": srv.TeachMoment,
    "recognition/forget": srv.Forget,
    "recognition/rename_gesture": srv.RenameGesture,
    "recognition/remove_example": srv.RemoveExample,
    "recognition/get_example": srv.GetExample,
    "recognition/list_gestures": srv.ListGestures,
    "recognition/check_gestures": srv.CheckGestures,
    f"{EVENT_NODE}/get_parameters": GetParameters,
    f"{EVENT_NODE}/set_parameters_atomically": SetParametersAtomically,
}


class PageNode(Node):
    """Attaches to the topics and services of a chain in its namespace.

    The web server runs on another thread: it reads `history` and `health` while it holds `lock`.

    Attributes:
        settings: Values of its parameters.
        lock: Held while what the chain published is read or written.
        history: Model, scores and events.
        health: What the nodes report.
        images: Camera images with keypoints.
        progress: The last progress of lessons, oldest first.
        progress_count: How often there was progress.
        notice: What the page says beside what the chain reports, such as that its process ended.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Subscribe to all that is small; images only while they are looked at."""
        super().__init__("page", **kwargs)
        declare_parameters(self, PARAMETERS)
        self.settings = read_parameters(self, PARAMETERS)
        self.counters = NodeCounters()
        self.lock = threading.RLock()
        self.history = History()
        self.health = ChainHealth(self.get_namespace())
        self.images = ImageFeed(self, self.counters, self._open_actions)
        self.progress: deque[TeachingProgress] = deque(maxlen=KEPT_PROGRESS)
        self.progress_count = 0
        self.notice = ""
        self._parameters: dict[str, Any] = {}
        self._parameters_at = -FRESH_SECONDS
        self._clients_of = {
            name: self.create_client(kind, name) for name, kind in _SERVICES.items()
        }
        for message_type, topic, callback, qos in (
            (ModelInfo, "model_info", self._on_model, LATCHED),
            (ActionScores, "action_scores", self._on_scores, RELIABLE),
            (ActionEvent, "/action_recognition", self._on_event, EVENTS),
            (TeachingProgress, "recognition/teaching", self._on_progress, LATCHED),
            (DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE),
        ):
            self.create_subscription(message_type, topic, callback, qos)
        self._diagnostics = NodeDiagnostics(self, self.counters, dict)
        self.create_timer(1.0, self._check, clock=Clock(clock_type=ClockType.STEADY_TIME))

    async def ask(self, name: str, **fields: Any) -> Any:
        """Call a service of the chain and return its answer; on the thread of the web server.

        Args:
            name: Name of the service, such as "recognition/teach".
            fields: Fields of the request.

        Raises:
            InputError: Nobody answers, or the answer says that it was not done, and why.
        """
        client = self._clients_of[name]
        if not client.service_is_ready():
            raise InputError(f"{name.partition('/')[0]} does not answer: it is not running")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def deliver(done: Future) -> None:
            def set_result() -> None:
                if not answer.done():
                    answer.set_result(done.result())

            loop.call_soon_threadsafe(set_result)

        request = client.call_async(_SERVICES[name].Request(**fields))
        request.add_done_callback(deliver)
        try:
            response = await asyncio.wait_for(answer, ANSWER_SECONDS)
        except asyncio.TimeoutError:
            client.remove_pending_request(request)
            raise InputError(f"{name}: no answer for {ANSWER_SECONDS:g} s") from None
        if not getattr(response, "success", True):
            raise InputError(response.message)
        return response

    async def event_parameters(self) -> dict[str, Any]:
        """Return the parameters of the node that finds events, by name.

        Raises:
            InputError: It does not answer.
        """
        names = [spec.name for spec in EVENT_PARAMETERS]
        response = await self.ask(f"{EVENT_NODE}/get_parameters", names=names)
        values = [parameter_value_to_python(value) for value in response.values]
        self._parameters = dict(zip(names, values, strict=True))
        self._parameters_at = time.monotonic()
        return self._parameters

    async def used_parameters(self, model: EventModel) -> EventParameters:
        """Return the event parameters in use; those of the model if they cannot be found out."""
        if time.monotonic() - self._parameters_at > FRESH_SECONDS:
            self._parameters_at = time.monotonic()
            with suppress(InputError):
                await self.event_parameters()
        try:
            return used_parameters(model, self._parameters)
        except InputError:
            return model.parameters

    async def set_event_parameters(self, values: dict[str, Any]) -> None:
        """Set parameters of the node that finds events, all or none.

        Raises:
            InputError: It does not answer, or refuses; says why.
        """
        messages: list[ParameterMessage] = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        response = await self.ask(f"{EVENT_NODE}/set_parameters_atomically", parameters=messages)
        if not response.result.successful:
            raise InputError(response.result.reason or "the parameters were refused")
        self._parameters_at = -FRESH_SECONDS

    def _open_actions(self) -> dict[str, str]:
        with self.lock:
            return self.history.open_actions

    def _on_model(self, message: ModelInfo) -> None:
        with self.lock:
            self.history.take_model(message)

    def _on_scores(self, message: ActionScores) -> None:
        with self.lock:
            self.history.take_scores(message)

    def _on_event(self, message: ActionEvent) -> None:
        with self.lock:
            self.history.take_event(message)

    def _on_progress(self, message: TeachingProgress) -> None:
        with self.lock:
            self.progress.append(message)
            self.progress_count += 1

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        with self.lock:
            self.health.take(message, time.monotonic())

    def _check(self) -> None:
        with self.lock:
            if self.health.stopped(EVENT_NODE, time.monotonic()):
                self.history.end_events()


def namespace_arguments(namespace: str | None) -> Sequence[str]:
    """Return the ROS arguments that put a node into a namespace; none for None."""
    return [] if namespace is None else ["-r", f"__ns:=/{namespace.strip('/')}"]
