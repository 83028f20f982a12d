"""Options of `bharnet record`, and those that it shares with `bharnet convert`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from bharnet_ros.bags.writing import COMPRESSIONS, STORAGES, BagWriter
from bharnet_ros.messages.images import COMPRESSIONS as IMAGE_COMPRESSIONS
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC
from bharnet_ros.types.arguments import refuse_idle
from bharnet_ros.types.errors import InputError

DEFAULT_TOPICS = ("image_raw", "keypoints", "action_scores", "action_recognition", "model_info")
"""Topics that are recorded by default."""

DEFAULT_QUALITY = 95
_HOW_COMPRESSED = ("format", "quality")

TOPICS = (*DEFAULT_TOPICS, CAMERA_INFO_TOPIC, DEPTH_TOPIC)
"""Topics that can be recorded, named without namespace and remapping."""


@dataclass(frozen=True)
class RecordingOptions:
    """What to record and how.

    Attributes:
        out: Folder of the recording; must not exist.
        topics: Topics to record, of `TOPICS`.
        image_compression: "jpeg" or "png"; None for raw images. Images that arrive compressed are
            recorded unchanged.
        quality: JPEG quality, 1 to 100.
        storage: One of `writing.STORAGES`.
        compression: One of `writing.COMPRESSIONS`.
    """

    out: str
    topics: tuple[str, ...] = DEFAULT_TOPICS
    image_compression: str | None = "jpeg"
    quality: int = DEFAULT_QUALITY
    storage: str = "mcap"
    compression: str = "none"

    def __post_init__(self) -> None:
        """Check what would otherwise fail only at the first image.

        Raises:
            InputError: A field is out of range; the message names it.
        """
        unknown = [topic for topic in self.topics if topic not in TOPICS]
        if unknown or not self.topics:
            raise InputError(f"topics: must be some of {', '.join(TOPICS)}, got {unknown}")
        if not 1 <= self.quality <= 100:
            raise InputError(f"quality: must be in 1..100, got {self.quality}")

    def open(self) -> BagWriter:
        """Start the recording; raises as `BagWriter` does."""
        return BagWriter(self.out, storage=self.storage, compression=self.compression, keep=True)


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `RecordingOptions` to a command."""
    parser.add_argument(
        "--out", metavar="BAG", required=True, help="folder of the recording to write"
    )
    parser.add_argument(
        "--topics",
        nargs="+",
        choices=TOPICS,
        default=DEFAULT_TOPICS,
        metavar="TOPIC",
        help=f"topics to record, of {', '.join(TOPICS)} (default: {' '.join(DEFAULT_TOPICS)})",
    )
    add_image_arguments(parser)
    add_bag_arguments(parser)


def read_options(arguments: argparse.Namespace) -> RecordingOptions:
    """Return the options that `add_recording_arguments` added.

    Raises:
        InputError: As `RecordingOptions` says, or an option can have no effect.
    """
    if "image_raw" not in arguments.topics:
        refuse_idle(arguments, ("raw", *_HOW_COMPRESSED), "without the topic image_raw")
    return RecordingOptions(
        out=arguments.out,
        topics=tuple(arguments.topics),
        **image_options(arguments),
        storage=arguments.storage,
        compression=arguments.compression,
    )


def add_bag_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--storage` and `--compression`, which say how a recording is stored."""
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
    """Add `--raw`, `--format` and `--quality`, for `image_options`."""
    parser.add_argument("--raw", action="store_true", help="write images uncompressed")
    parser.add_argument(
        "--format", choices=IMAGE_COMPRESSIONS, help="format of compressed images (default: jpeg)"
    )
    parser.add_argument(
        "--quality",
        type=int,
        help=f"quality of JPEG images, 1 to 100 (default: {DEFAULT_QUALITY})",
    )


def image_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `add_image_arguments` added, as `image_compression` and `quality`.

    Raises:
        InputError: An option can have no effect; names it.
    """
    if arguments.raw:
        refuse_idle(arguments, _HOW_COMPRESSED, "with --raw")
        return {"image_compression": None}
    if arguments.format == "png":
        refuse_idle(arguments, ("quality",), "with --format png, which loses nothing")
    quality = DEFAULT_QUALITY if arguments.quality is None else arguments.quality
    return {"image_compression": arguments.format or "jpeg", "quality": quality}
