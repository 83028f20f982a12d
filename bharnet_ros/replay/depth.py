"""The depth that was recorded beside the images of a camera: which topics, and what it places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bharnet_ros.depth_images import DEPTH_ENCODINGS
from bharnet_ros.keypoints import FrameKeypoints
from bharnet_ros.pose.depth_messages import DepthMessages, DepthPlacer
from bharnet_ros.replay.joining import JoinedTopics
from bharnet_ros.replay.recording import Recorded, Recording, Topic
from bharnet_ros.replay.settings import ReplaySettings
from bharnet_ros.replay.stages import in_namespace, only, shows_depth
from bharnet_ros.skeleton.layouts import get_layout

if TYPE_CHECKING:
    from bharnet_ros.recognition.bundle import BundleDescription

IMAGE = "sensor_msgs/msg/Image"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


class RecordedDepth:
    """What the node `pose_extraction` does with depth, for a recording.

    Attributes:
        topics: Of the depth and of the camera.
    """

    def __init__(
        self,
        recording: Recording,
        image_topic: str,
        *,
        depth_topic: str | None = None,
        info_topic: str | None = None,
        slop_s: float,
        progress: bool = True,
    ) -> None:
        """Find the depth and the camera of each image.

        Args:
            recording: An open recording.
            image_topic: Of the images.
            depth_topic: Of the depth, registered to the images; None for the only one.
            info_topic: Of the camera of the images; None for the only one, or of several the one
                in the namespace of the images.
            slop_s: Seconds by which the stamps of depth and camera may differ from the image's.
            progress: Draw a progress bar on stderr.

        Raises:
            ValueError: There is no such topic, it has something else, several would do, or no
                image has depth; names file and topic.
        """
        self._recording = recording
        self.topics = (
            _depth_topic(recording, image_topic, depth_topic),
            _info_topic(recording, image_topic, info_topic),
        )
        self._joined = JoinedTopics(recording, image_topic, self.topics, slop_s, progress=progress)
        self._apart = f"within {slop_s:g} s (--sync-slop)"
        if not self._joined.joined:
            raise ValueError(
                f"{recording.path}: topic {self.topics[0]}: belongs to none of the "
                f"{self._joined.total} images on {image_topic}: nowhere are the stamps of both "
                f"and of {self.topics[1]} {self._apart}"
            )
        self._warnings: list[str] = []
        self._placer = DepthPlacer(*self.topics, self._warnings.append)
        self._placed = 0
        self._without = 0
        self._broken: list[str] = []

    def images(self) -> Iterator[Recorded]:
        """Yield the images in the order of recording, each with what belongs to it."""
        return self._joined.messages()

    def place(self, frame: FrameKeypoints, image: Recorded) -> FrameKeypoints:
        """Return the keypoints of an image with their places, as they are where there is no depth.

        Args:
            frame: What was found in the image.
            image: One of `images`.
        """
        if not image.beside:
            self._without += 1
            return frame
        try:
            placed = self._placer.place(
                frame, DepthMessages(*(one.message for one in image.beside))
            )
        except ValueError as error:
            self._broken.append(str(error))
            return frame
        self._placed += 1
        return placed

    def notes(self) -> list[str]:
        """Return a sentence for whatever was not as it should be.

        Raises:
            ValueError: The depth of no image can be used; names file and topic.
        """
        if self._broken and not self._placed:
            raise ValueError(f"{self._recording.path}: topic {self._broken[-1]}")
        notes = list(self._warnings)
        if self._without:
            notes.append(
                f"{self._without} images are without {' or '.join(self.topics)} {self._apart}: "
                "keypoints have no camera coordinates"
            )
        if self._broken:
            notes.append(
                f"the depth of {len(self._broken)} images cannot be used: their keypoints have no "
                f"camera coordinates; the last one: {self._broken[-1]}"
            )
        return notes


def find_depth(
    recording: Recording,
    image_topic: str,
    settings: ReplaySettings,
    parameters: Mapping[str, Any],
    description: BundleDescription,
    *,
    progress: bool = True,
) -> RecordedDepth | None:
    """Return the depth beside the images of a recording, None where it is not asked for.

    Args:
        recording: An open recording.
        image_topic: Of the images.
        settings: Which topics.
        parameters: Those of the node `pose_extraction` that are about depth.
        description: The model that keypoints go to.
        progress: Draw a progress bar on stderr.

    Raises:
        ValueError: It is not asked for although the model takes bodies in metres, or as
            `RecordedDepth` says.
    """
    if parameters["use_depth"]:
        return RecordedDepth(
            recording,
            image_topic,
            depth_topic=settings.depth_topic,
            info_topic=settings.camera_info_topic,
            slop_s=parameters["sync_slop_s"],
            progress=progress,
        )
    layout = get_layout(description.body_layout)
    if layout.dimensions == 3:
        raise ValueError(
            f"{recording.path}: topic {image_topic}: model {description.name} takes bodies in "
            f"metres ({layout.name}), which images alone do not tell; use the depth beside them "
            "with --use-depth"
        )
    return None


def _depth_topic(recording: Recording, image_topic: str, given: str | None) -> str:
    encodings = ", ".join(DEPTH_ENCODINGS)
    if given is None:
        images = [one for one in recording.topics if one.type == IMAGE and one.name != image_topic]
        found = [one for one in images if shows_depth(recording, one)]
        if not found:
            raise _missing(recording, f"depth ({IMAGE} in {encodings})", "--depth-topic")
        return only(recording, "depth", found, "--depth-topic")
    topic = _given(recording, given, IMAGE, "--depth-topic")
    if given == image_topic:
        raise ValueError(f"{recording.path}: --depth-topic {given}: is the topic of the images")
    if not shows_depth(recording, topic):
        raise ValueError(
            f"{recording.path}: --depth-topic {given}: has images in "
            f"{recording.first(given).encoding!r}, not depth: {encodings}"
        )
    return given


def _info_topic(recording: Recording, image_topic: str, given: str | None) -> str:
    if given is not None:
        return _given(recording, given, CAMERA_INFO, "--camera-info-topic").name
    found = [one for one in recording.topics if one.type == CAMERA_INFO and one.messages]
    if not found:
        raise _missing(recording, f"a camera ({CAMERA_INFO})", "--camera-info-topic")
    found = in_namespace(found, image_topic)
    return only(recording, "a camera", found, "--camera-info-topic")


def _given(recording: Recording, name: str, message_type: str, option: str) -> Topic:
    """Return a topic that was asked for.

    Raises:
        ValueError: There is none, it has no messages, or those are of another type.
    """
    for one in recording.topics:
        if one.name == name:
            if one.type != message_type:
                raise ValueError(
                    f"{recording.path}: {option} {name}: has {one.type or 'several types'}, not "
                    f"{message_type}"
                )
            if not one.messages:
                raise ValueError(f"{recording.path}: {option} {name}: has no messages")
            return one
    names = ", ".join(one.name for one in recording.topics)
    raise ValueError(f"{recording.path}: {option} {name}: there is no such topic; it has {names}")


def _missing(recording: Recording, what: str, option: str) -> ValueError:
    has = ", ".join(f"{one.name} ({one.type})" for one in recording.topics)
    return ValueError(
        f"{recording.path}: depth was asked for, but there are no messages with {what}, which "
        f"{option} would name; its topics are {has}"
    )
