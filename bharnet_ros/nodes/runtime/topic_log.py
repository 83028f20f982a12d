"""Passes the reports of a step of the chain to the log and the counters of its node."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from bharnet_ros.nodes.runtime.managed import ManagedNode


class TopicLog:
    """The `MessageLog` of a node; every log line names the topic."""

    def __init__(self, node: ManagedNode, topic: Callable[[], str]) -> None:
        """Log for a node.

        Args:
            node: Counts and logs.
            topic: Returns the full name of the topic.
        """
        self._node = node
        self._topic = topic
        self._warned_at: dict[str, float] = {}

    def count(self, what: str) -> None:
        """Add one to a counter of the node."""
        self._node.counters.count(what)

    def reject(self, problem: str) -> None:
        """Count a message that cannot be used, and log why, at most every 5 s."""
        self._node.reject(f"{self._topic()}: {problem}")

    def warn(self, text: str, period_s: float = 0.0) -> None:
        """Log a warning, at most once in `period_s` seconds of the wall clock."""
        if period_s > 0:
            now = time.monotonic()
            if now - self._warned_at.get(text, -math.inf) < period_s:
                return
            self._warned_at[text] = now
        self._node.get_logger().warning(f"{self._topic()}: {text}")
