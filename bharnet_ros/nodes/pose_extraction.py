"""Camera images in, keypoints of bodies and hands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from rclpy.lifecycle import LifecyclePublisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros.conversions import image_from_message, keypoints_to_message, time_to_ns
from bharnet_ros.msg import BodyHandKeypoints
from bharnet_ros.nodes.managed import ManagedNode
from bharnet_ros.nodes.parameters import ParameterSpec
from bharnet_ros.nodes.qos import RELIABLE, SENSOR
from bharnet_ros.nodes.spin import run_node
from bharnet_ros.nodes.worker import LatestWorker
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.stamps import StampOrder, Step

PARAMETERS = (
    ParameterSpec(
        "image_transport",
        "raw",
        "Which images to take: image_raw as it is, or image_raw/compressed (jpeg, png).",
        choices=("raw", "compressed"),
    ),
    ParameterSpec(
        "model_complexity",
        1,
        "Size of the body landmark model: 0 is the fastest, 2 the most accurate.",
        low=0,
        high=2,
    ),
    ParameterSpec(
        "min_detection_confidence",
        0.6,
        "Least confidence with which a new person or hand is taken up, 0..1.",
        low=0.0,
        high=1.0,
    ),
    ParameterSpec(
        "min_tracking_confidence",
        0.5,
        "Confidence below which tracking gives way to a new detection, 0..1.",
        low=0.0,
        high=1.0,
    ),
    ParameterSpec("smooth_landmarks", True, "Whether body landmarks are smoothed over time."),
)

WARM_UP_SHAPE = (480, 640, 3)

ImageMessage: TypeAlias = Image | CompressedImage


class PoseExtraction(ManagedNode):
    """Runs MediaPipe on the newest image; images that come meanwhile are dropped and counted."""

    def __init__(self, **kwargs: Any) -> None:
        """Declare parameters."""
        super().__init__("pose_extraction", PARAMETERS, **kwargs)
        self._compressed = False
        self._extractor: PoseExtractor | None = None
        self._publisher: LifecyclePublisher | None = None
        self._subscription: Subscription | None = None
        self._worker: LatestWorker[ImageMessage] | None = None
        self._order = StampOrder()

    @property
    def last_stamp_ns(self) -> int | None:
        """Stamp of the newest image that was worked on, nanoseconds; None before the first."""
        return self._order.newest_ns

    @property
    def idle(self) -> bool:
        """Whether no image waits or is being worked on."""
        return self._worker is None or self._worker.idle

    def configure(self, parameters: dict[str, Any]) -> None:
        """Load the models, and compute once because the first time is slow."""
        self._compressed = parameters.pop("image_transport") == "compressed"
        self._extractor = PoseExtractor(**parameters)
        self._extractor.extract(np.zeros(WARM_UP_SHAPE, dtype=np.uint8), 0)
        self._extractor.reset()
        self._publisher = self.create_lifecycle_publisher(BodyHandKeypoints, "keypoints", RELIABLE)

    def activate(self) -> None:
        """Take images."""
        self._worker = LatestWorker("pose extraction", self._extract, self.unexpected)
        if self._compressed:
            self._subscription = self.create_subscription(
                CompressedImage, "image_raw/compressed", self._on_image, SENSOR
            )
        else:
            self._subscription = self.create_subscription(
                Image, "image_raw", self._on_image, SENSOR
            )

    def deactivate(self) -> None:
        """Take no more images and forget whom was tracked."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        if self._extractor is not None:
            self._extractor.reset()
        self._order = StampOrder()

    def release(self) -> None:
        """Close the models."""
        if self._extractor is not None:
            self._extractor.close()
            self._extractor = None
        if self._publisher is not None:
            self.destroy_lifecycle_publisher(self._publisher)
            self._publisher = None

    def describe(self) -> dict[str, str]:
        """Return the device of the models."""
        return {"device": "cpu"}

    def _on_image(self, message: ImageMessage) -> None:
        self.meter.count("received")
        if self._worker is not None and not self._worker.submit(message):
            self.meter.count("dropped")

    def _extract(self, message: ImageMessage) -> None:
        if self._extractor is None or self._publisher is None or self._subscription is None:
            return
        topic = self._subscription.topic_name
        stamp_ns = time_to_ns(message.header.stamp)
        if stamp_ns <= 0:
            self.reject(f"{topic}: header.stamp is not set; it has to be the capture time")
            return
        step = self.take_stamp(self._order, stamp_ns, topic, "tracking starts anew")
        if step is Step.REPEATED:
            return
        if step is Step.BACK:
            self._extractor.reset()
        try:
            image = image_from_message(message)
        except ValueError as error:
            self.reject(f"{topic}: {error}")
            return
        keypoints = self._extractor.extract(image, stamp_ns, message.header.frame_id)
        self._publisher.publish(keypoints_to_message(keypoints))
        self.meter.published(self.age(stamp_ns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(PoseExtraction, arguments)
