"""Scores in, action events out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TextIO

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecyclePublisher
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from bharnet_ros.msg import ActionEvent as ActionEventMessage
from bharnet_ros.msg import ActionScores, ModelInfo
from bharnet_ros.nodes.conversions import event_to_message, time_to_ns
from bharnet_ros.nodes.event_parameters import PARAMETERS
from bharnet_ros.nodes.runtime.changes import Change
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.open_events import OpenEvents, take_scores
from bharnet_ros.nodes.runtime.optional_packages import import_package
from bharnet_ros.nodes.runtime.qos import EVENTS, LATCHED, RELIABLE
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.nodes.runtime.topic_log import TopicLog
from bharnet_ros.nodes.runtime.transforms import TargetFrame
from bharnet_ros.pipeline.scores_to_events import ScoresToEvents
from bharnet_ros.recognition.events.overrides import (
    EventOverrides,
    check_change,
    event_overrides,
)
from bharnet_ros.recognition.events.parameters import EventModel
from bharnet_ros.types.actions import ActionEvent, OffsetReason
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.locks import leave_lock
from bharnet_ros.types.stamps import Silence

KNOWN_EVENTS = 1000

OF_KILLED_PROCESS = "ended for a killed process"
"""Counter of OFFSETs for ONSETs of another process."""

ACKNOWLEDGE_SECONDS = 4.0
"""Without config/fastdds.xml, Fast DDS asks subscribers only every 3 s what they received."""


class ActionEventPublisher(ManagedNode):
    """Turns scores into exactly one ONSET and one OFFSET for each action.

    The callback processes every scores message: that is cheap, and none may be lost. Class names
    come from the `model_info` of the recognition node.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters."""
        super().__init__("action_event_publisher", PARAMETERS, **kwargs)
        self._overrides = EventOverrides()
        self._step: ScoresToEvents | None = None
        self._model: ModelInfo | None = None
        self._publisher: LifecyclePublisher | None = None
        self._scores: Subscription | None = None
        self._model_info: Subscription | None = None
        self._timer: Timer | None = None
        self._silence: Silence | None = None
        self._target: TargetFrame | None = None
        self._last_stamp_ns: int | None = None
        self._event_ids: dict[str, None] = {}
        self._open_events: OpenEvents | None = None
        self._lock: TextIO | None = None

    @property
    def last_stamp_ns(self) -> int | None:
        """Stamp of the newest processed scores, nanoseconds; None before the first."""
        return self._last_stamp_ns

    @property
    def class_names(self) -> tuple[str, ...]:
        """Classes of the model, with the background; empty while they are unknown."""
        return () if self._step is None else self._step.class_names

    def has_published(self, event_id: str) -> bool:
        """Return whether an event is of this node, and one of its newest."""
        return event_id in self._event_ids

    def configure(self, parameters: dict[str, Any]) -> None:
        """Check the parameters and subscribe to model_info."""
        target = parameters["target_frame"]
        tf2 = import_package("tf2_ros", "parameter target_frame") if target else None
        self._overrides = event_overrides(parameters)
        self._step = ScoresToEvents(
            self._overrides, TopicLog(self, lambda: self._topic(self._scores))
        )
        self._publisher = self.create_lifecycle_publisher(
            ActionEventMessage, "/action_recognition", EVENTS
        )
        if tf2 is not None:
            self._target = TargetFrame(self, tf2, target, self._without_transform)
        # Already here, so that class names are known when the first scores arrive.
        self._model_info = self.create_subscription(
            ModelInfo, "model_info", self._on_model_info, LATCHED
        )

    def activate(self) -> None:
        """Subscribe to scores."""
        self._silence = Silence(self.get_clock().now().nanoseconds, time.monotonic())
        if self._publisher is not None and self.get_parameter("journal").value:
            self._lock = take_scores(self, self.resolve_topic_name("action_scores"))
            self._open_events = OpenEvents(
                self, self._end_left, self._publisher.get_subscription_count
            )
            self._open_events.begin()
        self._use_model()
        self._scores = self.create_subscription(
            ActionScores,
            "action_scores",
            self._on_scores,
            RELIABLE,
            event_callbacks=self.count_lost("action_scores"),
        )
        self.watch_input(self._topic(self._scores), ActionScores)
        # A steady clock, because simulated time stands still when its source is lost too.
        self._timer = self.create_timer(
            self._check_period_ns / NANOSECONDS,
            self._check_source,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def deactivate(self) -> None:
        """Stop taking scores and close every event."""
        if self._scores is not None:
            self.destroy_subscription(self._scores)
            self._scores = None
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        ended = self._end_events(OffsetReason.SHUTDOWN)
        if self._open_events is not None:
            ended = self._open_events.close() or ended
            self._open_events = None
        if ended:
            self._wait_for_subscribers()
        if self._step is not None:
            self._step.reset()
        self._last_stamp_ns = None
        if self._lock is not None:
            leave_lock(self._lock)
            self._lock = None

    def release(self) -> None:
        """Destroy the publisher and the subscription."""
        if self._model_info is not None:
            self.destroy_subscription(self._model_info)
            self._model_info = None
        self._model = self._step = None
        if self._target is not None:
            self._target.close()
            self._target = None
        if self._publisher is not None:
            self.destroy_lifecycle_publisher(self._publisher)
            self._publisher = None

    def plan_change(self, parameters: Mapping[str, Any], changed: frozenset[str]) -> Change:
        """Check the parameters against the model; they decide from the next scores on."""
        overrides = event_overrides(parameters)
        if self._step is not None:
            self._step.check_overrides(overrides)
        return Change(lambda _: self._change_overrides(overrides))

    def check_model(self, model: EventModel) -> None:
        """Check that the parameters fit a model.

        Raises:
            InputError: They do not; names the parameter.
        """
        check_change(model, self._overrides, self._overrides)

    def _change_overrides(self, overrides: EventOverrides) -> None:
        self._overrides = overrides
        if self._step is not None:
            self._step.change_overrides(overrides)
            if self._scores is not None and not self._step.class_names:
                # The model may fit these.
                self._use_model()
        if self._timer is not None:
            self._timer.timer_period_ns = self._check_period_ns

    @property
    def _check_period_ns(self) -> int:
        return round(self._overrides.values["source_timeout_s"] / 8 * NANOSECONDS)

    def describe(self) -> dict[str, str]:
        """Return the model and the number of open events."""
        open_events = self._step.open_events if self._step is not None else 0
        model = self._model.name if self._model is not None else ""
        return {"model": model, "open events": str(open_events)}

    def close_events(self, reason: OffsetReason) -> None:
        """End every open event for `reason`, and wait until subscribers have the OFFSETs."""
        if self._end_events(reason):
            self._wait_for_subscribers()

    def _end_events(self, reason: OffsetReason) -> bool:
        """End every open event for `reason`; return whether there was one."""
        events = self._step.close(reason) if self._step is not None else []
        self._publish(events)
        return bool(events)

    def _wait_for_subscribers(self) -> None:
        """Wait until subscribers have the last events."""
        if self._publisher is None:
            return
        if not self._publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_SECONDS)):
            self.get_logger().warning(
                f"{self._publisher.topic_name}: a subscriber did not acknowledge the last events"
            )

    def _on_model_info(self, message: ModelInfo) -> None:
        self._model = message
        if self._scores is not None:
            self._use_model()

    def _use_model(self) -> None:
        """Accept scores of the model in the last model_info, if there is one and it is usable."""
        if self._step is None or self._model is None:
            return
        events, problem = self._step.take_model(self._model)
        self._publish(events)
        if problem:
            topic = self._topic(self._model_info)
            self.reject(f"{topic} with the parameters of this node: {problem}")

    def _on_scores(self, message: ActionScores) -> None:
        self.counters.count("received")
        self.heard(time_to_ns(message.header.stamp))
        taken = self._step.take(message) if self._step is not None else None
        if taken is None:
            return
        # Only now: what cannot be used ends no event, so it must not keep one open.
        if self._silence is not None:
            self._silence.received(self.get_clock().now().nanoseconds, time.monotonic())
        scores, events = taken
        self._publish(events)
        # Last, so that a caller that waits for this stamp finds the events published.
        self._last_stamp_ns = scores.stamp_ns

    def _publish(self, events: Sequence[ActionEvent]) -> None:
        for event in events:
            self._event_ids[event.event_id] = None
            if len(self._event_ids) > KNOWN_EVENTS:
                del self._event_ids[next(iter(self._event_ids))]
        if events:
            self._send(events)

    def _end_left(self, events: Sequence[ActionEvent]) -> None:
        """Publish OFFSETs of events of another process, which say nothing of this one's work."""
        self.counters.count(OF_KILLED_PROCESS, len(events))
        self._send(events, ours=False)

    def _send(self, events: Sequence[ActionEvent], *, ours: bool = True) -> None:
        if self._publisher is None:
            return
        if self._open_events is not None:
            self._open_events.begun(events)
        for event in events:
            now_ns = self.get_clock().now().nanoseconds
            self._publisher.publish(event_to_message(self._located(event), now_ns))
            if ours:
                self.counters.published(self.age(event.stamp_ns))
        if self._open_events is not None:
            self._open_events.ended(events)

    def _located(self, event: ActionEvent) -> ActionEvent:
        """Return an event with the position in the target frame, if one is asked for and known."""
        target, position = self._target, event.place.position
        if target is None:
            return event
        if position is not None:
            position = target.position(position, event.frame_id, event.stamp_ns)
        return replace(event, target_frame=target.frame, target_position=position)

    def _without_transform(self, problem: str) -> None:
        self.counters.count("without transform")
        self.get_logger().warning(problem, throttle_duration_sec=LOG_PERIOD)

    def _check_source(self) -> None:
        if self._silence is None:
            return
        silence = self._silence.seconds(self.get_clock().now().nanoseconds, time.monotonic())
        if silence <= self._overrides.values["source_timeout_s"]:
            return
        if self._step is not None and self._step.open_events:
            self.get_logger().warning(
                f"{self._topic(self._scores)}: no usable scores for {silence:.1f} s; events end"
            )
            self.close_events(OffsetReason.SOURCE_LOST)

    @staticmethod
    def _topic(subscription: Subscription | None) -> str:
        return subscription.topic_name if subscription is not None else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(ActionEventPublisher, arguments)
