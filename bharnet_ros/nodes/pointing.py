"""Keypoints with depth in, rays along stretched arms out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.node import Node

from bharnet_ros.msg import BodyHandKeypoints, PointingRays
from bharnet_ros.nodes.conversions import keypoints_from_message, pointing_to_message
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD, NodeDiagnostics
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.nodes.runtime.watching import age
from bharnet_ros.pipeline.message_log import WITHOUT_DEPTH
from bharnet_ros.recognition.pointing import SETTLED_S, PointingFinder
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "settled_s",
        SETTLED_S,
        "Time over which a direction is averaged, and for half of which an arm must be stretched, "
        "s.",
        low=0.0,
        high=5.0,
        read_only=True,
    ),
)


class Pointing(Node):
    """Publishes where people point, for every frame of keypoints with depth."""

    def __init__(self, **kwargs: Any) -> None:
        """Subscribe to keypoints."""
        super().__init__("pointing", **kwargs)
        declare_parameters(self, PARAMETERS)
        self.counters = NodeCounters()
        self._finder = PointingFinder(**read_parameters(self, PARAMETERS))
        self._rays = self.create_publisher(PointingRays, "pointing", RELIABLE)
        self.create_subscription(BodyHandKeypoints, "keypoints", self._on_keypoints, RELIABLE)
        self._diagnostics = NodeDiagnostics(self, self.counters, dict)

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        self.counters.count("received")
        try:
            frame = keypoints_from_message(message)
        except ValueError as error:
            self._diagnostics.reject(str(error))
            return
        if frame.people and not any(person.depth_known for person in frame.people):
            self.counters.count(WITHOUT_DEPTH)
            self.get_logger().warning(
                "keypoints have no camera coordinates: pose_extraction needs use_depth",
                throttle_duration_sec=LOG_PERIOD,
            )
            return
        rays = self._finder.update(frame)
        self._rays.publish(pointing_to_message(rays, frame.stamp_ns, frame.frame_id))
        self.counters.published(age(self, frame.stamp_ns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(Pointing, arguments)
