"""The node that writes what the chain publishes into a recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from bharnet_ros import msg
from bharnet_ros.bags.options import RecordingOptions
from bharnet_ros.bags.writing import BagWriter, recorded_messages
from bharnet_ros.nodes.conversions import image_from_message, time_to_ns
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD
from bharnet_ros.nodes.runtime.qos import LATCHED, RECORDED, RECORDED_IMAGES
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC

_IMAGES, _EVENTS, _MODEL_INFO = "image_raw", "action_recognition", "model_info"
_SUBSCRIPTIONS: dict[str, tuple[type, str, QoSProfile]] = {
    _IMAGES: (Image, "image_raw", RECORDED_IMAGES),
    "keypoints": (msg.BodyHandKeypoints, "keypoints", RECORDED),
    "action_scores": (msg.ActionScores, "action_scores", RECORDED),
    _EVENTS: (msg.ActionEvent, "/action_recognition", RECORDED),
    _MODEL_INFO: (msg.ModelInfo, _MODEL_INFO, LATCHED),
    CAMERA_INFO_TOPIC: (CameraInfo, CAMERA_INFO_TOPIC, RECORDED_IMAGES),
    DEPTH_TOPIC: (Image, DEPTH_TOPIC, RECORDED_IMAGES),
}


PRIVATE = "run_"
"""Begins the name under which a chain hides its topics; recordings have their plain names."""


class Recorder(Node):
    """Writes each message when it arrives, with the time of the node's clock.

    Messages are written as they were serialised, except images that are compressed here.

    Args:
        bag: The recording; its owner closes it, after the node is destroyed.
        options: What to record.
        on_failure: Called once, when the recording can no longer be written.
        compressed: Whether images arrive compressed, on `image_raw/compressed`; they are recorded
            unchanged.
        kwargs: Passed on to `rclpy.node.Node`.

    Attributes:
        counts: Number of messages that arrived, by their names in `options.TOPICS`.
        failure: Why the recording can no longer be written; empty while it can.
        is_ours: Returns whether the event of an id is of the recorded chain; others are left out.
    """

    def __init__(
        self,
        bag: BagWriter,
        options: RecordingOptions,
        on_failure: Callable[[], None],
        *,
        compressed: bool = False,
        **kwargs: Any,
    ) -> None:
        """Create the node; `subscribe` starts the recording."""
        super().__init__("recorder", **kwargs)
        self._bag = bag
        self._options = options
        self._on_failure = on_failure
        self._compressed = compressed
        self._messages = recorded_messages()
        self.counts: Counter[str] = Counter()
        self.failure = ""
        self.is_ours: Callable[[str], bool] = lambda _: True

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics that are recorded, of `options.TOPICS`."""
        return self._options.topics

    def subscribe(self) -> None:
        """Subscribe to every topic that is recorded."""
        # First what tells the classes, so that scores are never recorded before it.
        for name in sorted(self._options.topics, key=lambda one: one != _MODEL_INFO):
            message_type, topic, qos = _SUBSCRIPTIONS[name]
            compress = False
            if name == _IMAGES and self._compressed:
                message_type, topic = CompressedImage, f"{topic}/compressed"
            elif name == _IMAGES:
                compress = self._options.image_compression is not None
            recorded_type = message_type
            recorded = re.sub(rf"/{PRIVATE}[0-9a-f]{{8}}/", "/", self.resolve_topic_name(topic))
            if compress:
                recorded_type, recorded = CompressedImage, f"{recorded}/compressed"
            package = recorded_type.__module__.split(".")[0]
            self._bag.add_topic(
                recorded, f"{package}/msg/{recorded_type.__name__}", latched=qos is LATCHED
            )
            write = self._write_compressed if compress else self._write_serialised
            self.create_subscription(
                message_type,
                topic,
                partial(self._record, name, partial(write, recorded)),
                qos,
                raw=not compress,
            )

    def _record(self, name: str, write: Callable[[Any], None], message: Any) -> None:
        if name == _EVENTS and not self.is_ours(
            deserialize_message(message, msg.ActionEvent).event_id
        ):
            return
        self.counts[name] += 1
        if self.failure:
            return
        try:
            write(message)
        except ValueError as error:
            self.get_logger().error(f"{name}: {error}", throttle_duration_sec=LOG_PERIOD)
        except OSError as error:
            self.failure = f"{self._bag.path}: {error.strerror or error}"
            self._on_failure()

    def _write_serialised(self, topic: str, message: bytes) -> None:
        self._bag.write_serialised(topic, message, self.get_clock().now().nanoseconds)

    def _write_compressed(self, topic: str, message: Image) -> None:
        now_ns = self.get_clock().now().nanoseconds
        compressed = self._messages.compressed_image(
            image_from_message(message),
            time_to_ns(message.header.stamp),
            message.header.frame_id,
            compression=str(self._options.image_compression),
            quality=self._options.quality,
        )
        self._bag.write(topic, compressed, now_ns)
