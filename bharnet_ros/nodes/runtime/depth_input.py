"""Depth images as a second input of a node: camera coordinates for its keypoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sensor_msgs.msg import CameraInfo, Image

from bharnet_ros.nodes.conversions import time_to_ns
from bharnet_ros.nodes.runtime.depth_feed import DepthFeed
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.qos import SENSOR
from bharnet_ros.nodes.runtime.synchronisation import Synchronised
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC, DepthMessages, DepthPlacer
from bharnet_ros.pipeline.message_log import WITHOUT_DEPTH
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.stamps import StampOrder, Step, is_set


class DepthInput:
    """Subscribes to images, depth images and camera_info; adds camera coordinates to keypoints.

    Every image goes to `on_image` at once, whether or not its depth has arrived.

    Attributes:
        image_topic: Full name of the image topic.
    """

    def __init__(
        self,
        node: ManagedNode,
        filters: Any,
        image: tuple[type, str],
        on_image: Callable[[Any], None],
        *,
        queue: int,
        slop_s: float,
    ) -> None:
        """Subscribe.

        Args:
            node: Subscribes, counts and logs.
            filters: The module message_filters.
            image: Message type and topic of the images.
            on_image: Called with every image.
            queue: Maximum number of messages of each topic that wait for the others.
            slop_s: Maximum difference of matching stamps, seconds.
        """
        self._node = node
        self._on_image = on_image
        self._feed: DepthFeed[DepthMessages] = DepthFeed(kept=queue)
        self._stamps = StampOrder()
        self._stopped = False
        self._synchronised = Synchronised(
            node,
            filters,
            [
                (*image, SENSOR),
                (Image, DEPTH_TOPIC, SENSOR),
                (CameraInfo, CAMERA_INFO_TOPIC, SENSOR),
            ],
            self._on_match,
            queue=queue,
            slop_s=slop_s,
            on_first=self._take_image,
        )
        # Kept, because the worker may need the names while the subscriptions are destroyed.
        self._topics = (self._synchronised.topic(1), self._synchronised.topic(2))
        self._placer = DepthPlacer(*self._topics, lambda text: node.get_logger().warning(text))
        self.image_topic = self._synchronised.topic(0)

    @property
    def stopped(self) -> bool:
        """Whether depth has stopped while images still arrive."""
        return self._stopped

    def close(self) -> None:
        """Destroy the subscriptions."""
        self._synchronised.close()

    def place(self, frame: FrameKeypoints) -> FrameKeypoints:
        """Return a frame with camera coordinates, or unchanged if it has no usable depth.

        Call it on the thread that finds keypoints: it may wait briefly.
        """
        messages = self._feed.take(frame.stamp_ns)
        self._set_stopped(self._feed.stopped(frame.stamp_ns))
        if messages is None:
            self._node.counters.count(WITHOUT_DEPTH)
            return frame
        try:
            return self._placer.place(frame, messages)
        except ValueError as error:
            self._node.reject(str(error))
            return frame

    def _set_stopped(self, stopped: bool) -> None:
        """Set whether depth has stopped, with a log line when it stops."""
        if stopped and not self._stopped:
            self._node.get_logger().warning(
                f"no {' and '.join(self._topics)} for the images of the last second: "
                "keypoints go on without camera coordinates"
            )
        self._stopped = stopped

    def _take_image(self, message: Any) -> None:
        stamp_ns = time_to_ns(message.header.stamp)
        if is_set(stamp_ns) and self._stamps.take(stamp_ns) is Step.BACK:
            # Messages in the queues have stamps that will not be matched for a long time.
            self._synchronised.clear()
            self._feed.reset()
        self._on_image(message)

    def _on_match(self, image: Any, depth: Image, camera_info: CameraInfo) -> None:
        self._feed.put(time_to_ns(image.header.stamp), DepthMessages(depth, camera_info))
