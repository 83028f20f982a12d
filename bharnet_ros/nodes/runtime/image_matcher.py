"""Images that wait for the keypoints found in them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros.nodes.conversions import time_to_ns
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.qos import SENSOR

ImageMessage: TypeAlias = Image | CompressedImage


class ImageMatcher:
    """Keeps the newest images until their keypoints come; subscribes only while it is open."""

    def __init__(self, node: Node, counters: NodeCounters, most: int) -> None:
        """Start closed.

        Args:
            node: Subscribes; every method is called on its thread.
            counters: Counts `images`, and `without image`.
            most: Maximum number of images that wait.
        """
        self._node = node
        self._counters = counters
        self._most = most
        self._images: OrderedDict[int, ImageMessage] = OrderedDict()
        self._subscription: Subscription | None = None

    @property
    def is_open(self) -> bool:
        """Whether images are subscribed to."""
        return self._subscription is not None

    def open(self, transport: str) -> None:
        """Subscribe, unless it is open.

        Args:
            transport: "raw" (image_raw) or "compressed" (image_raw/compressed).
        """
        if self._subscription is None:
            compressed = transport == "compressed"
            self._subscription = self._node.create_subscription(
                CompressedImage if compressed else Image,
                "image_raw/compressed" if compressed else "image_raw",
                self._take,
                SENSOR,
            )

    def close(self) -> None:
        """Unsubscribe and forget all images."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self._images.clear()

    def pop(self, stamp_ns: int) -> ImageMessage | None:
        """Return the image with a stamp, once; None if there is none."""
        image = self._images.pop(stamp_ns, None)
        if image is None and self.is_open:
            self._counters.count("without image")
        return image

    def _take(self, message: ImageMessage) -> None:
        self._counters.count("images")
        self._images[time_to_ns(message.header.stamp)] = message
        while len(self._images) > self._most:
            self._images.popitem(last=False)
