"""A camera that shows rendered images, and an observer of what the chain makes of them."""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from sensor_msgs.msg import Image

from bharnet_ros.msg import ActionEvent, ActionScores, BodyHandKeypoints
from bharnet_ros.nodes.conversions import image_to_message
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.sources.puppet import open_puppet

Images = npt.NDArray[np.uint8]

TOPICS: dict[str, type] = {
    "keypoints": BodyHandKeypoints,
    "action_scores": ActionScores,
    "/action_recognition": ActionEvent,
}
FRAME_ID = "camera_color_optical_frame"
# Two images on their way keep extraction busy; the gap lets the first be taken before the second.
_ON_THE_WAY = 2
_LEAST_GAP_SECONDS = 0.005
_LOST_SECONDS = 1.0


def rendered(script: str, width: int, height: int, fps: float, seconds: float) -> Images:
    """Return (F, H, W, 3) RGB images of the puppet, from the start of a script.

    Raises:
        ValueError: There is no such script.
    """
    puppet = open_puppet(script, width=width, height=height, fps=fps)
    count = min(max(1, round(seconds * fps)), puppet.frame_count)
    images = np.empty((count, height, width, 3), dtype=np.uint8)
    for number in range(count):
        images[number] = puppet.frame(number).image
    return images


class CameraAndObserver(Node):
    """Publishes images that are in memory already, and notes when results arrive.

    Attributes:
        arrived: (stamp, arrival) of each message of a topic, nanoseconds on the system clock.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Make the publisher and the subscriptions."""
        super().__init__("camera_and_observer", **kwargs)
        self.arrived: dict[str, list[tuple[int, int]]] = {topic: [] for topic in TOPICS}
        self._publisher = self.create_publisher(Image, "image_raw", SENSOR)
        self._news = threading.Condition()
        for topic, message_type in TOPICS.items():
            self.create_subscription(
                message_type, topic, partial(self._take, topic), RELIABLE, raw=True
            )

    def connected(self) -> bool:
        """Whether the chain takes images and offers all its results."""
        return self._publisher.get_subscription_count() > 0 and all(
            self.count_publishers(topic) > 0 for topic in TOPICS
        )

    def play(
        self, images: Iterator[npt.NDArray[np.uint8]], fps: float, seconds: float
    ) -> list[int]:
        """Publish images at a rate; return their stamps, nanoseconds.

        An image that is late by a whole period is left out, as a camera does.

        Args:
            images: (H, W, 3) RGB each.
            fps: Images each second.
            seconds: How long.
        """
        stamps = []
        start = time.monotonic()
        for number in range(round(seconds * fps)):
            wait = start + number / fps - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            if wait > -1.0 / fps:
                stamps.append(self._publish(next(images)))
        return stamps

    def play_all_out(self, images: Iterator[npt.NDArray[np.uint8]], seconds: float) -> float:
        """Publish each image as soon as extraction can use it; return keypoints each second."""
        stamps: list[int] = []
        keypoints = self.arrived["keypoints"]
        start = time.monotonic()
        before = len(keypoints)
        while time.monotonic() - start < seconds:
            stamps.append(self._publish(next(images)))
            time.sleep(_LEAST_GAP_SECONDS)
            if len(stamps) >= _ON_THE_WAY:
                self._wait_for_keypoints(stamps[-_ON_THE_WAY])
        return (len(keypoints) - before) / (time.monotonic() - start)

    def _publish(self, image: npt.NDArray[np.uint8]) -> int:
        stamp_ns = time.time_ns()
        self._publisher.publish(image_to_message(image, stamp_ns, FRAME_ID))
        return stamp_ns

    def _wait_for_keypoints(self, stamp_ns: int) -> None:
        keypoints = self.arrived["keypoints"]
        self._wait(lambda: bool(keypoints) and keypoints[-1][0] >= stamp_ns)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._news:
            self._news.wait_for(condition, _LOST_SECONDS)

    def _take(self, topic: str, message: bytes) -> None:
        arrival_ns = time.time_ns()
        # Each message begins with its header, behind four bytes that say how it is encoded.
        seconds, nanoseconds = struct.unpack_from("<iI", message, 4)
        with self._news:
            self.arrived[topic].append((seconds * 1_000_000_000 + nanoseconds, arrival_ns))
            self._news.notify_all()


def endless(images: Images) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield (F, H, W, 3) images one by one, from the start again after the last."""
    return itertools.cycle(images)
