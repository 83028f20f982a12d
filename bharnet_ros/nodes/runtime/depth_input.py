"""The places of keypoints from the depth images that a node is given beside its images."""

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


class DepthInput:
    """Subscribes to images, their depth and their camera, and puts keypoints into space.

    Every image goes to `on_image` at once, whether or not its depth has come.

    Attributes:
        image_topic: Full name of the topic of the images.
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
            image: Type and name of the images.
            on_image: Called with every image.
            queue: Messages of each topic that wait for the others.
            slop_s: Seconds by which stamps may differ.
        """
        self._node = node
        self._on_image = on_image
        self._feed: DepthFeed[DepthMessages] = DepthFeed(kept=queue)
        self._newest_ns: int | None = None
        self._stopped = False
        self._synchronised = Synchronised(
            node,
            filters,
            [
                (*image, SENSOR),
                (Image, DEPTH_TOPIC, SENSOR),
                (CameraInfo, CAMERA_INFO_TOPIC, SENSOR),
            ],
            self._on_all,
            queue=queue,
            slop_s=slop_s,
            first=self._take_image,
        )
        # Asked for once: the worker may name them while the subscriptions end.
        self._topics = (self._synchronised.topic(1), self._synchronised.topic(2))
        self._placer = DepthPlacer(*self._topics, lambda text: node.get_logger().warning(text))
        self.image_topic = self._synchronised.topic(0)

    @property
    def stopped(self) -> bool:
        """Whether images have come for long without depth."""
        return self._stopped

    def close(self) -> None:
        """End the subscriptions."""
        self._synchronised.close()

    def place(self, frame: FrameKeypoints) -> FrameKeypoints:
        """Return a frame with camera coordinates, or as it is where no usable depth belongs to it.

        To be called on the thread that finds keypoints: it may wait for a moment.
        """
        found = self._feed.take(frame.stamp_ns)
        self._listen(self._feed.stopped(frame.stamp_ns))
        if found is None:
            self._node.counters.count(WITHOUT_DEPTH)
            return frame
        try:
            return self._placer.place(frame, found)
        except ValueError as error:
            self._node.reject(str(error))
            return frame

    def _listen(self, stopped: bool) -> None:
        """Take note of whether depth comes, and say so in the log where it stops."""
        if stopped and not self._stopped:
            self._node.get_logger().warning(
                f"no {' and '.join(self._topics)} belong to the images of the last second: "
                "keypoints go on without camera coordinates"
            )
        self._stopped = stopped

    def _take_image(self, message: Any) -> None:
        stamp_ns = time_to_ns(message.header.stamp)
        if self._newest_ns is not None and stamp_ns < self._newest_ns:
            # What waits in the queues is of a time that will not come again for long.
            self._synchronised.forget()
            self._feed.reset()
        self._newest_ns = stamp_ns
        self._on_image(message)

    def _on_all(self, image: Any, depth: Image, camera_info: CameraInfo) -> None:
        self._feed.put(time_to_ns(image.header.stamp), DepthMessages(depth, camera_info))
