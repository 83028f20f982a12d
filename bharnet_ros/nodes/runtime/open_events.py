"""Ends the events that a killed process left open, once those who heard them begin listen again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from bharnet_ros.recognition.events.journal import EventJournal
from bharnet_ros.types.actions import ActionEvent
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.locks import take_lock

CHECK_SECONDS = 0.1
SETTLED_SECONDS = 1.0
"""How long to wait after the first subscriber was found: the others are found at that time too."""

LONGEST_SECONDS = 10.0
"""How long to wait for a subscriber."""

WARN_SECONDS = 30.0


class OpenEvents:
    """Keeps the open events of a node in a file, and ends those of its predecessor.

    A file that cannot be used is reported, and the node goes on without it. One that cannot be
    written is written again, as a whole, with the next event.
    """

    def __init__(
        self,
        node: Node,
        publish: Callable[[Sequence[ActionEvent]], None],
        subscribers: Callable[[], int],
    ) -> None:
        """Start without a file.

        Args:
            node: The node.
            publish: Publishes events.
            subscribers: Returns the number of subscribers found.
        """
        self._node = node
        self._publish = publish
        self._subscribers = subscribers
        self._journal: EventJournal | None = None
        self._left: list[ActionEvent] = []
        self._timer: Timer | None = None
        self._waits_since = self._found_since = 0.0

    def begin(self) -> None:
        """Take the file; what a killed process left open in it ends soon."""
        try:
            self._journal = EventJournal(journal_path(self._node))
            self._left = self._journal.begin()
        except ValueError as error:
            # Another process of this name keeps its own events there, or the file is begun anew.
            self._node.get_logger().info(f"journal of open events: {error}")
        except (OSError, RuntimeError) as error:
            # Without HOME and ROS_HOME there is no folder for the file.
            self._warn(error)
            self._leave()
        if self._left:
            self._waits_since, self._found_since = time.monotonic(), 0.0
            self._timer = self._node.create_timer(
                CHECK_SECONDS, self._check, clock=Clock(clock_type=ClockType.STEADY_TIME)
            )

    def begun(self, events: Sequence[ActionEvent]) -> None:
        """Write events down before their ONSETs leave."""
        self._attempt(lambda journal: journal.begun(events))

    def ended(self, events: Sequence[ActionEvent]) -> None:
        """Strike events out after their OFFSETs have left."""
        self._attempt(lambda journal: journal.ended(events))

    def close(self) -> bool:
        """End what still waits to be ended, and leave the file; return whether something did."""
        ended = self._end_left()
        self._leave()
        return ended

    def _check(self) -> None:
        now = time.monotonic()
        if not self._found_since and self._subscribers():
            self._found_since = now
        settled = self._found_since and now - self._found_since >= SETTLED_SECONDS
        if settled or now - self._waits_since >= LONGEST_SECONDS:
            self._end_left()

    def _end_left(self) -> bool:
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        left, self._left = self._left, []
        if left:
            self._node.get_logger().warning(
                f"{len(left)} events of a process that was killed end now"
            )
            self._publish(left)
        return bool(left)

    def _attempt(self, work: Callable[[EventJournal], None]) -> None:
        if self._journal is None:
            return
        try:
            work(self._journal)
        except OSError as error:
            self._warn(error)

    def _leave(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _warn(self, error: Exception) -> None:
        self._node.get_logger().warning(
            f"journal of open events: {error}", throttle_duration_sec=WARN_SECONDS
        )


def take_scores(node: Node, topic: str) -> TextIO | None:
    """Take the scores of a topic for a node, so that no other of its name makes events of them too.

    Args:
        node: The node.
        topic: Full name of the topic.

    Returns:
        The lock, for `leave_lock`; None without a place for its file.

    Raises:
        InputError: Another process on this machine has them; names the topic.
    """
    try:
        place = journal_path(node)
        name = f"{place.stem}.of{topic.replace('/', '.')}.lock"
        lock = take_lock(place.with_name(name))
    except (OSError, RuntimeError):
        return None  # the journal says why
    if lock is None:
        raise InputError(
            f"{topic}: another process has a node {node.get_fully_qualified_name()} that makes "
            "events of it; stop one of the two, give it a namespace of its own, or set journal to "
            "false"
        )
    return lock


def journal_path(node: Node) -> Path:
    """Return the file of a node: in ROS_HOME (~/.ros), by ROS domain, namespace and name.

    Raises:
        RuntimeError: Neither ROS_HOME nor HOME is known.
    """
    home = Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")
    name = node.get_fully_qualified_name().strip("/").replace("/", ".")
    return home / "bharnet_ros" / f"{name}.domain_{node.context.get_domain_id()}.json"
