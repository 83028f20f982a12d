"""Positions in another frame, by TF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from bharnet_ros.nodes.conversions import time_from_ns
from bharnet_ros.types.places import Point, transformed


class TargetFrame:
    """A frame that positions are asked for in; listens to /tf and /tf_static.

    Attributes:
        frame: Name of the frame.
    """

    def __init__(self, node: Node, tf2: Any, frame: str, warn: Callable[[str], None]) -> None:
        """Subscribe to transforms.

        Args:
            node: Subscribes.
            tf2: The module tf2_ros.
            frame: Name of the frame.
            warn: Called with why a position is not known.
        """
        self.frame = frame
        self._tf2 = tf2
        self._warn = warn
        self._buffer = tf2.Buffer()
        self._listener = tf2.TransformListener(self._buffer, node)

    def close(self) -> None:
        """Unsubscribe."""
        self._listener.unregister()

    def position(self, point: Point, frame: str, stamp_ns: int) -> Point | None:
        """Return a point in the target frame; None if TF does not know the transform at that time.

        Args:
            point: Metres.
            frame: Frame of the point.
            stamp_ns: Time of the point, nanoseconds.
        """
        try:
            found = self._buffer.lookup_transform(self.frame, frame, time_from_ns(stamp_ns))
        except self._tf2.TransformException as error:
            # Messages of TF end with a space, and have two between sentences.
            self._warn(f"parameter target_frame: {' '.join(str(error).split())}")
            return None
        move, turn = found.transform.translation, found.transform.rotation
        return transformed(point, (move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w))
