"""Camera images in, keypoints of bodies and hands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from rclpy.lifecycle import LifecyclePublisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros.msg import BodyHandKeypoints
from bharnet_ros.nodes.conversions import keypoints_to_message, time_to_ns
from bharnet_ros.nodes.runtime.changes import Change
from bharnet_ros.nodes.runtime.depth_input import DepthInput
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.optional_packages import import_package
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.nodes.runtime.topic_log import TopicLog
from bharnet_ros.nodes.runtime.worker import Finisher, LatestWorker
from bharnet_ros.pipeline.frozen_images import FROZEN_TIMEOUT_S
from bharnet_ros.pipeline.images_to_keypoints import ImagesToKeypoints, load_change, open_extractor
from bharnet_ros.pose.engines import AUTO, engine_names
from bharnet_ros.pose.extractor import NetworkOutput, PoseExtractor
from bharnet_ros.pose.roi import WHOLE_IMAGE
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "image_transport",
        "raw",
        "Which images to use: raw (image_raw) or compressed (image_raw/compressed: jpeg, png).",
        choices=("raw", "compressed"),
    ),
    ParameterSpec(
        "engine",
        AUTO,
        "Which pose engine finds bodies and hands; auto is direct, or mediapipe where that cannot "
        "be loaded.",
        choices=engine_names(),
        live=True,
    ),
    ParameterSpec(
        "model_folder",
        "",
        "Folder of .tflite files that the engine direct takes in place of those of the MediaPipe "
        "wheel; empty for the wheel alone.",
        live=True,
    ),
    ParameterSpec(
        "model_complexity",
        1,
        "Size of the body landmark model: 0 is the fastest, 2 the most accurate.",
        low=0,
        high=2,
        live=True,
    ),
    ParameterSpec(
        "min_detection_confidence",
        0.6,
        "Minimum confidence of a new person, 0..1.",
        low=0.0,
        high=1.0,
        live=True,
    ),
    ParameterSpec(
        "min_tracking_confidence",
        0.5,
        "Confidence below which tracking is replaced by a new detection, 0..1.",
        low=0.0,
        high=1.0,
        live=True,
    ),
    ParameterSpec(
        "smooth_landmarks", True, "Whether to smooth body landmarks over time.", live=True
    ),
    ParameterSpec(
        "max_people",
        1,
        "Maximum number of people to track; each costs about as much time as the first.",
        low=1,
        high=16,
        live=True,
    ),
    ParameterSpec(
        "roi",
        list(WHOLE_IMAGE),
        "Part of the images in which people are looked for, for a fixed camera: left and upper "
        "edge, width and height, pixels; [0, 0, 0, 0] is the whole image.",
    ),
    ParameterSpec(
        "frame_id",
        "",
        "Frame of keypoints and events in place of that of the images, to tell cameras apart; "
        "empty for that of the images.",
    ),
    ParameterSpec(
        "frozen_timeout_s",
        FROZEN_TIMEOUT_S,
        "Time for which images may have the same pixels, s; further ones are ignored if somebody "
        "is in view, because the camera has frozen. 0 is any time, for a simulator or a stream "
        "without noise.",
        low=0.0,
        high=3600.0,
    ),
    ParameterSpec(
        "use_depth",
        False,
        "Whether to add camera coordinates to keypoints, from depth/image_rect_raw and "
        "camera_info; needs message_filters.",
    ),
    ParameterSpec(
        "sync_slop_s",
        0.02,
        "With use_depth, maximum difference between the stamps of image, depth and camera_info, s.",
        low=0.001,
        high=1.0,
    ),
    ParameterSpec(
        "sync_queue",
        10,
        "With use_depth, maximum number of images and depth images that wait for each other.",
        low=1,
        high=1000,
    ),
)

LOST_IMAGES_REMEDY = (
    "start the camera with FASTRTPS_DEFAULT_PROFILES_FILE set to config/fastdds.xml of this "
    "package, which gives images of up to 1920 x 1080 pixels enough shared memory (/dev/shm; raise "
    "segment_size there for larger ones), or use compressed images"
)
WITH_PERSON, WITH_HANDS = "images with a person", "images with hands"
"""Counters: images in which a body, and at least one hand, was found."""

ImageMessage: TypeAlias = Image | CompressedImage


class PoseExtraction(ManagedNode):
    """Runs the pose engine on the newest image; images replaced by a newer one are counted.

    While the engine processes one image, its output for the last one is interpreted and published.

    Args:
        subscribes: Whether images come from a topic. Otherwise a source in the same process hands
            them to `take`, which spares them the way through DDS; with `use_depth` they still come
            from the topic.
        kwargs: Passed on to `ManagedNode`.
    """

    def __init__(self, *, subscribes: bool = True, **kwargs: Any) -> None:
        """Declare the parameters."""
        super().__init__("pose_extraction", PARAMETERS, **kwargs)
        self._subscribes = subscribes
        self._compressed = False
        self._message_filters: Any = None
        self._depth: DepthInput | None = None
        self._topic = "image_raw"
        self._extractor: PoseExtractor | None = None
        self._publisher: LifecyclePublisher | None = None
        self._subscription: Subscription | None = None
        self._worker: LatestWorker[ImageMessage] | None = None
        self._finisher: Finisher[NetworkOutput] | None = None
        self._step: ImagesToKeypoints | None = None

    @property
    def last_stamp_ns(self) -> int | None:
        """Stamp of the newest processed image, nanoseconds; None before the first."""
        return None if self._step is None else self._step.newest_ns

    @property
    def idle(self) -> bool:
        """Whether no image waits or is being processed."""
        # In this order: the worker hands its result to the finisher before it is idle.
        return all(part is None or part.idle for part in (self._worker, self._finisher))

    @property
    def subscribes(self) -> bool:
        """Whether images come from a topic; known once the node is configured."""
        return self._subscribes or self._message_filters is not None

    def take(self, message: Image) -> None:
        """Take an image of a source in this process; any thread may call it."""
        self._on_image(message)

    def configure(self, parameters: dict[str, Any]) -> None:
        """Load the models, and compute once, because the first time is slow."""
        self._compressed = parameters["image_transport"] == "compressed"
        use_depth = parameters["use_depth"]
        self._message_filters = (
            import_package("message_filters", "parameter use_depth") if use_depth else None
        )
        self._extractor = open_extractor(parameters, self.get_logger().warning)
        self._extractor.warm_up()
        log = TopicLog(self, lambda: self._topic)
        self._step = ImagesToKeypoints(
            self._extractor, log, parameters["frame_id"], parameters["frozen_timeout_s"]
        )
        self._publisher = self.create_lifecycle_publisher(BodyHandKeypoints, "keypoints", RELIABLE)

    def activate(self) -> None:
        """Subscribe to images."""
        self._finisher = Finisher("pose extraction", self._publish, self.unexpected)
        self._worker = LatestWorker("networks of pose extraction", self._run, self.unexpected)
        image: tuple[type, str] = (
            (CompressedImage, "image_raw/compressed") if self._compressed else (Image, "image_raw")
        )
        if not self.subscribes:
            self._topic = self.resolve_topic_name("image_raw")
        elif self._message_filters is None:
            self._subscription = self.create_subscription(
                *image,
                self._on_image,
                SENSOR,
                event_callbacks=self.count_lost(image[1], LOST_IMAGES_REMEDY),
            )
            self._topic = self._subscription.topic_name
        else:
            assert self.configuration is not None
            self._depth = DepthInput(
                self,
                self._message_filters,
                image,
                self._on_image,
                queue=self.configuration["sync_queue"],
                slop_s=self.configuration["sync_slop_s"],
            )
            self._topic = self._depth.image_topic
        self.watch_input(self._topic, image[0])
        if self._step is not None:
            self._step.depth = self._depth

    def deactivate(self) -> None:
        """Stop taking images and forget all tracks."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        depth, self._depth = self._depth, None
        if self._step is not None:
            self._step.depth = None
        if depth is not None:
            depth.close()
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        if self._finisher is not None:
            self._finisher.close()
            self._finisher = None
        if self._step is not None:
            self._step.reset()

    def release(self) -> None:
        """Close the models."""
        if self._extractor is not None:
            self._extractor.close()
            self._extractor = self._step = None
        if self._publisher is not None:
            self.destroy_lifecycle_publisher(self._publisher)
            self._publisher = None

    def plan_change(self, parameters: Mapping[str, Any], changed: frozenset[str]) -> Change:
        """Load what the pose engine needs aside; it takes the parameters between two images."""
        assert self._extractor is not None
        extractor = self._extractor
        return Change(lambda change: change(), lambda: load_change(extractor, parameters))

    def describe(self) -> dict[str, str]:
        """Return the engine, its device and, with `use_depth`, whether depth arrives."""
        values = {"device": "cpu"}
        if self._extractor is not None:
            values["engine"] = self._extractor.engine_name
        if self._depth is not None:
            values["depth"] = "none: no camera coordinates" if self._depth.stopped else "arrives"
        return values

    def warning(self) -> str:
        """Return a warning if images have frozen, or depth is requested and has stopped."""
        problem = self._step.problem() if self._step is not None else ""
        if problem:
            return f"{self._topic}: {problem}"
        stopped = self._depth is not None and self._depth.stopped
        return "no depth arrives: keypoints go on without camera coordinates" if stopped else ""

    def _on_image(self, message: ImageMessage) -> None:
        self.heard(time_to_ns(message.header.stamp))
        worker = self._worker
        if worker is not None and not worker.submit(message):
            self.counters.count("dropped")
        # Last, so that a caller that waits for this count and then for `idle` misses nothing.
        self.counters.count("received")

    def _run(self, message: ImageMessage) -> None:
        if self._step is None or self._finisher is None:
            return
        output = self._step.run_networks(message)
        if output is not None:
            self._finisher.submit(output)

    def _publish(self, output: NetworkOutput) -> None:
        if self._step is None or self._publisher is None:
            return
        frame = self._step.interpret(output)
        self.counters.count(WITH_PERSON, int(any(one.body_present for one in frame.people)))
        self.counters.count(WITH_HANDS, int(any(any(one.hands_present) for one in frame.people)))
        self._publisher.publish(keypoints_to_message(frame))
        self.counters.published(self.age(output.stamp_ns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(PoseExtraction, arguments)
