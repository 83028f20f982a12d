"""A clip to a recording of ROS 2: `bharnet convert`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tqdm import tqdm

from bharnet_ros.evaluation.timeline import ANYBODY, TrueAction
from bharnet_ros.images import COMPRESSIONS as IMAGE_COMPRESSIONS
from bharnet_ros.images import decode_compressed
from bharnet_ros.keypoints import NANOSECONDS
from bharnet_ros.message_writing import LARGEST_SECONDS
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.puppet import Segment
from bharnet_ros.replay.bag_writer import (
    COMPRESSIONS,
    STORAGES,
    BagWriter,
    check_new,
    recorded_messages,
)
from bharnet_ros.replay.truth_writer import write_truth
from bharnet_ros.video import Frame, FrameSource, open_source

IMAGE_TOPIC = "/image_raw"
KEYPOINTS_TOPIC = "/keypoints"
FRAME_ID = "camera_color_optical_frame"
TRUTH_SUFFIX = ".truth.csv"
EARLIEST_NS = NANOSECONDS
"""Where stamps start by default. A stamp of zero counts as not set."""


@dataclass(frozen=True)
class ConversionOptions:
    """How a clip becomes a recording.

    Attributes:
        topic: Topic of the images; compressed ones go to "compressed" below it.
        image_compression: "jpeg" or "png"; None for raw images.
        quality: Of JPEG, 1 to 100.
        keypoints: Whether keypoints are extracted and written too, on `KEYPOINTS_TOPIC`.
        start_ns: Stamp of the first frame, nanoseconds, greater than 0.
        frame_id: Optical frame of the camera.
        storage: One of `bag_writer.STORAGES`.
        compression: One of `bag_writer.COMPRESSIONS`.
    """

    topic: str = IMAGE_TOPIC
    image_compression: str | None = None
    quality: int = 95
    keypoints: bool = False
    start_ns: int = EARLIEST_NS
    frame_id: str = FRAME_ID
    storage: str = "mcap"
    compression: str = "none"

    def __post_init__(self) -> None:
        """Check what nobody else checks.

        Raises:
            ValueError: A field is out of range; the message names it.
        """
        if not self.topic.startswith("/") or self.topic.endswith("/"):
            raise ValueError(f"topic: must be absolute, such as /image_raw, got {self.topic!r}")
        if not 0 < self.start_ns <= LARGEST_SECONDS * NANOSECONDS:
            raise ValueError(
                f"start: must be greater than 0 and at most {LARGEST_SECONDS} s, "
                f"got {self.start_ns / NANOSECONDS} s"
            )


def convert(
    frames: FrameSource, out: str | Path, options: ConversionOptions, *, progress: bool = True
) -> int:
    """Write every frame of a source into a recording; twice gives the same bytes.

    Where the source knows which actions it shows, they are written beside, to `truth_path(out)`.
    Either everything appears or nothing.

    Args:
        frames: Not live.
        out: Folder of the recording; nothing may be there yet.
        options: How.
        progress: Draw a progress bar on stderr.

    Returns:
        Number of messages written.

    Raises:
        ValueError: The source is live or has no frame that can be decoded, or an option is out of
            range.
        OSError: Something is at `out` or beside it already, or it cannot be written.
    """
    if frames.live:
        raise ValueError(f"source: {frames.name} is a webcam, which has no end; use bharnet record")
    beside = check_new(truth_path(out)) if frames.segments else None
    with ExitStack() as stack:
        bag = stack.enter_context(
            BagWriter(out, storage=options.storage, compression=options.compression)
        )
        bar = stack.enter_context(
            tqdm(
                frames,
                total=frames.frame_count,
                desc=Path(frames.name).name,
                unit="frame",
                disable=not progress,
            )
        )
        writer = _FrameWriter(bag, options, stack)
        for frame in bar:
            writer.write(frame)
        if not bag.count:
            raise ValueError(f"source: {frames.name} has no frame that can be decoded")
        if beside is not None:
            scratch = beside.with_name(f".{beside.name}.{os.getpid()}")
            stack.callback(scratch.unlink, missing_ok=True)
            write_truth(scratch, true_actions(frames.segments))
        bag.close()
        if beside is not None:
            scratch.rename(beside)
        return bag.count


def truth_path(out: str | Path) -> Path:
    """Return where the truth of a recording is written."""
    out = Path(out)
    return out.with_name(out.name + TRUTH_SUFFIX)


def true_actions(segments: Sequence[Segment]) -> tuple[TrueAction, ...]:
    """Return the truth of a puppet.

    One person alone is `ANYBODY`: whoever is found can be nobody else, under whatever name.
    """
    alone = len({segment.track_id for segment in segments}) == 1
    return tuple(
        TrueAction(
            segment.label, segment.start, segment.end, ANYBODY if alone else segment.track_id
        )
        for segment in segments
    )


class _FrameWriter:
    def __init__(self, bag: BagWriter, options: ConversionOptions, stack: ExitStack) -> None:
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
            self._extractor = stack.enter_context(PoseExtractor())
            bag.add_topic(KEYPOINTS_TOPIC, "bharnet_ros/msg/BodyHandKeypoints")

    def write(self, frame: Frame) -> None:
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
        self._bag.write(self._topic, message, stamp_ns)
        if self._extractor is not None:
            # Of what is in the recording, so that whoever extracts from it finds the same.
            if options.image_compression is not None:
                image = decode_compressed(message.format, message.data)
            found = self._extractor.extract(image, stamp_ns, options.frame_id)
            self._bag.write(KEYPOINTS_TOPIC, self._messages.keypoints(found), stamp_ns)


def add_bag_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of how a recording is stored: `storage` and `compression`."""
    parser.add_argument(
        "--storage", choices=tuple(STORAGES), default="mcap", help="file format (default: mcap)"
    )
    parser.add_argument(
        "--compression",
        choices=tuple(COMPRESSIONS),
        default="none",
        help="what zstd compresses: nothing, each message, the whole file, or the chunks of an "
        "mcap file (default: none)",
    )


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of how an image is compressed: `format` and `quality`."""
    parser.add_argument(
        "--format",
        choices=IMAGE_COMPRESSIONS,
        default="jpeg",
        help="of compressed images (default: jpeg)",
    )
    parser.add_argument(
        "--quality", type=int, default=95, help="of JPEG images, 1 to 100 (default: 95)"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bharnet convert`."""
    parser.add_argument(
        "clip", metavar="CLIP", help="a video file, a folder of images or puppet:SCRIPT"
    )
    parser.add_argument("bag", metavar="BAG", help="folder of the recording to write")
    parser.add_argument(
        "--topic", default=IMAGE_TOPIC, help=f"topic of the images (default: {IMAGE_TOPIC})"
    )
    parser.add_argument(
        "--compressed", action="store_true", help="write compressed images, to TOPIC/compressed"
    )
    add_image_arguments(parser)
    parser.add_argument(
        "--keypoints", action="store_true", help=f"write keypoints too, to {KEYPOINTS_TOPIC}"
    )
    parser.add_argument(
        "--start",
        type=_nanoseconds,
        default=EARLIEST_NS,
        metavar="SECONDS",
        help="ROS time of the first frame (default: 1)",
    )
    parser.add_argument(
        "--fps", type=float, help="frames per second (default: the clip's own; else 30)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the puppet's variations")
    parser.add_argument("--frame-id", default=FRAME_ID, help=f"camera frame (default: {FRAME_ID})")
    add_bag_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry out `bharnet convert`.

    Raises:
        ValueError, OSError: As `convert` and `open_source` say.
    """
    options = ConversionOptions(
        topic=arguments.topic,
        image_compression=arguments.format if arguments.compressed else None,
        quality=arguments.quality,
        keypoints=arguments.keypoints,
        start_ns=arguments.start,
        frame_id=arguments.frame_id,
        storage=arguments.storage,
        compression=arguments.compression,
    )
    # Before a clip is opened, which may take a while.
    check_new(arguments.bag)
    with open_source(arguments.clip, fps=arguments.fps, seed=arguments.seed) as frames:
        count = convert(frames, arguments.bag, options)
        print(f"{arguments.bag}: {count} messages")
        if frames.segments:
            print(f"{truth_path(arguments.bag)}: the true actions, {len(frames.segments)}")
    return 0


def _nanoseconds(text: str) -> int:
    """Return seconds as nanoseconds, exactly: a float of today's time is off by some hundred."""
    try:
        return int(Decimal(text) * NANOSECONDS)
    except (InvalidOperation, ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds") from None
