"""Draws frames of people over a background, as a camera would see them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from bharnet_ros.sources.puppet.painting.backdrop import Box, draw_box, room
from bharnet_ros.sources.puppet.painting.body import APPEARANCES, Appearance, draw_person
from bharnet_ros.sources.puppet.painting.props import Held
from bharnet_ros.sources.puppet.painting.shading import Colour, Image
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import PersonKeypoints


class Renderer:
    """Draws frames of one size; the same arguments give the same pixels."""

    def __init__(self, width: int, height: int, *, seed: int = 0) -> None:
        """Prepare the background.

        Args:
            width: Pixels.
            height: Pixels.
            seed: Chooses the wall and the grain of the camera.

        Raises:
            InputError: The size is not positive, or the seed is negative.
        """
        if width < 1 or height < 1:
            raise InputError(f"width, height: must be positive, got {width} x {height}")
        if seed < 0:
            raise InputError(f"seed: must not be negative, got {seed}")
        self.width = width
        self.height = height
        random = np.random.default_rng([seed, 7])
        self._background = room(width, height, random)
        grain = random.normal(0.0, 2.2, (height + 16, width + 16, 1)).repeat(3, axis=2)
        self._brighter = np.clip(grain, 0, 20).astype(np.uint8)
        self._darker = np.clip(-grain, 0, 20).astype(np.uint8)

    def draw(
        self,
        people: Sequence[PersonKeypoints],
        appearances: Sequence[Appearance] = APPEARANCES,
        *,
        boxes: Sequence[Box] = (),
        frame_number: int = 0,
        held: Sequence[Held | None] = (),
        light: Colour = (1.0, 1.0, 1.0),
    ) -> Image:
        """Return an (H, W, 3) RGB frame.

        Args:
            people: In the order in which they are painted; absent parts are left out.
            appearances: Colours of each person, used in turn.
            boxes: Painted over everyone.
            frame_number: Moves the grain of the camera.
            held: What each person holds, in their order; those beyond the last hold nothing.
            light: Factors on red, green and blue of the whole frame.
        """
        image = self._background.copy()
        for number, person in enumerate(people):
            thing = held[number] if number < len(held) else None
            draw_person(image, person, appearances[number % len(appearances)], thing)
        for box in boxes:
            draw_box(image, box)
        cv2.GaussianBlur(image, (3, 3), 0.6, dst=image)
        if light != (1.0, 1.0, 1.0):
            steps = np.arange(256)[:, None] * np.asarray(light)
            cv2.LUT(image, np.clip(steps, 0, 255).astype(np.uint8)[:, None], dst=image)
        row, column = (frame_number * 5) % 16, (frame_number * 11) % 16
        window = (slice(row, row + self.height), slice(column, column + self.width))
        cv2.add(image, self._brighter[window], dst=image)
        cv2.subtract(image, self._darker[window], dst=image)
        return image
