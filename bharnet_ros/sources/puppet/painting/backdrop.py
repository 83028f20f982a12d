"""The room behind the people, and the boxes in front of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.puppet.painting.shading import Colour, Image, fill_any, stroke, tone
from bharnet_ros.types.keypoints import FloatArray


@dataclass(frozen=True)
class Box:
    """A box in front of everyone, in pixels: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float
    colour: Colour = (150.0, 116.0, 78.0)

    def covers(self, points: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which of the (..., 2) pixels lie behind the box."""
        x, y = points[..., 0], points[..., 1]
        return (x >= self.left) & (x <= self.right) & (y >= self.top) & (y <= self.bottom)


def draw_box(image: Image, box: Box) -> None:
    """Draw a box over everything."""
    corners = np.array(
        [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]]
    )
    fill_any(image, corners, box.colour)
    rim = np.vstack([corners, corners[:1]])
    stroke(image, rim, tone(box.colour, 0.6), 3)
    middle = (box.top + box.bottom) / 2
    stroke(image, np.array([[box.left, middle], [box.right, middle]]), tone(box.colour, 0.8), 4)


def room(width: int, height: int, random: np.random.Generator) -> Image:
    """Draw a wall with a window of light, a shelf and mild texture: (H, W, 3) RGB."""
    wall = np.array([186.0, 182.0, 172.0]) + random.uniform(-14, 14, 3)
    y, x = np.mgrid[0:height, 0:width]
    light = 1.04 - 0.22 * np.hypot(x / width - 0.3, y / height - 0.2)
    blotches = cv2.resize(
        random.normal(0, 1, (12, 16)), (width, height), interpolation=cv2.INTER_CUBIC
    )
    room = wall * (light + 0.012 * blotches)[..., None]
    image = np.ascontiguousarray(np.clip(room, 0, 255).astype(np.uint8))
    scale = np.array([width, height])
    shelf = np.array([[0.70, 0.16], [0.97, 0.16], [0.97, 0.19], [0.70, 0.19]]) * scale
    fill_any(image, shelf, (120.0, 96.0, 74.0))
    left = 0.72
    for _ in range(7):
        book_width, book_height = random.uniform(0.018, 0.032), random.uniform(0.07, 0.12)
        colour = tuple(random.uniform(70, 170, 3))
        book = np.array(
            [
                [left, 0.16 - book_height],
                [left + book_width, 0.16 - book_height],
                [left + book_width, 0.16],
                [left, 0.16],
            ]
        )
        fill_any(image, book * scale, (colour[0], colour[1], colour[2]))
        left += book_width + 0.003
    cv2.GaussianBlur(image, (5, 5), 1.2, dst=image)
    return image
