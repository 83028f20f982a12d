"""Keypoints in, class scores of all people in view out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from rclpy.lifecycle import LifecyclePublisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from bharnet_ros.gestures.classroom import Classroom
from bharnet_ros.msg import ActionScores, BodyHandKeypoints, ModelInfo
from bharnet_ros.nodes.conversions import (
    scores_to_message,
    time_to_ns,
)
from bharnet_ros.nodes.model_info import describe_model
from bharnet_ros.nodes.recognition_parameters import PARAMETERS, TIMES
from bharnet_ros.nodes.runtime.changes import Change
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.optional_packages import import_package
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE, SENSOR
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.nodes.runtime.synchronisation import Synchronised
from bharnet_ros.nodes.runtime.topic_log import TopicLog
from bharnet_ros.nodes.runtime.worker import LatestWorker
from bharnet_ros.nodes.teaching_services import TeachingServices
from bharnet_ros.pipeline.crops import RgbFeed
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC
from bharnet_ros.pipeline.keypoints_to_scores import (
    KeypointsToScores,
    OpenedRecognition,
    change_times,
    open_recognition,
)
from bharnet_ros.recognition.devices import idle_gpu
from bharnet_ros.recognition.events.parameters import EventModel
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer
from bharnet_ros.recognition.vocabulary import Vocabulary

ImageMessage: TypeAlias = Image | CompressedImage


class Recognition(ManagedNode):
    """Puts every frame into the sliding windows, and scores the newest windows once a stride.

    The callback takes frames, because a window needs every frame and taking one is cheap. A worker
    runs the network: if it cannot keep up, the newest windows replace those that wait, and the loss
    is counted.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters."""
        super().__init__("recognition", PARAMETERS, **kwargs)
        self._sliding: SlidingRecognizer | None = None
        self._scores: LifecyclePublisher | None = None
        self._model_info: LifecyclePublisher | None = None
        self._subscription: Subscription | None = None
        self._camera: Subscription | None = None
        self._synchronised: Synchronised | None = None
        self._message_filters: Any = None
        self._rgb: RgbFeed | None = None
        self._classroom: Classroom | None = None
        self._teaching = TeachingServices(self)
        self._step: KeypointsToScores | None = None
        self._worker: LatestWorker[DueWindows] | None = None
        self._last_input_ns: int | None = None
        self._last_output_ns: int | None = None

    @property
    def events(self) -> EventModel:
        """What event finders need to know of the classes; known once the node is configured."""
        assert self._sliding is not None
        return self._sliding.recognizer.vocabulary.events

    @property
    def idle(self) -> bool:
        """Whether no windows wait or are being scored."""
        return self._worker is None or self._worker.idle

    @property
    def last_input_ns(self) -> int | None:
        """Stamp of the newest keypoints whose windows, if due, are handed to the worker."""
        return self._last_input_ns

    @property
    def last_output_ns(self) -> int | None:
        """Stamp of the newest scores, nanoseconds; None before the first."""
        return self._last_output_ns

    def configure(self, parameters: dict[str, Any]) -> None:
        """Load the model and compute once, because the first time is slow."""
        if parameters["use_rgb"]:
            self._message_filters = import_package("message_filters", "parameter use_rgb")
        opened = open_recognition(parameters)
        self._step = KeypointsToScores(
            opened.sliding,
            TopicLog(self, lambda: self._keypoints_topic),
            opened.rgb,
            on_restart=self._restart,
        )
        self._use(opened, parameters)
        self._scores = self.create_lifecycle_publisher(ActionScores, "action_scores", RELIABLE)
        self._model_info = self.create_lifecycle_publisher(ModelInfo, "model_info", LATCHED)

    def activate(self) -> None:
        """Publish model_info and subscribe to keypoints."""
        if self._sliding is not None:
            self._announce(self._sliding.recognizer.vocabulary)
        if self._classroom is not None:
            self._teaching.open(self._classroom)
        self._worker = LatestWorker("recognition", self._score, self.unexpected)
        self._camera = self.create_subscription(
            CameraInfo, CAMERA_INFO_TOPIC, self._on_camera, SENSOR
        )
        if self._rgb is None:
            self._subscription = self.create_subscription(
                BodyHandKeypoints,
                "keypoints",
                self._on_keypoints,
                RELIABLE,
                event_callbacks=self.count_lost("keypoints"),
            )
            self.watch_input(self._keypoints_topic, BodyHandKeypoints)
            return
        assert self.configuration is not None
        raw = self.configuration["image_transport"] == "raw"
        image: tuple[type, str] = (
            (Image, "image_raw") if raw else (CompressedImage, "image_raw/compressed")
        )
        self._synchronised = Synchronised(
            self,
            self._message_filters,
            [(*image, SENSOR), (BodyHandKeypoints, "keypoints", RELIABLE)],
            self._on_pair,
            queue=self.configuration["sync_queue"],
            slop_s=self.configuration["sync_slop_s"],
        )
        self._synchronised.add_callback(1, self._on_keypoints)
        self.watch_input(self._keypoints_topic, BodyHandKeypoints)

    def deactivate(self) -> None:
        """Stop taking keypoints and forget all windows."""
        for subscription in (self._subscription, self._camera):
            if subscription is not None:
                self.destroy_subscription(subscription)
        self._subscription = self._camera = None
        if self._synchronised is not None:
            self._synchronised.close()
            self._synchronised = None
        self._teaching.close()
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        if self._step is not None:
            self._step.reset()
        self._last_input_ns = self._last_output_ns = None

    def release(self) -> None:
        """Release the model and the publishers."""
        self._sliding = self._rgb = self._step = self._classroom = None
        for publisher in (self._scores, self._model_info):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._scores = self._model_info = None

    def plan_change(self, parameters: Mapping[str, Any], changed: frozenset[str]) -> Change:
        """Change times at once; load everything else aside, and swap it between two windows."""
        assert self._sliding is not None and self._classroom is not None
        if changed <= set(TIMES):
            return Change(lambda _: self._change_times(parameters))
        classroom = self._classroom
        classroom.check_free()
        self._teaching.pause()

        def load() -> OpenedRecognition:
            # What is being learned belongs to the gestures that are read now.
            classroom.wait()
            return open_recognition(parameters)

        return Change(
            lambda opened: self._replace(opened, parameters),
            load,
            abandon=lambda: self._teaching.pause(False),
        )

    def _change_times(self, parameters: Mapping[str, Any]) -> None:
        assert self._sliding is not None
        change_times(self._sliding, parameters)
        self._announce(self._sliding.recognizer.vocabulary)

    def _replace(self, opened: OpenedRecognition, parameters: Mapping[str, Any]) -> None:
        """Work with another model or other classes from the next frame on."""
        assert self._step is not None and self._classroom is not None
        before = self._classroom
        before.check_free()
        opened.classroom.continue_from(before)
        self._step.change(opened.sliding, opened.rgb)
        self._use(opened, parameters)
        self._teaching.pause(False)
        if self.active:
            self._announce(opened.sliding.recognizer.vocabulary)
            self._teaching.open(opened.classroom)
        before.close()

    def _use(self, opened: OpenedRecognition, parameters: Mapping[str, Any]) -> None:
        self._sliding, self._rgb, self._classroom = opened
        self._classroom.on_classes = self._announce
        if parameters["device"] == "auto" and (reason := idle_gpu()):
            self.get_logger().warning(f"parameter device: {reason}")
        for note in opened.notes():
            self.get_logger().info(note)

    def describe(self) -> dict[str, str]:
        """Return model, device and, with `use_rgb`, whether images arrive."""
        if self._sliding is None:
            return {}
        recognizer = self._sliding.recognizer
        values = {"model": recognizer.vocabulary.name, "device": recognizer.device}
        if self._classroom is not None and self._classroom.lesson:
            values["teaching"] = self._classroom.lesson
        if self._rgb is not None and self._step is not None:
            stopped = self._step.without_images
            values["rgb"] = "no images: skeleton alone" if stopped else "images arrive"
        return values

    def warning(self) -> str:
        """Return a warning if requested images or camera coordinates have stopped."""
        if self._step is None:
            return ""
        if self._step.without_depth:
            return "keypoints have no camera coordinates: recognition goes on with hands alone"
        stopped = self._step.without_images
        return "no images arrive: recognition goes on with the skeleton alone" if stopped else ""

    def _announce(self, vocabulary: Vocabulary) -> None:
        """Publish which classes there are from now on."""
        if self._model_info is not None and self._sliding is not None:
            now_ns = self.get_clock().now().nanoseconds
            self._model_info.publish(describe_model(self._sliding, vocabulary, now_ns))

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        self.heard(time_to_ns(message.header.stamp))
        if self._step is not None and self._worker is not None:
            due, frame = self._step.take(message)
            if due is not None and not self._worker.submit(due):
                self.counters.count("dropped")
            if frame is not None and self._classroom is not None:
                self._classroom.push(frame)
            self._last_input_ns = time_to_ns(message.header.stamp)
        # Last, so that a caller that waits for either and then for `idle` misses nothing.
        self.counters.count("received")

    def _on_camera(self, message: CameraInfo) -> None:
        if self._step is not None:
            self._step.take_camera(message)

    def _restart(self) -> None:
        if self._classroom is not None:
            self._classroom.restart()
        if self._synchronised is not None:
            self._synchronised.clear()

    @property
    def _keypoints_topic(self) -> str:
        if self._subscription is not None:
            return str(self._subscription.topic_name)
        return self._synchronised.topic(1) if self._synchronised is not None else "keypoints"

    def _on_pair(self, image: ImageMessage, keypoints: BodyHandKeypoints) -> None:
        self.counters.count("images")
        if self._step is not None:
            self._step.take_image(image, keypoints)

    def _score(self, due: DueWindows) -> None:
        if self._step is None or self._scores is None:
            return
        self._scores.publish(scores_to_message(self._step.score(due)))
        self._last_output_ns = due.stamp_ns
        self.counters.published(self.age(due.stamp_ns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(Recognition, arguments)
