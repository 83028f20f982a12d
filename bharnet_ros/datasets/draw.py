"""`bharnet draw`: write a data set of the puppet holding things."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

from tqdm import tqdm

from bharnet_ros.crops import CropSettings
from bharnet_ros.datasets.cropped import write_cropped
from bharnet_ros.datasets.puppet_objects import LABELS, draw_clips
from bharnet_ros.pose.extractor import PoseExtractor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("out", metavar="DIR", type=Path, help="folder to write LABEL/NAME.npz to")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs=2,
        default=(0, 40),
        metavar=("FIRST", "END"),
        help="persons, places, lights and colours: from the first, before the end "
        f"(default: 0 40); each gives {len(LABELS)} clips",
    )
    parser.add_argument(
        "--size", type=int, default=CropSettings().size, help="pixels of a crop's side"
    )
    parser.add_argument(
        "--mediapipe",
        action="store_true",
        help="extract the keypoints from the pictures, in place of the exact ones; slow",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status.

    Raises:
        ValueError: An argument is out of range.
        OSError: A file cannot be written.
    """
    first, end = arguments.seeds
    if not 0 <= first < end:
        raise ValueError(f"--seeds: {first} {end} has nothing between")
    settings = CropSettings(size=arguments.size)
    with PoseExtractor() if arguments.mediapipe else nullcontext() as extractor:
        clips = draw_clips(range(first, end), settings, extractor=extractor)
        for label, seed, clip in tqdm(clips, total=(end - first) * len(LABELS), unit="clip"):
            write_cropped(arguments.out / label / f"{seed:05d}.npz", clip)
    print(f"wrote {(end - first) * len(LABELS)} clips to {arguments.out}")
    return 0
