"""Camera images with keypoints for the page, drawn only while a browser asks for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import cv2
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.subscription import Subscription

from bharnet_ros.messages.images import encode_compressed
from bharnet_ros.msg import BodyHandKeypoints
from bharnet_ros.nodes.conversions import image_from_message, keypoints_from_message, time_to_ns
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.image_matcher import ImageMatcher, ImageMessage
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.pose.drawing import draw_frame
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints

WANTED_S = 2.0
"""How long images are subscribed to after a browser has asked for one, seconds."""

QUALITY = 80
WIDEST = 960
"""JPEG quality, and greatest width of an image in pixels: a page shows no more."""

_CHECK_SECONDS = 0.2
_BUFFER = 10


class ImageFeed:
    """The newest image in which keypoints were found.

    Attributes:
        number: Goes up with each image.
        seen: The newest keypoints; None without any.
    """

    def __init__(
        self, node: Node, counters: NodeCounters, actions: Callable[[], Mapping[str, str]]
    ) -> None:
        """Start without images.

        Args:
            node: Subscribes while images are wanted.
            counters: Counts what arrives.
            actions: Returns the text to write beside each person, by track id.
        """
        self.number = 0
        self.seen: FrameKeypoints | None = None
        self._node = node
        self._counters = counters
        self._actions = actions
        self._images = ImageMatcher(node, counters, _BUFFER)
        self._keypoints: Subscription | None = None
        self._wanted_at = -WANTED_S
        self._pair: tuple[ImageMessage, FrameKeypoints] | None = None
        self._drawing = threading.Lock()
        self._drawn: tuple[int, bytes] = (0, b"")
        # A steady clock, so that simulated time may pause.
        node.create_timer(
            _CHECK_SECONDS, self._update, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def want(self) -> None:
        """Tell that a browser waits for an image; on any thread."""
        self._wanted_at = time.monotonic()

    def jpeg(self) -> tuple[int, bytes]:
        """Return the number of the newest image, and the image; on any thread.

        It is drawn once, however many browsers ask; empty before the first, and if it cannot be
        read.
        """
        with self._drawing:
            number, pair = self.number, self._pair
            if pair is not None and self._drawn[0] != number:
                self._drawn = number, self._draw(*pair)
            return self._drawn

    def _draw(self, message: ImageMessage, keypoints: FrameKeypoints) -> bytes:
        try:
            image = image_from_message(message)
        except ValueError as error:
            self._counters.rejected(f"image: {error}")
            return b""
        drawn = draw_frame(image, keypoints, self._actions())
        height, width = drawn.shape[:2]
        if width > WIDEST:
            size = WIDEST, round(height * WIDEST / width)
            drawn = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA).astype("uint8")
        return encode_compressed(drawn, quality=QUALITY)[1]

    def _update(self) -> None:
        wanted = time.monotonic() - self._wanted_at < WANTED_S
        if not wanted:
            self._images.close()
            if self._keypoints is not None:
                self._node.destroy_subscription(self._keypoints)
                self._keypoints = None
                self.seen = None
                with self._drawing:
                    # Who comes back later is not shown what was in view now.
                    self._pair, self._drawn = None, (self.number, b"")
            return
        if not self._images.is_open:
            topic = self._node.resolve_topic_name("image_raw")
            raw = self._node.count_publishers(topic) > 0
            compressed = self._node.count_publishers(
                self._node.resolve_topic_name("image_raw/compressed")
            )
            if raw or compressed:
                self._images.open("raw" if raw else "compressed")
        if self._keypoints is None:
            self._keypoints = self._node.create_subscription(
                BodyHandKeypoints, "keypoints", self._on_keypoints, RELIABLE
            )

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        self._counters.count("received")
        try:
            keypoints = keypoints_from_message(message)
        except InputError as error:
            self._counters.rejected(f"keypoints: {error}")
            return
        self.seen = keypoints
        image = self._images.pop(time_to_ns(message.header.stamp))
        if image is not None:
            self._pair = image, keypoints
            self.number += 1
