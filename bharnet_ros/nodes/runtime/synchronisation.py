"""Subscriptions to topics whose messages are matched by stamp, with message_filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile


class Synchronised:
    """Subscriptions to several topics, whose messages are matched by stamp.

    Args:
        node: Subscribes.
        filters: The module message_filters.
        topics: Message type, name and quality of service of each topic.
        on_match: Called with one message of each topic.
        queue: Maximum number of messages of each topic that wait for the others.
        slop_s: Maximum difference of matching stamps, seconds.
        on_first: Called with every message of the first topic, before `on_match`.
    """

    def __init__(
        self,
        node: Node,
        filters: Any,
        topics: Sequence[tuple[type, str, QoSProfile]],
        on_match: Callable[..., None],
        *,
        queue: int,
        slop_s: float,
        on_first: Callable[[Any], None] | None = None,
    ) -> None:
        """Subscribe."""
        self._node = node
        self._subscribers = [
            filters.Subscriber(node, kind, name, qos_profile=qos) for kind, name, qos in topics
        ]
        if on_first is not None:
            self._subscribers[0].registerCallback(on_first)
        self._synchroniser = filters.ApproximateTimeSynchronizer(self._subscribers, queue, slop_s)
        self._synchroniser.registerCallback(on_match)

    def add_callback(self, number: int, callback: Callable[[Any], None]) -> None:
        """Add a callback for every message of one topic; a match calls `on_match` first."""
        self._subscribers[number].registerCallback(callback)

    def clear(self) -> None:
        """Drop all waiting messages, as after a time jump; must not be called by `on_match`.

        A full queue of later stamps would push out every earlier one at once.
        """
        for queue in self._synchroniser.queues:
            queue.clear()

    def topic(self, number: int) -> str:
        """Return the full name of one topic."""
        return str(self._subscribers[number].sub.topic_name)

    def close(self) -> None:
        """Destroy the subscriptions."""
        for subscriber in self._subscribers:
            self._node.destroy_subscription(subscriber.sub)
        self._subscribers = []
