"""Camera coordinates of keypoints, from depth recorded beside the images of a camera."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bharnet_ros.bags.joining import JoinedTopics
from bharnet_ros.bags.reading import Recorded, Recording
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import camera_info_topic_of, depth_topic_of
from bharnet_ros.pipeline.depth import DepthMessages, DepthPlacer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.layouts import get_layout

if TYPE_CHECKING:
    from bharnet_ros.recognition.description import BundleDescription


class RecordedDepth:
    """Does for a recording what the node `pose_extraction` does with depth.

    Attributes:
        topics: Topics of the depth and of the camera information.
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
        """Find the depth and the camera information of each image.

        Args:
            recording: An open recording.
            image_topic: Topic of the images.
            depth_topic: Topic of the depth, registered to the images; None for the only one.
            info_topic: Topic of the camera information of the images; None for the only one, or
                the only one in the namespace of the images.
            slop_s: Greatest difference from the image's stamp, seconds.
            progress: Whether to draw a progress bar on stderr.

        Raises:
            InputError: A topic is missing or has other messages, several fit, or no image has
                depth; names file and topic.
        """
        self._recording = recording
        self.topics = (
            depth_topic_of(recording, image_topic, depth_topic),
            camera_info_topic_of(recording, image_topic, info_topic),
        )
        self._joined = JoinedTopics(recording, image_topic, self.topics, slop_s, progress=progress)
        self._tolerance = f"within {slop_s:g} s (--sync-slop)"
        if not self._joined.joined:
            raise InputError(
                f"{recording.path}: topic {self.topics[0]}: belongs to none of the "
                f"{self._joined.total} images on {image_topic}: no image has a message of this "
                f"topic and one of {self.topics[1]} {self._tolerance}"
            )
        self._image: Recorded | None = None
        self._warnings: list[str] = []
        self._placer = DepthPlacer(*self.topics, self._warnings.append)
        self._placed = 0
        self._without = 0
        self._broken: list[str] = []

    def images(self) -> Iterator[Recorded]:
        """Yield the images in the order of recording, each with its partners."""
        for image in self._joined.messages():
            self._image = image
            yield image

    def place(self, frame: FrameKeypoints) -> FrameKeypoints:
        """Return a frame with camera coordinates, or unchanged if it has no usable depth.

        Args:
            frame: Keypoints found in the image that `images` yielded last.
        """
        image = self._image
        if image is None or not image.partners:
            self._without += 1
            return frame
        try:
            placed = self._placer.place(
                frame, DepthMessages(*(one.message for one in image.partners))
            )
        except ValueError as error:
            self._broken.append(str(error))
            return frame
        self._placed += 1
        return placed

    def notes(self) -> list[str]:
        """Return a sentence for each kind of problem.

        Raises:
            InputError: No depth image can be used; names file and topic.
        """
        if self._broken and not self._placed:
            raise InputError(f"{self._recording.path}: topic {self._broken[-1]}")
        notes = list(self._warnings)
        if self._without:
            notes.append(
                f"{self._without} images are without {' or '.join(self.topics)} {self._tolerance}: "
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
    """Return the depth beside the images of a recording; None if it was not asked for.

    Args:
        recording: An open recording.
        image_topic: Topic of the images.
        settings: Says which topics to use.
        parameters: Parameters of the node `pose_extraction`.
        description: Description of the model that takes the keypoints.
        progress: Whether to draw a progress bar on stderr.

    Raises:
        InputError: Depth was not asked for, but the model takes bodies in metres; or as
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
            f"metres ({layout.name}), which images alone do not give; use the depth recorded "
            "beside them with --use-depth"
        )
    return None
