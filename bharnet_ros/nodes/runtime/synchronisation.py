"""Topics whose messages belong together, by the message_filters of ROS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile

from bharnet_ros.types.errors import InputError


def import_message_filters(parameter: str) -> Any:
    """Return the module message_filters.

    Args:
        parameter: Which parameter asks for it, for the error.

    Raises:
        InputError: It is not installed.
    """
    try:
        import message_filters
    except ImportError as error:
        raise InputError(
            f"parameter {parameter}: needs message_filters, which is not installed: "
            "sudo apt install ros-jazzy-message-filters"
        ) from error
    return message_filters


class Synchronised:
    """Subscriptions whose messages are also handed over together when their stamps are close.

    Args:
        node: Subscribes.
        filters: The module message_filters.
        topics: Type, name and quality of service of each.
        together: Called with one message of each topic.
        queue: Messages of each topic that wait for the others.
        slop_s: Seconds by which stamps may differ.
        first: Called with every message of the first topic, before `together` is.
    """

    def __init__(
        self,
        node: Node,
        filters: Any,
        topics: Sequence[tuple[type, str, QoSProfile]],
        together: Callable[..., None],
        *,
        queue: int,
        slop_s: float,
        first: Callable[[Any], None] | None = None,
    ) -> None:
        """Subscribe."""
        self._node = node
        self._subscribers = [
            filters.Subscriber(node, kind, name, qos_profile=qos) for kind, name, qos in topics
        ]
        if first is not None:
            self._subscribers[0].registerCallback(first)
        self._synchroniser = filters.ApproximateTimeSynchronizer(self._subscribers, queue, slop_s)
        self._synchroniser.registerCallback(together)

    def also(self, number: int, callback: Callable[[Any], None]) -> None:
        """Call back with every message of one topic too, after `together` where that is due."""
        self._subscribers[number].registerCallback(callback)

    def forget(self) -> None:
        """Let go of all that waits, as after a jump of time; not to be called by `together`.

        A full queue of later stamps would push every earlier one out at once.
        """
        for queue in self._synchroniser.queues:
            queue.clear()

    def topic(self, number: int) -> str:
        """Return the full name of one topic."""
        return str(self._subscribers[number].sub.topic_name)

    def close(self) -> None:
        """End the subscriptions."""
        for subscriber in self._subscribers:
            self._node.destroy_subscription(subscriber.sub)
        self._subscribers = []
