"""`bharnet data puppet`: write a data set of the puppet holding things."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bharnet_ros.datasets.readers.cropped import write_cropped
from bharnet_ros.pose.cropping import cut_crops
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.painting.props import PROPS
from bharnet_ros.types.arguments import add_force_argument
from bharnet_ros.types.crops import CropSequence, CropSettings, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence, PersonKeypoints
from bharnet_ros.types.paths import check_unused

LABELS = (*PROPS, "nothing")
"""What the hand holds."""

WIDTH, HEIGHT, FRAME_RATE = 320, 240, 15.0
CROP_EVERY = 3
"""Number of frames from one crop to the next."""

_NOISE = 0.01
"""Standard deviation of the noise on exact keypoints, in shoulder widths."""

_MISSED = 0.25
"""Probability that a hand is removed from exact keypoints, the same for all labels."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("out", metavar="DIR", type=Path, help="folder to write LABEL/NAME.npz to")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs=2,
        default=(0, 40),
        metavar=("FIRST", "END"),
        help="range of seeds, without END; each seed chooses person, place, light and colours and "
        f"gives {len(LABELS)} clips (default: 0 40)",
    )
    parser.add_argument(
        "--size", type=int, default=CropSettings().size, help="side length of a crop, pixels"
    )
    parser.add_argument(
        "--mediapipe",
        action="store_true",
        help="extract the keypoints from the pictures instead of using the exact ones; slow",
    )
    add_force_argument(parser)
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status.

    Raises:
        InputError: An argument is out of range.
        OSError: A file exists already, or cannot be written.
    """
    first, end = arguments.seeds
    if not 0 <= first < end:
        raise InputError(f"--seeds: FIRST must be at least 0 and less than END, got {first} {end}")
    files = {
        (label, seed): arguments.out / label / f"{seed:05d}.npz"
        for label in LABELS
        for seed in range(first, end)
    }
    for file in files.values():
        check_unused(file, force=arguments.force)
    settings = CropSettings(size=arguments.size)
    options = engine_options(arguments)
    with PoseExtractor(**options) if arguments.mediapipe else nullcontext() as extractor:
        clips = draw_clips(range(first, end), settings, extractor=extractor)
        for label, seed, clip in tqdm(clips, total=(end - first) * len(LABELS), unit="clip"):
            write_cropped(files[label, seed], clip)
    print(f"wrote {(end - first) * len(LABELS)} clips to {arguments.out}")
    return 0


def draw_clip(
    label: str, seed: int, settings: CropSettings, *, extractor: PoseExtractor | None = None
) -> KeypointSequence:
    """Draw one clip and cut out its crops.

    Args:
        label: One of `LABELS`.
        seed: Chooses person, place, light, colours and the variation of the motion.
        settings: Which crops to cut.
        extractor: Finds the keypoints in every frame. Without it, the exact keypoints are used,
            with noise and sometimes without a hand, in the same way for all labels.

    Raises:
        InputError: The label is unknown, or the extractor found no person in any frame.
    """
    if label not in LABELS:
        raise InputError(f"label: {label!r} is unknown; known are: {', '.join(LABELS)}")
    puppet = open_puppet(f"holding_{label}", width=WIDTH, height=HEIGHT, fps=FRAME_RATE, seed=seed)
    random = np.random.default_rng([seed, 11])
    people: list[tuple[float, PersonKeypoints]] = []
    crops: list[tuple[float, FrameCrops]] = []
    for number in range(len(puppet)):
        drawn = number % CROP_EVERY == 0
        found = puppet.truth(number).people
        if extractor is None:
            person = _with_detection_errors(found[0], random)
            image = puppet.frame(number).image if drawn else None
        else:
            image = puppet.frame(number).image
            stamp_ns = round(number / FRAME_RATE * 1e9)
            extracted = extractor.extract(image, stamp_ns).people
            if not extracted:
                continue
            person = extracted[0]
        people.append((number / FRAME_RATE, person))
        if image is not None and drawn:
            crops.append((number / FRAME_RATE, cut_crops(image, person, settings)))
    if not people or not crops:
        raise InputError(f"{puppet.name}, seed {seed}: no person was found")
    return KeypointSequence.of(
        people,
        width=WIDTH,
        height=HEIGHT,
        label=label,
        subject=f"seed{seed}",
        crops=CropSequence.of(crops),
    )


def draw_clips(
    seeds: range, settings: CropSettings, *, extractor: PoseExtractor | None = None
) -> Iterator[tuple[str, int, KeypointSequence]]:
    """Draw a clip of each label for each seed; yield label, seed and clip. See `draw_clip`."""
    for seed in seeds:
        for label in LABELS:
            if extractor is not None:
                extractor.reset()
            yield label, seed, draw_clip(label, seed, settings, extractor=extractor)


def _with_detection_errors(person: PersonKeypoints, random: np.random.Generator) -> PersonKeypoints:
    """Return keypoints with noise and missing hands, as an extractor gives them."""
    width = float(np.linalg.norm(person.body[11, :2] - person.body[12, :2]))
    body, hands = person.body.copy(), person.hands.copy()
    body[:, :2] += _NOISE * width * random.standard_normal((len(body), 2))
    hands[..., :2] += 0.5 * _NOISE * width * random.standard_normal((2, 21, 2))
    missed = random.random(2) < _MISSED
    hands[missed] = np.nan
    scores = np.where(missed, 0.0, person.hand_scores).astype(np.float32)
    return replace(person, body=body, hands=hands.astype(np.float32), hand_scores=scores)
