"""Converting a clip into a rosbag2 recording: `bharnet convert`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tqdm import tqdm

from bharnet_ros.bags.frame_writer import (
    EARLIEST_NS,
    FRAME_ID,
    IMAGE_TOPIC,
    KEYPOINTS_TOPIC,
    ConversionOptions,
    FrameWriter,
)
from bharnet_ros.bags.options import add_bag_arguments, add_image_arguments, image_options
from bharnet_ros.bags.truth import write_truth
from bharnet_ros.bags.writing import BagWriter
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.sources.frame import FrameSource
from bharnet_ros.sources.video import PUPPET, open_source
from bharnet_ros.types.arguments import refuse_idle
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.paths import check_new
from bharnet_ros.types.timeline import ANYBODY, TrueAction

TRUTH_SUFFIX = ".truth.csv"

_MOST_DIGITS = 20
"""Seconds of more digits are refused as text, because as integers they could be huge."""


def convert(
    frames: FrameSource, out: str | Path, options: ConversionOptions, *, progress: bool = True
) -> int:
    """Write every frame of a source into a recording; the same source gives the same bytes.

    If the source knows its true actions, they are written to `truth_path(out)`. After an error
    neither the recording nor the truth is left.

    Args:
        frames: Source of the frames; not live.
        out: Folder of the recording; must not exist.
        options: What to write and how.
        progress: Whether to draw a progress bar on stderr.

    Returns:
        Number of messages written.

    Raises:
        InputError: The source is live, has no frame that can be decoded, lacks the depth asked
            for, or an option is out of range.
        OSError: The recording or the truth exists already, or cannot be written.
    """
    if frames.live:
        raise InputError(f"source: {frames.name} is live and has no end; use bharnet record")
    truth = check_new(truth_path(out)) if frames.true_actions else None
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
        writer = FrameWriter(bag, options, frames, stack)
        for frame in bar:
            writer.write(frame)
        if not bag.count:
            raise InputError(f"source: {frames.name} has no frame that can be decoded")
        if truth is not None:
            scratch = truth.with_name(f".{truth.name}.{os.getpid()}")
            stack.callback(scratch.unlink, missing_ok=True)
            write_truth(scratch, _without_single_track(frames.true_actions))
        bag.close()
        if truth is not None:
            scratch.rename(truth)
        return bag.count


def truth_path(out: str | Path) -> Path:
    """Return the path of the truth that is written with a recording."""
    out = Path(out)
    return out.with_name(out.name + TRUTH_SUFFIX)


def _without_single_track(actions: Sequence[TrueAction]) -> Sequence[TrueAction]:
    """Return true actions, with the track `ANYBODY` if all are of one person.

    Every track found in such a recording is that person's.
    """
    if len({action.track_id for action in actions}) > 1:
        return actions
    return [replace(action, track_id=ANYBODY) for action in actions]


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
        "--compressed",
        action="store_true",
        help="write compressed images, to TOPIC/compressed; so it is without --raw",
    )
    add_image_arguments(parser)
    parser.add_argument(
        "--keypoints", action="store_true", help=f"also write keypoints to {KEYPOINTS_TOPIC}"
    )
    parser.add_argument(
        "--max-people",
        type=int,
        metavar="N",
        help="greatest number of people to track, for --keypoints (default: 1)",
    )
    add_engine_arguments(parser, default=None)
    parser.add_argument(
        "--depth",
        action="store_true",
        help="also write the puppet's depth and camera; keypoints then get camera coordinates",
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
    parser.add_argument("--seed", type=int, help="seed of the puppet's variations (default: 0)")
    parser.add_argument("--frame-id", default=FRAME_ID, help=f"camera frame (default: {FRAME_ID})")
    add_bag_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet convert`.

    Raises:
        InputError, OSError: As `convert` and `open_source` say.
    """
    pose = {"max_people": arguments.max_people, **engine_options(arguments)}
    if not arguments.keypoints:
        refuse_idle(arguments, pose, "without --keypoints")
    if arguments.raw:
        refuse_idle(arguments, ("compressed",), "with --raw")
    if not arguments.clip.startswith(PUPPET):
        refuse_idle(arguments, ("seed",), "on a clip: it varies the puppet")
    options = ConversionOptions(
        topic=arguments.topic,
        **image_options(arguments),
        keypoints=arguments.keypoints,
        **{name: value for name, value in pose.items() if value is not None},
        depth=arguments.depth,
        start_ns=arguments.start,
        frame_id=arguments.frame_id,
        storage=arguments.storage,
        compression=arguments.compression,
    )
    # Checked before the clip is opened, which may take a while.
    check_new(arguments.bag)
    with open_source(
        arguments.clip, fps=arguments.fps, seed=arguments.seed or 0, depth=arguments.depth
    ) as frames:
        count = convert(frames, arguments.bag, options)
        print(f"{arguments.bag}: {count} messages")
        if frames.true_actions:
            print(f"{truth_path(arguments.bag)}: the true actions, {len(frames.true_actions)}")
    return 0


def _nanoseconds(text: str) -> int:
    """Return seconds as nanoseconds, exactly; a float of today's time is off by some hundred."""
    try:
        seconds = Decimal(text)
        if seconds.adjusted() > _MOST_DIGITS:
            raise argparse.ArgumentTypeError(f"{text!r} is too many seconds")
        return int(seconds * NANOSECONDS)
    except (ArithmeticError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
