"""The action server `wait_for_action`: waits until somebody begins an action."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from bharnet_ros.action import WaitForAction
from bharnet_ros.msg import ActionEvent, ActionScores, ModelInfo
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD, NodeDiagnostics
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import EVENTS, LATCHED, RELIABLE
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.reactions.waiting import Outcome, Wait, WaitGoal, Waits
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "silence_s",
        2.0,
        "How long scores may be missing before a steady clock counts the time-outs, s.",
        low=0.1,
        high=60.0,
        read_only=True,
    ),
)

CHECK_SECONDS = 0.1

MOST_GOALS = 64
"""Goals that may wait at once; each gets feedback with every scores message."""

RESULT_SECONDS = 10
"""How long a result is kept for a client that asks for it late."""


class WaitForActionServer(Node):
    """Offers `wait_for_action` to several clients at once; at most `MOST_GOALS` goals wait.

    A goal is executed only when its wait is over: a coroutine that waits would keep the executor of
    rclpy busy all the time.

    Attributes:
        counters: Counts of the node.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Subscribe, and offer the action."""
        super().__init__("wait_for_action", **kwargs)
        declare_parameters(self, PARAMETERS)
        self.counters = NodeCounters()
        self._waits = Waits(read_parameters(self, PARAMETERS)["silence_s"])
        self._goals: dict[Wait, ServerGoalHandle] = {}
        for kind, topic, qos, take in (
            (ModelInfo, "model_info", LATCHED, self._waits.take_model),
            (ActionScores, "action_scores", RELIABLE, self._take_scores),
            (ActionEvent, "/action_recognition", EVENTS, self._waits.take_event),
        ):
            self.create_subscription(kind, topic, partial(self._take, topic, take), qos)
        self._server = ActionServer(
            self,
            WaitForAction,
            "wait_for_action",
            self._conclude,
            goal_callback=self._admit,
            handle_accepted_callback=self._accept,
            cancel_callback=self._cancel,
            result_timeout=RESULT_SECONDS,
        )
        self._diagnostics = NodeDiagnostics(self, self.counters, self.describe)
        self.create_timer(
            CHECK_SECONDS,
            lambda: self._answer(self._waits.check()),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def finish(self) -> None:
        """End every wait; its client is told."""
        waits = self._waits.waiting
        self._answer(self._waits.end(waits, Outcome.SHUTDOWN, "the server was stopped"))

    def destroy_node(self) -> None:
        """Destroy the action server with the node."""
        self._server.destroy()
        super().destroy_node()

    def describe(self) -> dict[str, str]:
        """Return the number of goals that wait, for the diagnostics."""
        return {"waiting goals": str(len(self._waits.waiting))}

    def _take(self, topic: str, take: Callable[[Any], list[Wait]], message: Any) -> None:
        self.counters.count("received")
        try:
            self._answer(take(message))
        except ValueError as error:
            self._diagnostics.reject(f"{self.resolve_topic_name(topic)}: {error}")

    def _take_scores(self, message: ActionScores) -> list[Wait]:
        ended = self._waits.take_scores(message)
        for wait in self._waits.waiting:
            ranking = wait.ranking
            self._goals[wait].publish_feedback(
                WaitForAction.Feedback(
                    labels=[label for label, _ in ranking],
                    scores=[score for _, score in ranking],
                    waited=self._waits.waited_s(wait),
                )
            )
        return ended

    def _admit(self, _wanted: WaitForAction.Goal) -> GoalResponse:
        if len(self._waits.waiting) < MOST_GOALS:
            return GoalResponse.ACCEPT
        self.counters.count("rejected goals")
        self.get_logger().warning(
            f"wait_for_action: goal rejected: {MOST_GOALS} goals wait already",
            throttle_duration_sec=LOG_PERIOD,
        )
        return GoalResponse.REJECT

    def _accept(self, goal: ServerGoalHandle) -> None:
        wanted = goal.request
        wait = self._waits.start(
            WaitGoal(
                labels=tuple(wanted.labels),
                track_id=wanted.track_id,
                timeout_s=wanted.timeout,
                accept_open=wanted.accept_open,
            )
        )
        self._goals[wait] = goal
        if wait.ending is not None:
            self._answer([wait])

    def _cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        for wait in self._waits.waiting:
            if self._goals[wait] == goal:
                self._waits.end([wait], Outcome.CANCELLED, "cancelled")
                # Later, because the goal is in the state of being cancelled only after this.
                self.executor.create_task(self._answer, [wait])
                return CancelResponse.ACCEPT
        return CancelResponse.REJECT

    def _answer(self, ended: Iterable[Wait]) -> None:
        """Send the results of waits that have ended."""
        for wait in ended:
            self._goals.pop(wait).execute(partial(self._conclude, wait=wait))

    def _conclude(self, goal: ServerGoalHandle, wait: Wait) -> WaitForAction.Result:
        ending = wait.ending
        assert ending is not None
        if ending.outcome is Outcome.HAPPENED:
            goal.succeed()
        elif ending.outcome is Outcome.CANCELLED:
            goal.canceled()
        else:
            goal.abort()
        if ending.outcome is Outcome.REFUSED:
            self.get_logger().warning(f"goal refused: {ending.text}")
        self.counters.count(ending.outcome.name.lower().replace("_", " "))
        return WaitForAction.Result(
            outcome=int(ending.outcome), event=ending.event or ActionEvent(), text=ending.text
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(WaitForActionServer, arguments)
