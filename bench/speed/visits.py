"""Visits of the puppet to a camera: rendered images, and what is done in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.source import PuppetSource
from bharnet_ros.types.timeline import TrueAction

AROUND_S = 0.9
"""Seconds of rest shown before and after an action."""

GREY, NOISE = 90, 3
"""Value of the pixels of an image without a person, and how much they differ."""

_EMPTY_IMAGES = 7

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """One action, with rest before and after it.

    Attributes:
        label: Name of the action.
        images: (F, H, W, 3) RGB.
        first: Number of the first image of the action.
        last: Number of the last one.
    """

    label: str
    images: Images
    first: int
    last: int


def scenes(script: str, fps: float) -> list[Scene]:
    """Return a scene for each action of a script for one person, at 640 x 480 pixels.

    Raises:
        InputError: There is no such script.
    """
    puppet = open_puppet(script, fps=fps)
    return [_scene(puppet, action) for action in puppet.true_actions]


def _scene(puppet: PuppetSource, action: TrueAction) -> Scene:
    begin = max(round((action.start_s - AROUND_S) * puppet.fps), 0)
    end = min(round((action.end_s + AROUND_S) * puppet.fps), puppet.frame_count)
    images = np.stack([puppet.frame(number).image for number in range(begin, end)])
    first, last = (round(time * puppet.fps) - begin for time in (action.start_s, action.end_s))
    return Scene(action.label, images, first, min(last, len(images) - 1))


def examples_and_others(
    shown: Sequence[Scene], examples: int, others: int
) -> tuple[list[Scene], list[Scene]]:
    """Return the first scenes of each label, as examples, and some that follow them."""
    taught: list[Scene] = []
    later: list[Scene] = []
    for _, group in itertools.groupby(shown, key=lambda scene: scene.label):
        one = list(group)
        taught += one[:examples]
        later += one[examples : examples + others]
    return taught, later


def nobody(scene: Scene, frames: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield images of the size of a scene, without a person, with the noise of a sensor."""
    random = np.random.default_rng(0)
    shape = (_EMPTY_IMAGES, *scene.images.shape[1:])
    images = random.integers(GREY - NOISE, GREY + NOISE, shape, dtype=np.uint8)
    return itertools.islice(itertools.cycle(images), frames)
