"""A further stream blinded: how well a model does when its camera shows nothing, or another scene.

This is how "falls back to no worse than the skeleton alone" is seen.
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
"""How each stream can be blinded: `shuffled` gives each clip the crops of another one."""


class ReadableClips(Protocol):
    """Where clips are read from one by one."""

    def clip(self, index: int) -> RecordedClip:
        """Read one clip."""


def parse_blinding(text: str) -> tuple[str, str]:
    """Return stream and way of `STREAM=HOW`, as `rgb=black`.

    Raises:
        InputError: It is written otherwise, or one of both is unknown.
    """
    stream, _, how = text.partition("=")
    if how not in BLINDED.get(stream, ()):
        known = ", ".join(f"{name}={way}" for name, ways in BLINDED.items() for way in ways)
        raise InputError(f"--blind: {text!r} is unknown; known are: {known}")
    return stream, how


class BlindedClips:
    """Clips of a data set whose crops show nothing, or what another clip shows."""

    def __init__(
        self, data: ReadableClips, chosen: npt.NDArray[np.integer], how: str, seed: int = 0
    ) -> None:
        """Decide who gets whose crops.

        Args:
            data: Where the clips are.
            chosen: (N,) indices of the clips that will be asked for.
            how: One of `BLINDED[RGB]`.
            seed: Of the order and of the noise.
        """
        self._data = data
        self._how = how
        random = np.random.default_rng(seed)
        order = random.permutation(chosen)
        # In a circle, so that no clip keeps its own crops as long as there are two.
        self._other = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
        self._seed = seed

    def clips(self, indices: npt.NDArray[np.integer] | Sequence[int]) -> Iterator[RecordedClip]:
        """Read the clips of these indices one by one."""
        for index in map(int, indices):
            clip = self._data.clip(index)
            other = self._data.clip(self._other[index]) if self._how == "shuffled" else clip
            random = np.random.default_rng((self._seed, index))
            people = tuple(
                replace(person, crops=blinded(person, self._how, giver, random))
                for person, giver in zip(clip.people, _repeated(other.people), strict=False)
            )
            yield replace(clip, people=people)


def _repeated(people: tuple[KeypointSequence, ...]) -> Iterator[KeypointSequence]:
    """Yield people, then the last one without end."""
    yield from people
    while True:
        yield people[-1]


def blinded(
    person: KeypointSequence, how: str, giver: KeypointSequence, random: np.random.Generator
) -> CropSequence | None:
    """Return what is left of the crops of one person.

    Args:
        person: Whose crops they are.
        how: `black` and `noise` keep when and where crops were found, `absent` leaves none,
            `shuffled` gives those of another person, spread over the time of this one.
        giver: That other person.
        random: Source of the noise.
    """
    if how == "absent":
        return None
    if how == "shuffled":
        if giver.crops is None:
            return None
        since = giver.crops.stamps - giver.stamps[0]
        longer = person.duration / giver.duration if giver.duration and person.duration else 1.0
        return replace(giver.crops, stamps=person.stamps[0] + since * longer)
    if person.crops is None:
        return None
    pixels = person.crops.pixels
    if how == "black":
        return replace(person.crops, pixels=np.zeros_like(pixels))
    return replace(person.crops, pixels=random.integers(0, 256, pixels.shape, dtype=np.uint8))
