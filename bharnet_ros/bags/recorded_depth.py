"""The depth that was recorded beside the images of a camera: which topics, and what it places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bharnet_ros.bags.joining import JoinedTopics
from bharnet_ros.bags.reading import Recorded, Recording
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.pipeline.depth import DepthMessages, DepthPlacer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.layouts import get_layout

if TYPE_CHECKING:
    from bharnet_ros.recognition.bundle import BundleDescription
from bharnet_ros.bags.topics import camera_info_topic_of, depth_topic_of


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
            InputError: There is no such topic, it has something else, several would do, or no
                image has depth; names file and topic.
        """
        self._recording = recording
        self.topics = (
            depth_topic_of(recording, image_topic, depth_topic),
            camera_info_topic_of(recording, image_topic, info_topic),
        )
        self._joined = JoinedTopics(recording, image_topic, self.topics, slop_s, progress=progress)
        self._apart = f"within {slop_s:g} s (--sync-slop)"
        if not self._joined.joined:
            raise InputError(
                f"{recording.path}: topic {self.topics[0]}: belongs to none of the "
                f"{self._joined.total} images on {image_topic}: nowhere are the stamps of both "
                f"and of {self.topics[1]} {self._apart}"
            )
        self._image: Recorded | None = None
        self._warnings: list[str] = []
        self._placer = DepthPlacer(*self.topics, self._warnings.append)
        self._placed = 0
        self._without = 0
        self._broken: list[str] = []

    def images(self) -> Iterator[Recorded]:
        """Yield the images in the order of recording, each with what belongs to it."""
        for image in self._joined.messages():
            self._image = image
            yield image

    def place(self, frame: FrameKeypoints) -> FrameKeypoints:
        """Return a frame with camera coordinates, or as it is where no usable depth belongs to it.

        Args:
            frame: What was found in the image that `images` yielded last.
        """
        image = self._image
        if image is None or not image.beside:
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
            InputError: The depth of no image can be used; names file and topic.
        """
        if self._broken and not self._placed:
            raise InputError(f"{self._recording.path}: topic {self._broken[-1]}")
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
        parameters: Of the node `pose_extraction`.
        description: The model that keypoints go to.
        progress: Draw a progress bar on stderr.

    Raises:
        InputError: It is not asked for although the model takes bodies in metres, or as
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
        raise InputError(
            f"{recording.path}: topic {image_topic}: model {description.name} takes bodies in "
            f"metres ({layout.name}), which images alone do not tell; use the depth beside them "
            "with --use-depth"
        )
    return None
