"""Things that the puppet holds, drawn in its hand and scaled to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bharnet_ros.sources.puppet.painting.shading import (
    Colour,
    Image,
    ellipse,
    fill_any,
    limb,
    stroke,
    tone,
)
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import RIGHT_HAND, FloatArray

PROPS = ("bottle", "phone", "book", "cup")
"""Things that the puppet can hold."""

_CYLINDER = ((1.0, 0.0, 0.62), (0.84, 0.04, 0.82), (0.62, 0.10, 0.98), (0.3, 0.2, 1.08))


@dataclass(frozen=True)
class Held:
    """A thing in a hand.

    Attributes:
        prop: One of `PROPS`.
        colour: RGB of most of it.
        accent: RGB of the rest: cap, screen, title, inside.
        scale: Factor on its size.
        tilt: Angle in the image by which it leans from the axis of the grip, radians.
        side: Which hand holds it.
    """

    prop: str
    colour: Colour = (60.0, 120.0, 70.0)
    accent: Colour = (220.0, 220.0, 215.0)
    scale: float = 1.0
    tilt: float = 0.0
    side: int = RIGHT_HAND

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            InputError: The prop is unknown; the message lists the known ones.
        """
        if self.prop not in PROPS:
            raise InputError(f"prop: {self.prop!r} is unknown; known are: {', '.join(PROPS)}")

    @classmethod
    def drawn(cls, prop: str, random: np.random.Generator) -> Held:
        """Draw random colours, size and tilt, with the same random numbers for every prop."""
        first, second = random.uniform(25, 235, 3), random.uniform(25, 235, 3)
        return cls(
            prop,
            (float(first[0]), float(first[1]), float(first[2])),
            (float(second[0]), float(second[1]), float(second[2])),
            scale=float(random.uniform(0.88, 1.12)),
            tilt=float(random.uniform(-0.25, 0.25)),
        )


def draw_held(image: Image, held: Held, points: FloatArray, length: float) -> None:
    """Draw a thing in the grip of a hand.

    Args:
        image: (H, W, 3) RGB, drawn into.
        held: The thing.
        points: (21, 3) pixels of the hand, MediaPipe's numbering.
        length: Length of the hand, wrist to middle knuckle, pixels.
    """
    grip = (points[[5, 9, 13, 17], :2].mean(axis=0) + points[[6, 10, 14, 18], :2].mean(axis=0)) / 2
    # A gripped thing lies across the fingers and sticks out on the side of the thumb.
    up = points[5, :2] - points[17, :2]
    norm = float(np.linalg.norm(up))
    up = up / norm if norm > 0.15 * length else np.array([0.0, -1.0])
    cosine, sine = np.cos(held.tilt), np.sin(held.tilt)
    up = np.array([cosine * up[0] - sine * up[1], sine * up[0] + cosine * up[1]])
    _DRAWINGS[held.prop](image, held, grip, up * length * held.scale)


def _corners(centre: FloatArray, up: FloatArray, width: float, height: float) -> FloatArray:
    """Return the corners of a rectangle, its sides in lengths of `up`, upper left one first."""
    across = np.array([-up[1], up[0]])
    half_up, half_across = up * height / 2, across * width / 2
    return np.stack(
        [
            centre + half_up - half_across,
            centre + half_up + half_across,
            centre - half_up + half_across,
            centre - half_up - half_across,
        ]
    )


def _draw_bottle(image: Image, held: Held, grip: FloatArray, up: FloatArray) -> None:
    unit = float(np.linalg.norm(up))
    bottom, shoulder = grip - 0.95 * up, grip + 0.75 * up
    neck, cap = grip + 1.25 * up, grip + 1.42 * up
    limb(image, np.stack([shoulder, neck]), np.array([0.30, 0.13]) * unit, held.colour, _CYLINDER)
    limb(image, np.stack([bottom, shoulder]), np.array([0.32, 0.32]) * unit, held.colour, _CYLINDER)
    limb(image, np.stack([neck, cap]), np.array([0.15, 0.15]) * unit, held.accent, _CYLINDER)
    band = _corners(grip + 0.3 * up, up, 0.62, 0.5)
    fill_any(image, band, held.accent)


def _draw_cup(image: Image, held: Held, grip: FloatArray, up: FloatArray) -> None:
    unit = float(np.linalg.norm(up))
    across = np.array([-up[1], up[0]])
    top, bottom = grip + 0.62 * up, grip - 0.5 * up
    wall = np.stack(
        [
            top - 0.56 * across,
            top + 0.56 * across,
            bottom + 0.38 * across,
            bottom - 0.38 * across,
        ]
    )
    handle = np.stack(
        [
            grip + 0.4 * up + 0.46 * across,
            grip + 0.25 * up + 0.85 * across,
            grip - 0.2 * up + 0.75 * across,
            grip - 0.3 * up + 0.4 * across,
        ]
    )
    stroke(image, handle, tone(held.colour, 0.8), 0.16 * unit)
    fill_any(image, wall, tone(held.colour, 0.8))
    lit = wall + 0.12 * (wall.mean(axis=0) - wall) - 0.05 * across
    fill_any(image, lit, held.colour)
    ellipse(image, top, np.stack([0.56 * across, 0.16 * up]), tone(held.colour, 1.1))
    ellipse(image, top, np.stack([0.46 * across, 0.11 * up]), tone(held.accent, 0.6))


def _draw_phone(image: Image, held: Held, grip: FloatArray, up: FloatArray) -> None:
    middle = grip + 0.28 * up
    fill_any(image, _corners(middle, up, 0.86, 1.75), tone(held.colour, 0.35))
    fill_any(image, _corners(middle, up, 0.74, 1.48), tone(held.accent, 1.15))
    unit = float(np.linalg.norm(up))
    for place in (0.45, 0.2, -0.05):
        line = _corners(middle + place * up, up, 0.5, 0.0)[:2]
        stroke(image, line, tone(held.accent, 0.6), 0.05 * unit)
    ellipse(image, middle - 0.8 * up, np.stack([0.05 * up, 0.05 * up[::-1]]), held.accent)


def _draw_book(image: Image, held: Held, grip: FloatArray, up: FloatArray) -> None:
    across = np.array([-up[1], up[0]])
    middle = grip + 0.5 * up - 0.45 * across
    unit = float(np.linalg.norm(up))
    fill_any(image, _corners(middle + 0.09 * across - 0.06 * up, up, 1.75, 2.2), (232, 228, 214))
    cover = _corners(middle, up, 1.7, 2.2)
    fill_any(image, cover, held.colour)
    spine = _corners(middle - 0.75 * across, up, 0.2, 2.2)
    fill_any(image, spine, tone(held.colour, 0.7))
    for place, width in ((0.6, 1.0), (0.35, 0.7)):
        title = _corners(middle + place * up + 0.08 * across, up, width, 0.0)[:2]
        stroke(image, title, held.accent, 0.12 * unit)


_DRAWINGS: dict[str, Callable[[Image, Held, FloatArray, FloatArray], None]] = {
    "bottle": _draw_bottle,
    "phone": _draw_phone,
    "book": _draw_book,
    "cup": _draw_cup,
}
