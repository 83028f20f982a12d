"""Blind a stream: its crops show nothing, show another scene, or are missing.

This tests the claim that a model "falls back to no worse than the skeleton alone".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.features.rgb_settings import RGB
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence

BLINDED = {RGB: ("black", "noise", "shuffled", "absent")}
"""Ways to blind each stream; `shuffled` gives each clip the crops of another clip."""


class ReadableClips(Protocol):
    """Clips that can be read one by one."""

    def clip(self, index: int) -> RecordedClip:
        """Read one clip."""


def parse_blinding(text: str) -> tuple[str, str]:
    """Parse `STREAM=HOW`, such as `rgb=black`, and return both parts.

    Raises:
        InputError: The text has another form, or the stream or the way is unknown.
    """
    stream, _, how = text.partition("=")
    if how not in BLINDED.get(stream, ()):
        known = ", ".join(f"{name}={way}" for name, ways in BLINDED.items() for way in ways)
        raise InputError(f"--blind: {text!r} is unknown; known are: {known}")
    return stream, how


class BlindedClips:
    """Clips of a data set with blinded crops."""

    def __init__(
        self, data: ReadableClips, chosen: npt.NDArray[np.integer], how: str, seed: int = 0
    ) -> None:
        """Choose whose crops each clip gets.

        Args:
            data: The clips.
            chosen: (N,) indices of the clips that will be read.
            how: One of `BLINDED[RGB]`.
            seed: Seed of the order and of the noise.
        """
        self._data = data
        self._how = how
        random = np.random.default_rng(seed)
        order = random.permutation(chosen)
        # Each clip gets the crops of its neighbour in a circle: of two or more, none keeps its own.
        self._donor = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
        self._seed = seed

    def clips(self, indices: npt.NDArray[np.integer] | Sequence[int]) -> Iterator[RecordedClip]:
        """Read the clips of these indices one by one."""
        for index in map(int, indices):
            clip = self._data.clip(index)
            donor = self._data.clip(self._donor[index]) if self._how == "shuffled" else clip
            random = np.random.default_rng((self._seed, index))
            people = tuple(
                replace(person, crops=blinded(person, self._how, other, random))
                for person, other in zip(clip.people, _repeated(donor.people), strict=False)
            )
            yield replace(clip, people=people)


def _repeated(people: tuple[KeypointSequence, ...]) -> Iterator[KeypointSequence]:
    """Yield the people, then repeat the last one forever."""
    yield from people
    while True:
        yield people[-1]


def blinded(
    person: KeypointSequence, how: str, donor: KeypointSequence, random: np.random.Generator
) -> CropSequence | None:
    """Return the blinded crops of one person.

    Args:
        person: The person.
        how: `black` and `noise` keep when and where crops were found, `absent` removes the crops,
            `shuffled` takes those of `donor`, stretched to the duration of `person`.
        donor: Another person.
        random: Source of the noise.
    """
    if how == "absent":
        return None
    if how == "shuffled":
        if donor.crops is None:
            return None
        since_start = donor.crops.stamps - donor.stamps[0]
        stretch = person.duration / donor.duration if donor.duration and person.duration else 1.0
        return replace(donor.crops, stamps=person.stamps[0] + since_start * stretch)
    if person.crops is None:
        return None
    pixels = person.crops.pixels
    if how == "black":
        return replace(person.crops, pixels=np.zeros_like(pixels))
    return replace(person.crops, pixels=random.integers(0, 256, pixels.shape, dtype=np.uint8))
