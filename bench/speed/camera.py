"""A camera that publishes rendered images, and an observer of the results of the chain."""

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
_IN_FLIGHT = 2
"""Images that are published ahead of their keypoints, which keeps extraction busy."""

_LEAST_GAP_SECONDS = 0.005
"""Gap between two images, so that the node takes the first before the second arrives."""

_TIMEOUT_SECONDS = 1.0
"""Longest wait for the keypoints of an image."""


def rendered(script: str, width: int, height: int, fps: float, seconds: float) -> Images:
    """Return (F, H, W, 3) RGB images of the puppet, from the start of a script.

    Raises:
        InputError: There is no such script, or the size or the rate is not positive.
    """
    puppet = open_puppet(script, width=width, height=height, fps=fps)
    count = min(max(1, round(seconds * fps)), puppet.frame_count)
    images = np.empty((count, height, width, 3), dtype=np.uint8)
    for number in range(count):
        images[number] = puppet.frame(number).image
    return images


class CameraAndObserver(Node):
    """Publishes images from memory, and records when results arrive.

    Attributes:
        arrived: (stamp, arrival) of each message by topic, nanoseconds on the system clock.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Create the publisher and the subscriptions."""
        super().__init__("camera_and_observer", **kwargs)
        self.arrived: dict[str, list[tuple[int, int]]] = {topic: [] for topic in TOPICS}
        self._publisher = self.create_publisher(Image, "image_raw", SENSOR)
        self._arrival = threading.Condition()
        for topic, message_type in TOPICS.items():
            self.create_subscription(
                message_type, topic, partial(self._store, topic), RELIABLE, raw=True
            )

    def connected(self) -> bool:
        """Whether the chain subscribes to the images and publishes all its results."""
        return self._publisher.get_subscription_count() > 0 and all(
            self.count_publishers(topic) > 0 for topic in TOPICS
        )

    def play(
        self, images: Iterator[npt.NDArray[np.uint8]], fps: float, seconds: float
    ) -> list[int]:
        """Publish images at a rate; return their stamps in nanoseconds.

        An image that is late by a whole period is skipped, as a camera does.

        Args:
            images: (H, W, 3) RGB images.
            fps: Images per second.
            seconds: Duration.
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

    def play_at_full_rate(self, images: Iterator[npt.NDArray[np.uint8]], seconds: float) -> float:
        """Publish each image as soon as extraction can take it; return keypoints per second."""
        stamps: list[int] = []
        keypoints = self.arrived["keypoints"]
        start = time.monotonic()
        before = len(keypoints)
        while time.monotonic() - start < seconds:
            stamps.append(self._publish(next(images)))
            time.sleep(_LEAST_GAP_SECONDS)
            if len(stamps) >= _IN_FLIGHT:
                self._wait_for_keypoints(stamps[-_IN_FLIGHT])
        return (len(keypoints) - before) / (time.monotonic() - start)

    def _publish(self, image: npt.NDArray[np.uint8]) -> int:
        stamp_ns = time.time_ns()
        self._publisher.publish(image_to_message(image, stamp_ns, FRAME_ID))
        return stamp_ns

    def _wait_for_keypoints(self, stamp_ns: int) -> None:
        keypoints = self.arrived["keypoints"]
        self._wait(lambda: bool(keypoints) and keypoints[-1][0] >= stamp_ns)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._arrival:
            self._arrival.wait_for(condition, _TIMEOUT_SECONDS)

    def _store(self, topic: str, message: bytes) -> None:
        arrival_ns = time.time_ns()
        # A message starts with four bytes that name the encoding, then its header.
        seconds, nanoseconds = struct.unpack_from("<iI", message, 4)
        with self._arrival:
            self.arrived[topic].append((seconds * 1_000_000_000 + nanoseconds, arrival_ns))
            self._arrival.notify_all()


def endless(images: Images) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield (F, H, W, 3) images one by one, over and over."""
    return itertools.cycle(images)
