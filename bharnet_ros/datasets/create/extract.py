"""`bharnet data extract`: the keypoints of a whole clip."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.sources.frame import Frame
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.arguments import add_force_argument
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints, check_name, from_frames
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.paths import check_unused


def extract_clip(source: str | Path, *, progress: bool = True, **options: Any) -> ClipKeypoints:
    """Extract the keypoints of the person in view from every frame of a clip.

    Args:
        source: A video file, a folder of images or "puppet:<script>" (see `open_source`).
        progress: Draw a progress bar on stderr.
        **options: Arguments of `PoseExtractor`.

    Raises:
        InputError: The source cannot be decoded, is a live webcam, or changes its size; or as
            `PoseExtractor` says.
        FileNotFoundError: The source does not exist.
    """
    with PoseExtractor(**options) as extractor:
        frames = [
            (keypoints, frame.time)
            for frame, keypoints in extracted_frames(source, extractor, progress=progress)
        ]
    return from_frames(*zip(*frames, strict=True))


def extracted_frames(
    source: str | Path, extractor: PoseExtractor, *, progress: bool = True
) -> Iterator[tuple[Frame, FrameKeypoints]]:
    """Yield every frame of a clip with its keypoints.

    Args:
        source: As in `extract_clip`.
        extractor: A new extractor, or one that was reset.
        progress: Draw a progress bar on stderr.

    Raises:
        InputError: As in `extract_clip`.
        FileNotFoundError: The source does not exist.
    """
    size = None
    with open_source(str(source)) as frames:
        if frames.live:
            raise InputError(f"source: {frames.name} is live and has no end")
        with tqdm(
            frames,
            total=frames.frame_count,
            desc=Path(source).name,
            unit="frame",
            disable=not progress,
        ) as bar:
            for frame in bar:
                keypoints = extractor.extract(frame.image, round(frame.time * 1e9))
                if size not in (None, (keypoints.width, keypoints.height)):
                    raise InputError(
                        f"source: {source} changes its size at {frame.time:.3f} s, from "
                        f"{size[0]}x{size[1]} to {keypoints.width}x{keypoints.height}"
                    )
                size = keypoints.width, keypoints.height
                yield frame, keypoints
    if size is None:
        raise InputError(f"source: {source} has no frames that can be decoded")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet data extract`."""
    parser.add_argument("clip", metavar="CLIP", help="a video file or a folder of images")
    parser.add_argument(
        "--out", metavar="FILE", required=True, type=Path, help="where to write the .npz"
    )
    add_force_argument(parser)
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet data extract`: write the keypoints of a clip and print what was found.

    Raises:
        InputError: The clip cannot be used, or the output file has the wrong name.
        OSError: A file cannot be read or written, or the output exists already.
    """
    check_unused(check_name(arguments.out), force=arguments.force)
    keypoints = extract_clip(arguments.clip, **engine_options(arguments))
    keypoints.save(arguments.out)
    bodies = np.isfinite(keypoints.body[:, 0, 0]).sum()
    left, right = np.isfinite(keypoints.hands[:, :, 0, 0]).sum(axis=0)
    print(
        f"{arguments.out}: {len(keypoints)} frames, body in {bodies}, "
        f"left hand in {left}, right hand in {right}"
    )
    return 0
