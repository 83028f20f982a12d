"""`bharnet evaluate streams`: event metrics over long streams spliced from unseen people's clips."""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bharnet_ros.datasets.clip import split
from bharnet_ros.datasets.holistic_wild import HolisticWild, read_holistic_wild
from bharnet_ros.evaluation.clips import gesture_classes
from bharnet_ros.evaluation.splicing import SplicedStream, Splicer, SplicingSettings

IMAGE_SIZES = ((640, 480), (640, 360))
"""Sizes of which each person is given one, pixels: the data set does not say them."""


@dataclass(frozen=True)
class StreamSettings:
    """What streams are made.

    Attributes:
        minutes: Length of each person's stream at most; a person with few clips has less.
        frame_rate: Least and greatest frames per second; each person is given one between them.
        splicing: How clips follow each other.
        seed: Of all chance. Each person's stream depends on it and on that person alone.
    """

    minutes: float = 1.0
    frame_rate: tuple[float, float] = (15.0, 30.0)
    splicing: SplicingSettings = SplicingSettings()
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: One is out of range; names it.
        """
        if not self.minutes > 0:
            raise ValueError(f"minutes: must be positive, got {self.minutes}")
        least, greatest = self.frame_rate
        if not 0 < least <= greatest:
            raise ValueError(f"frame_rate: must be positive and rise, got {least} to {greatest}")


def spliced_stream(
    data: HolisticWild,
    clips: npt.NDArray[np.integer],
    class_names: Sequence[str],
    settings: StreamSettings,
) -> SplicedStream | None:
    """Splice the clips of one person; None where the person shows no gesture that is a class.

    Clips with a frame in which nobody was found are left out.

    Args:
        data: All clips.
        clips: (N,) indices of that person's.
        class_names: Names of the model's classes.
        settings: What streams are made.
    """
    subject = str(data.subjects[clips[0]])
    random = np.random.default_rng((settings.seed, zlib.crc32(subject.encode())))
    rate = float(random.uniform(*settings.frame_rate))
    width, height = IMAGE_SIZES[random.integers(len(IMAGE_SIZES))]
    known = np.isin(data.labels, gesture_classes(class_names)[0])
    sequences = {}
    for of_gestures in (True, False):
        chosen = random.permutation(clips[known[clips] == of_gestures])
        read = (data.sequence(int(one), width=width, height=height) for one in chosen)
        sequences[of_gestures] = [one for one in read if one.body[..., 3].any(1).all()]
    if not sequences[True]:
        return None
    splicer = Splicer(sequences[True], sequences[False], rate, random, settings.splicing)
    return splicer.splice(60.0 * settings.minutes)
