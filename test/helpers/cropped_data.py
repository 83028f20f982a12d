"""Clips of people who move alike and hold different colours, for tests that need crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bharnet_ros.datasets.readers.cropped import write_cropped
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.keypoints import KeypointSequence

SIZE = 16
"""Pixels of each side of a crop."""

COLOURS = {"cup": (220, 30, 30), "leaf": (30, 220, 30)}
"""Things to hold, and the colours of their crops."""

STREAM = {"size": SIZE, "moments": 2, "channels": 8, "backbone": "shufflenet_v2_x0_5"}
"""Options of a stream `rgb` that fits these crops."""


def holding(label: str, seed: int, *, frames: int = 8, crops: bool = True) -> KeypointSequence:
    """Return a person in random poses whose right hand holds the thing of the label.

    Crops show both hands, ten times a second like the keypoints; the left hand is never found.

    Args:
        label: One of `COLOURS`.
        seed: Seed of poses and pixels.
        frames: Frames of the clip.
        crops: Whether to add crops.
    """
    random = np.random.default_rng(seed)
    body = random.uniform(100.0, 300.0, (frames, 33, 4)).astype(np.float32)
    body[..., 3] = 1.0
    stamps = np.arange(frames) / 10
    found = None
    if crops:
        pixels = np.zeros((frames, 2, SIZE, SIZE, 3), dtype=np.uint8)
        noise = random.integers(-25, 26, (frames, SIZE, SIZE, 3))
        pixels[:, 1] = np.asarray(COLOURS[label]) + noise
        present = np.zeros((frames, 2), dtype=bool)
        present[:, 1] = True
        found = CropSequence(stamps, pixels, present)
    return KeypointSequence(
        stamps=stamps,
        body=body,
        hands=random.uniform(100.0, 300.0, (frames, 2, 21, 3)).astype(np.float32),
        hand_scores=np.ones((frames, 2), dtype=np.float32),
        width=640,
        height=480,
        label=label,
        subject=f"person {seed}",
        crops=found,
    )


def write_objects(root: Path, *, train: int = 8, test: int = 4, crops: bool = True) -> Path:
    """Write a data set of kind `cropped`; return its folder.

    Args:
        root: Folder of the data set.
        train: Training clips of each label.
        test: Test clips of each label.
        crops: Whether the clips have crops.
    """
    for part, seeds in (("train", range(train)), ("test", range(100, 100 + test))):
        for label in COLOURS:
            for seed in seeds:
                # Everyone moves alike: keypoints do not show what is held.
                write_cropped(
                    root / part / label / f"{seed}.npz", holding(label, seed, crops=crops)
                )
    return root
