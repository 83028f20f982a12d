"""Time each stage of the extraction of a frame, from image message to keypoint message."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.frame import Frame
from bharnet_ros.types.keypoints import FrameKeypoints

RECEIVE, SEND = "image message to array", "keypoints to message"
CHECK, PACK, NETWORKS = "checks", "array to packet", "graphs of networks"
UNPACK, DECIDE = "packets to arrays", "hands, sides, track"
STAGES = (RECEIVE, CHECK, PACK, NETWORKS, UNPACK, DECIDE, SEND)
"""The stages in order; those of messages run only if ROS is installed."""


class StageClock:
    """Runs an extractor and records when a frame passes from one stage to the next.

    It wraps the private calls of the extractor to MediaPipe, so that the extractor needs no clocks
    of its own.

    Attributes:
        seconds: Seconds of each frame, by stage.
    """

    def __init__(self, extractor: PoseExtractor) -> None:
        """Wrap an extractor, whose frames must come through `extract` from now on."""
        self.seconds: dict[str, list[float]] = {stage: [] for stage in STAGES}
        self._extractor = extractor
        self._last = 0.0
        self._of_frame: dict[str, float] = {}
        engine: Any = extractor._engine
        people = engine._people
        process = people.process

        def timed_process(*arguments: Any) -> Any:
            self._mark(CHECK)
            read = process(*arguments)

            def timed_read() -> Any:
                scene = read()
                self._mark(UNPACK)
                return scene

            return timed_read

        people.process = timed_process
        for graph in people._graphs():
            graph._graph = _TimedGraph(graph._graph, self._mark_packed, self._mark_run)

    def extract(self, frame: Frame, stamp_ns: int) -> FrameKeypoints:
        """Extract a frame."""
        self._of_frame = {}
        self._last = time.perf_counter()
        keypoints = self._extractor.extract(frame.image, stamp_ns)
        self._mark(DECIDE)
        for stage, seconds in self._of_frame.items():
            self.seconds[stage].append(seconds)
        return keypoints

    def _mark_packed(self) -> None:
        # The time between two graphs is mostly spent reading the results of the first.
        self._mark(UNPACK if NETWORKS in self._of_frame else PACK)

    def _mark_run(self) -> None:
        self._mark(NETWORKS)

    def _mark(self, stage: str) -> None:
        """Add the time since the last mark to a stage."""
        now = time.perf_counter()
        self._of_frame[stage] = self._of_frame.get(stage, 0.0) + now - self._last
        self._last = now


class _TimedGraph:
    """A calculator graph that reports when a run begins and when it has ended."""

    def __init__(
        self, graph: Any, on_begin: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        self._graph = graph
        self._on_begin = on_begin
        self._on_end = on_end

    def add_packet_to_input_stream(self, **arguments: Any) -> None:
        self._on_begin()
        self._graph.add_packet_to_input_stream(**arguments)

    def wait_until_idle(self) -> None:
        self._graph.wait_until_idle()
        self._on_end()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)


def make_message_timer(clock: StageClock) -> Callable[[Frame, FrameKeypoints], None]:
    """Return a function that times the node's work around the extractor; a no-op without ROS."""
    try:
        from rclpy.serialization import deserialize_message, serialize_message
        from sensor_msgs.msg import Image

        from bharnet_ros.nodes.conversions import (
            image_from_message,
            image_to_message,
            keypoints_to_message,
        )
    except ImportError:
        return lambda frame, keypoints: None

    def time_messages(frame: Frame, keypoints: FrameKeypoints) -> None:
        received = serialize_message(image_to_message(frame.image, keypoints.stamp_ns))
        start = time.perf_counter()
        image_from_message(deserialize_message(received, Image))
        between = time.perf_counter()
        serialize_message(keypoints_to_message(keypoints))
        end = time.perf_counter()
        clock.seconds[RECEIVE].append(between - start)
        clock.seconds[SEND].append(end - between)

    return time_messages
