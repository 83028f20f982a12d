"""Says what is missing when a node gets no input or no time."""

from __future__ import annotations

import math
import time

from rclpy.node import Node

from bharnet_ros.types.keypoints import NANOSECONDS

PATIENCE_SECONDS = 5.0
NODE_PATIENCE_SECONDS = 15.0
"""For what other nodes of the chain publish: they may still be loading."""
ANOTHER_CLOCK_SECONDS = 3600.0
CONTAINERS = "; if one of the two is in a container, start it with --ipc=host"
IMAGE, COMPRESSED_IMAGE = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


class InputWatch:
    """Notices that a topic brings nothing, or the same stamp again and again.

    Args:
        node: Asked who publishes; gets one log line for each new problem.
        topic: Full name of the topic.
        message_type: Its type.
    """

    def __init__(self, node: Node, topic: str, message_type: type) -> None:
        """Start to wait for the first message."""
        self._node = node
        self._topic = topic
        self._type = _type_name(message_type)
        self._images = self._type in (IMAGE, COMPRESSED_IMAGE)
        self._patience_s = PATIENCE_SECONDS if self._images else NODE_PATIENCE_SECONDS
        self._stamp_ns: int | None = None
        self._repeated = 0
        self._heard_at = self._new_at = time.monotonic()
        self._logged = ""

    def take(self, stamp_ns: int) -> None:
        """Note a message and its stamp, nanoseconds."""
        self._heard_at = time.monotonic()
        self._repeated += 1
        if stamp_ns != self._stamp_ns:
            self._stamp_ns, self._new_at, self._repeated = stamp_ns, self._heard_at, 0

    def problem(self) -> str:
        """Return what is wrong with the topic; empty if nothing is."""
        now = time.monotonic()
        problem, worth_a_line = "", True
        if now - self._heard_at > self._patience_s:
            problem, worth_a_line = self._nothing_comes()
        elif (
            self._stamp_ns is not None and self._repeated and now - self._new_at > self._patience_s
        ):
            problem = (
                f"{self._topic}: for {self._patience_s:.0f} s every message has had the stamp "
                f"{self._stamp_ns / NANOSECONDS:.3f} s and is ignored; it must be the capture time"
            )
        else:
            problem = self._several_publishers()
        if problem and worth_a_line and problem != self._logged:
            self._node.get_logger().warning(problem)
        self._logged = problem
        return problem

    def _several_publishers(self) -> str:
        """Return who publishes on the topic, if that are several: their messages mix."""
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        if len(publishers) < 2:
            return ""
        names = sorted({f"{one.node_namespace.rstrip('/')}/{one.node_name}" for one in publishers})
        return f"{self._topic}: has {len(publishers)} publishers, which mix: {', '.join(names)}"

    def _nothing_comes(self) -> tuple[str, bool]:
        """Return why nothing comes, and whether no other node is likely to log it."""
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        types = [one.topic_type for one in publishers]
        right, wrong = types.count(self._type), sorted(set(types) - {self._type})
        text = f"{self._topic}: no {self._type} for {self._patience_s:.0f} s; "
        if right:
            text += f"it has {_number(right)} of that type, silent"
            if self._images:
                text += CONTAINERS
            return text, self._images
        text += f"it has {_number(len(types))}"
        text += f" of {', '.join(wrong)}" if wrong else ""
        if self._images:
            text += f"; {describe_image_topics(self._node, self._topic)}"
        return text, True


class ClockWatch:
    """Notices that simulated time does not come, or that stamps are of another clock.

    Args:
        node: Its clock is watched; gets one log line for each new problem.
    """

    def __init__(self, node: Node) -> None:
        """Start to wait for the first time."""
        self._node = node
        self._since = time.monotonic()
        self._logged = ""

    def problem(self, latency_s: float | None) -> str:
        """Return what is wrong with the clock; empty if nothing is.

        Args:
            latency_s: Time from stamps to publication by this clock, seconds; None if unknown.
        """
        problem = ""
        if not self._node.get_clock().now().nanoseconds:
            if time.monotonic() - self._since > PATIENCE_SECONDS:
                publishers = self._node.count_publishers("/clock")
                problem = (
                    f"/clock: no time for {PATIENCE_SECONDS:.0f} s, which use_sim_time needs; it "
                    f"has {_number(publishers)}"
                )
        elif latency_s is not None and abs(latency_s) > ANOTHER_CLOCK_SECONDS:
            order = "before" if latency_s > 0 else "after"
            problem = (
                f"stamps are {abs(latency_s) / 3600:.0f} hours {order} the time of this node: set "
                "use_sim_time as the source of the images needs it, or the clock of the camera"
            )
        if problem and problem != self._logged:
            self._node.get_logger().warning(problem)
        self._logged = problem
        return problem


def age(node: Node, stamp_ns: int) -> float:
    """Return the seconds from a stamp until now on a node's clock; NaN if the clock is not set."""
    now_ns = node.get_clock().now().nanoseconds
    return (now_ns - stamp_ns) / NANOSECONDS if now_ns else math.nan


def describe_image_topics(node: Node, wanted: str) -> str:
    """Return which topics with a publisher carry images, for a user who looks for one.

    Args:
        node: Asked for its view of the graph.
        wanted: Topic to leave out.
    """
    found = sorted(
        f"{topic} ({kind.rpartition('/')[2]})"
        for topic, kinds in node.get_topic_names_and_types()
        for kind in kinds
        if kind in (IMAGE, COMPRESSED_IMAGE) and topic != wanted and node.count_publishers(topic)
    )
    return f"topics with images: {', '.join(found) or 'none'}"


def _type_name(message_type: type) -> str:
    return f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"


def _number(publishers: int) -> str:
    return {0: "no publisher", 1: "1 publisher"}.get(publishers, f"{publishers} publishers")
