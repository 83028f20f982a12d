"""Writing the frames of a clip into a recording: images, depth, camera and keypoints."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bharnet_ros.bags.writing import BagWriter, recorded_messages
from bharnet_ros.messages.images import decode_compressed
from bharnet_ros.messages.writing import LARGEST_SECONDS
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC, DepthMessages, DepthPlacer
from bharnet_ros.pose.engines import AUTO
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.roi import WHOLE_IMAGE
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.types.camera import Calibration
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

logger = logging.getLogger(__name__)

IMAGE_TOPIC = "/image_raw"
KEYPOINTS_TOPIC = "/keypoints"
FRAME_ID = "camera_color_optical_frame"
EARLIEST_NS = NANOSECONDS
"""Stamp of the first frame by default. Not zero, because that means that no stamp is set."""


@dataclass(frozen=True)
class ConversionOptions:
    """How a clip becomes a recording.

    Attributes:
        topic: Topic of the images; compressed images go to `TOPIC/compressed`.
        image_compression: "jpeg" or "png"; None for raw images.
        quality: JPEG quality, 1 to 100.
        keypoints: Whether to extract keypoints and write them too, on `KEYPOINTS_TOPIC`.
        max_people: Greatest number of people to track, for `keypoints`.
        engine: Pose engine, for `keypoints`.
        model_folder: Folder of networks of the pose engine.
        roi: Part of the images in which people are looked for: x, y, width and height, pixels.
        depth: Whether to write depth and camera information too, on `DEPTH_TOPIC` and
            `CAMERA_INFO_TOPIC` in the namespace of `topic`. Keypoints then get camera coordinates.
        start_ns: Stamp of the first frame, nanoseconds, greater than 0.
        frame_id: Optical frame of the camera.
        storage: One of `writing.STORAGES`.
        compression: One of `writing.COMPRESSIONS`.
    """

    topic: str = IMAGE_TOPIC
    image_compression: str | None = None
    quality: int = 95
    keypoints: bool = False
    max_people: int = 1
    engine: str = AUTO
    model_folder: str = ""
    roi: Sequence[int] = WHOLE_IMAGE
    depth: bool = False
    start_ns: int = EARLIEST_NS
    frame_id: str = FRAME_ID
    storage: str = "mcap"
    compression: str = "none"

    def __post_init__(self) -> None:
        """Check the fields that no other class checks.

        Raises:
            InputError: A field is out of range; the message names it.
        """
        if not self.topic.startswith("/") or self.topic.endswith("/"):
            raise InputError(f"topic: must be absolute, such as /image_raw, got {self.topic!r}")
        for name, value in (("topic", self.topic), ("frame_id", self.frame_id)):
            # Bytes of the command line that are not UTF-8 cannot be serialised.
            if not value.isprintable():
                raise InputError(f"{name}: has characters that cannot be printed, got {value!r}")
        if not 0 < self.start_ns <= LARGEST_SECONDS * NANOSECONDS:
            raise InputError(
                f"start: must be greater than 0 and at most {LARGEST_SECONDS} s, "
                f"got {self.start_ns / NANOSECONDS} s"
            )


class FrameWriter:
    """Writes frames into a recording, with the keypoints and depth that the options ask for."""

    def __init__(
        self, bag: BagWriter, options: ConversionOptions, frames: FrameSource, stack: ExitStack
    ) -> None:
        """Declare the topics.

        Args:
            bag: The recording.
            options: What to write and how.
            frames: Source of the frames.
            stack: Closes the pose extractor.

        Raises:
            InputError: Depth was asked for, but the camera of the source is unknown.
        """
        self._bag = bag
        self._options = options
        self._messages = recorded_messages()
        self._topic = options.topic
        self._extractor: PoseExtractor | None = None
        if options.image_compression is None:
            bag.add_topic(self._topic, "sensor_msgs/msg/Image")
        else:
            self._topic += "/compressed"
            bag.add_topic(self._topic, "sensor_msgs/msg/CompressedImage")
        if options.keypoints:
            self._extractor = stack.enter_context(
                PoseExtractor(
                    engine=options.engine,
                    model_folder=options.model_folder,
                    roi=options.roi,
                    max_people=options.max_people,
                )
            )
            bag.add_topic(KEYPOINTS_TOPIC, "bharnet_ros/msg/BodyHandKeypoints")
        self._depth: _DepthWriter | None = None
        if options.depth:
            if frames.camera is None:
                raise InputError(f"source: the camera of {frames.name} is unknown")
            self._depth = _DepthWriter(bag, options, Calibration.of(frames.camera))

    def write(self, frame: Frame) -> None:
        """Write one frame.

        Raises:
            InputError: Depth was asked for, but the frame has none; or as `MessageFactory` says.
            OSError: A message cannot be written.
        """
        options, image = self._options, frame.image
        stamp_ns = options.start_ns + round(frame.time * NANOSECONDS)
        if options.image_compression is None:
            message = self._messages.image(image, stamp_ns, options.frame_id)
        else:
            message = self._messages.compressed_image(
                image,
                stamp_ns,
                options.frame_id,
                compression=options.image_compression,
                quality=options.quality,
            )
        depth = None if self._depth is None else self._depth.write(frame, stamp_ns)
        self._bag.write(self._topic, message, stamp_ns)
        if self._extractor is not None:
            # Extract from the image as recorded, so that a replay finds the same keypoints.
            if options.image_compression is not None:
                image = decode_compressed(message.format, message.data)
            found = self._extractor.extract(image, stamp_ns, options.frame_id)
            if self._depth is not None and depth is not None:
                found = self._depth.placer.place(found, depth)
            self._bag.write(KEYPOINTS_TOPIC, self._messages.keypoints(found), stamp_ns)


class _DepthWriter:
    """Writes depth and camera information before their image, as the node `video_source` does."""

    def __init__(
        self, bag: BagWriter, options: ConversionOptions, calibration: Calibration
    ) -> None:
        self._bag = bag
        self._frame_id = options.frame_id
        self._calibration = calibration
        self._messages = recorded_messages()
        namespace = options.topic.rpartition("/")[0]
        self._depth_topic = f"{namespace}/{DEPTH_TOPIC}"
        self._info_topic = f"{namespace}/{CAMERA_INFO_TOPIC}"
        bag.add_topic(self._info_topic, "sensor_msgs/msg/CameraInfo")
        bag.add_topic(self._depth_topic, "sensor_msgs/msg/Image")
        self.placer = DepthPlacer(self._depth_topic, self._info_topic, logger.warning)

    def write(self, frame: Frame, stamp_ns: int) -> DepthMessages:
        """Write the depth and the camera information of a frame, and return the messages.

        Raises:
            InputError: The frame has no depth.
        """
        if frame.depth is None:
            raise InputError("depth: the source has none; open it with depth")
        found = DepthMessages(
            self._messages.depth_image(frame.depth, stamp_ns, self._frame_id),
            self._messages.camera_info(self._calibration, stamp_ns, self._frame_id),
        )
        self._bag.write(self._info_topic, found.camera_info, stamp_ns)
        self._bag.write(self._depth_topic, found.depth, stamp_ns)
        return found
