"""Prints action events to the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from bharnet_ros.msg import ActionEvent
from bharnet_ros.nodes.conversions import time_to_ns
from bharnet_ros.nodes.runtime.qos import EVENTS
from bharnet_ros.types.actions import Hand, OffsetReason, Phase
from bharnet_ros.types.keypoints import NANOSECONDS


class EventPrinter(Node):
    """Prints one line for each message of this chain on `/action_recognition`, or its new name.

    Args:
        first_stamp_ns: Returns the stamp that printed times count from; None while it is unknown.
        show_latency: Whether to print latencies.
        is_ours: Returns whether the event of an id is of this chain; those of others are not shown.
        kwargs: Passed on to `rclpy.node.Node`.

    Attributes:
        printed: Number of printed events.
        on_closed: Called when nobody reads the output any more, as after `| head -1`.
    """

    def __init__(
        self,
        first_stamp_ns: Callable[[], int | None],
        show_latency: bool,
        is_ours: Callable[[str], bool],
        **kwargs: Any,
    ) -> None:
        """Subscribe."""
        super().__init__("event_printer", **kwargs)
        self._first_stamp_ns = first_stamp_ns
        self._show_latency = show_latency
        self._is_ours = is_ours
        self._others = False
        self._start_ns = self.get_clock().now().nanoseconds
        self.printed = 0
        self.on_closed: Callable[[], None] = lambda: None
        self.create_subscription(ActionEvent, "/action_recognition", self._on_event, EVENTS)

    def _on_event(self, message: ActionEvent) -> None:
        if not self._is_ours(message.event_id):
            # The OFFSETs of a killed chain come from this one.
            if not self._others and message.reason != OffsetReason.PUBLISHER_LOST.value:
                self._others = True
                self.get_logger().warning(
                    "/action_recognition: another chain publishes here too; its events are not "
                    "shown"
                )
            return
        origin_ns = self._first_stamp_ns()
        line = format_event(
            message, self._start_ns if origin_ns is None else origin_ns, self._show_latency
        )
        try:
            print(line, flush=True)
        except BrokenPipeError:
            # Further events, and what Python flushes at its exit, then cause no error.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
            self.on_closed()
        self.printed += 1


def format_event(message: ActionEvent, origin_ns: int, show_latency: bool) -> str:
    """Return the line to print for an event.

    Args:
        message: The event.
        origin_ns: Stamp that the printed time counts from, nanoseconds.
        show_latency: Whether to add the latency, if it is known.
    """
    onset = message.phase == Phase.ONSET
    at = (time_to_ns(message.start if onset else message.end) - origin_ns) / NANOSECONDS
    words = [
        "ONSET " if onset else "OFFSET",
        f"{message.label:<10}",
        f"track={message.track_id}",
        f"score={message.score:.2f}",
        f"t={at:.2f} s",
        f"hand={message.hand or Hand.NONE.value}",
    ]
    place = message.place
    if place.position_known:
        x, y, z = place.position.x, place.position.y, place.position.z
        words.append(f"position=({x:.2f}, {y:.2f}, {z:.2f}) m")
    if not onset:
        duration = (time_to_ns(message.end) - time_to_ns(message.start)) / NANOSECONDS
        words.append(f"duration={duration:.2f} s")
    if show_latency and time_to_ns(message.latency):
        words.append(f"latency={time_to_ns(message.latency) / 1e6:.0f} ms")
    if not onset:
        words.append(f"reason={message.reason}")
    return " ".join(words)
