"""Clips of the puppet holding things, or nothing, with the very same motion.

What the skeleton shows is alike for all labels: keypoints of one seed are the same numbers whatever
is held. Only the picture differs. So whoever tells the labels apart has looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bharnet_ros.cropping import cut_crops
from bharnet_ros.crops import CropSequence, CropSettings, FrameCrops
from bharnet_ros.keypoints import KeypointSequence, PersonKeypoints
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.puppet import open_puppet
from bharnet_ros.puppet.props import PROPS

LABELS = (*PROPS, "nothing")
"""What is in the hand."""

WIDTH, HEIGHT, FRAME_RATE = 320, 240, 15.0
CROP_EVERY = 3
"""Frames from one that is drawn and cropped to the next."""

_NOISE = 0.01
"""Standard deviation of exact keypoints, in shoulder widths."""

_MISSED = 0.25
"""How often a hand of exact keypoints is taken away, whatever it holds."""


def draw_clip(
    label: str, seed: int, settings: CropSettings, *, extractor: PoseExtractor | None = None
) -> KeypointSequence:
    """Draw one clip and cut out its crops.

    Args:
        label: One of `LABELS`.
        seed: Chooses person, place, light, colours and the variation of the motion.
        settings: Which crops.
        extractor: Finds the keypoints in every frame; without it they are the exact ones, with
            noise, and now and then without the hand, both alike for all labels.

    Raises:
        ValueError: The label is none of them, or the extractor found nobody in any frame.
    """
    if label not in LABELS:
        raise ValueError(f"label: {label!r} is unknown; known are: {', '.join(LABELS)}")
    puppet = open_puppet(f"holding_{label}", width=WIDTH, height=HEIGHT, fps=FRAME_RATE, seed=seed)
    random = np.random.default_rng([seed, 11])
    people: list[tuple[float, PersonKeypoints]] = []
    crops: list[tuple[float, FrameCrops]] = []
    for number in range(len(puppet)):
        drawn = number % CROP_EVERY == 0
        found = puppet.truth(number).people
        if extractor is None:
            person = _as_if_found(found[0], random)
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
        raise ValueError(f"{puppet.name}, seed {seed}: nobody was found")
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
    """Draw a clip of each label for each seed; yields label, seed and clip. See `draw_clip`."""
    for seed in seeds:
        for label in LABELS:
            if extractor is not None:
                extractor.reset()
            yield label, seed, draw_clip(label, seed, settings, extractor=extractor)


def _as_if_found(person: PersonKeypoints, random: np.random.Generator) -> PersonKeypoints:
    """Return keypoints with the noise and the gaps of an extractor."""
    width = float(np.linalg.norm(person.body[11, :2] - person.body[12, :2]))
    body, hands = person.body.copy(), person.hands.copy()
    body[:, :2] += _NOISE * width * random.standard_normal((len(body), 2))
    hands[..., :2] += 0.5 * _NOISE * width * random.standard_normal((2, 21, 2))
    missed = random.random(2) < _MISSED
    hands[missed] = np.nan
    scores = np.where(missed, 0.0, person.hand_scores).astype(np.float32)
    return replace(person, body=body, hands=hands.astype(np.float32), hand_scores=scores)
