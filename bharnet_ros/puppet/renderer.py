"""Draws people from their keypoints, over a background, into frames of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from bharnet_ros.keypoints import LEFT_HAND, RIGHT_HAND, FloatArray, PersonKeypoints
from bharnet_ros.puppet.face import draw_head
from bharnet_ros.puppet.hand_drawing import draw_hand
from bharnet_ros.puppet.shading import Colour, Image, capsule, fill_any, rounded_hull, stroke, tone

_NEAR_RIM = ((1.0, 0.0, 0.62), (0.90, 0.05, 0.84), (0.70, 0.13, 0.97), (0.42, 0.24, 1.05))


@dataclass(frozen=True)
class Appearance:
    """Colours of one person, RGB in 0..255."""

    skin: Colour = (224.0, 172.0, 138.0)
    hair: Colour = (58.0, 40.0, 30.0)
    shirt: Colour = (52.0, 92.0, 140.0)
    trousers: Colour = (58.0, 60.0, 70.0)
    shoes: Colour = (40.0, 36.0, 34.0)


APPEARANCES = (
    Appearance(),
    Appearance((198.0, 140.0, 104.0), (28.0, 22.0, 20.0), (46.0, 110.0, 84.0)),
    Appearance((236.0, 190.0, 160.0), (116.0, 78.0, 44.0), (128.0, 52.0, 62.0)),
    Appearance((150.0, 100.0, 72.0), (20.0, 16.0, 16.0), (196.0, 196.0, 188.0)),
)


@dataclass(frozen=True)
class Box:
    """A box that stands before everybody, in pixels: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float
    colour: Colour = (150.0, 116.0, 78.0)

    def covers(self, points: FloatArray) -> np.ndarray:
        """Return which of the (..., 2) pixels lie behind the box."""
        x, y = points[..., 0], points[..., 1]
        return (x >= self.left) & (x <= self.right) & (y >= self.top) & (y <= self.bottom)


class Renderer:
    """Draws frames of one size; the same arguments give the same pixels."""

    def __init__(self, width: int, height: int, *, seed: int = 0) -> None:
        """Prepare the background.

        Args:
            width: Pixels.
            height: Pixels.
            seed: Chooses the wall and the grain of the camera.

        Raises:
            ValueError: The size is not positive.
        """
        if width < 1 or height < 1:
            raise ValueError(f"width, height: must be positive, got {width} x {height}")
        self.width = width
        self.height = height
        random = np.random.default_rng([seed, 7])
        self._background = _room(width, height, random)
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
    ) -> Image:
        """Return a (H, W, 3) RGB frame.

        Args:
            people: In the order in which they are painted; absent parts are left out.
            appearances: Colours of each person, used in turn.
            boxes: Painted over everybody.
            frame_number: Moves the grain of the camera.
        """
        image = self._background.copy()
        for number, person in enumerate(people):
            draw_person(image, person, appearances[number % len(appearances)])
        for box in boxes:
            _draw_box(image, box)
        cv2.GaussianBlur(image, (3, 3), 0.6, dst=image)
        row, column = (frame_number * 5) % 16, (frame_number * 11) % 16
        window = (slice(row, row + self.height), slice(column, column + self.width))
        cv2.add(image, self._brighter[window], dst=image)
        cv2.subtract(image, self._darker[window], dst=image)
        return image


def draw_person(image: Image, person: PersonKeypoints, appearance: Appearance) -> None:
    """Draw one person into a frame, far parts first.

    Args:
        image: (H, W, 3) RGB, drawn into.
        person: Pixels; parts that are NaN are left out, a z that is NaN counts as zero.
        appearance: Colours.
    """
    body = person.body[:, :3].astype(np.float64)
    body[:, 2] = np.nan_to_num(body[:, 2])
    hands = person.hands.astype(np.float64)
    hands[..., 2] = np.nan_to_num(hands[..., 2])
    unit = _shoulder_scale(body)
    if np.isfinite(unit):
        _draw_legs(image, body, unit, appearance)
        _draw_trunk(image, body, unit, appearance)
    parts: list[tuple[float, Callable[[], None]]] = []

    def add(depth: float, paint: Callable[[], None]) -> None:
        parts.append((depth if np.isfinite(depth) else 0.0, paint))

    add(
        float(body[[7, 8], 2].mean()),
        partial(draw_head, image, body[:11, :2], appearance.skin, appearance.hair),
    )
    for side in (LEFT_HAND, RIGHT_HAND):
        shoulder, elbow, wrist = body[[11 + side, 13 + side, 15 + side]]
        if np.isfinite(unit):
            add(
                float((shoulder[2] + elbow[2]) / 2),
                partial(_sleeve, image, shoulder, elbow, unit, 0.155, 0.118, appearance),
            )
            add(
                float((elbow[2] + wrist[2]) / 2),
                partial(_draw_forearm, image, elbow, wrist, unit, appearance),
            )
        if np.isfinite(hands[side, :, :2]).all():
            depth = float(np.nan_to_num(wrist[2]) + hands[side, :, 2].mean())
            right = side == RIGHT_HAND
            add(depth, partial(draw_hand, image, hands[side], appearance.skin, right=right))
    for _, paint in sorted(parts, key=lambda part: -part[0]):
        paint()


def _shoulder_scale(body: FloatArray) -> float:
    """Pixels that an adult's shoulder width takes, also when the person stands sideways."""
    lengths = (
        (1.0, 11, 12, 1.0),
        (0.72, 11, 23, 1.0),
        (0.72, 12, 24, 1.0),
        (2.0, 7, 8, 1.0),
    )
    found = [factor * np.linalg.norm(body[a, :2] - body[b, :2]) for factor, a, b, _ in lengths]
    finite = [length for length in found if np.isfinite(length)]
    return float(max(finite)) if finite else float("nan")


def _draw_legs(image: Image, body: FloatArray, unit: float, appearance: Appearance) -> None:
    for side in (LEFT_HAND, RIGHT_HAND):
        hip, knee, ankle = body[[23 + side, 25 + side, 27 + side], :2]
        heel, toe = body[[29 + side, 31 + side], :2]
        if np.isfinite([heel, toe]).all():
            capsule(image, heel, toe, 0.10 * unit, 0.12 * unit, appearance.shoes)
        if np.isfinite([knee, ankle]).all():
            capsule(image, knee, ankle, 0.17 * unit, 0.12 * unit, appearance.trousers)
        if np.isfinite([hip, knee]).all():
            capsule(image, hip, knee, 0.26 * unit, 0.18 * unit, appearance.trousers)


def _draw_trunk(image: Image, body: FloatArray, unit: float, appearance: Appearance) -> None:
    left, right = body[11, :2], body[12, :2]
    if not np.isfinite([left, right]).all():
        return
    shoulders = (left + right) / 2
    across = left - right
    down = np.array([-across[1], across[0]])
    length = float(np.linalg.norm(down))
    down = down / length if length > 1e-6 else np.array([0.0, 1.0])
    hips = body[[23, 24], :2]
    if not np.isfinite(hips).all():
        hips = np.stack([left - 0.2 * across, right + 0.2 * across]) + 1.39 * unit * down
    chin = shoulders - 0.30 * unit * down
    head = body[[9, 10, 0], :2]
    if np.isfinite(head).all():
        chin = head[:2].mean(axis=0) + 0.55 * (head[:2].mean(axis=0) - head[2])
    centres = np.concatenate(
        [
            [left, right],
            [left + 0.10 * across - 0.02 * unit * down, right - 0.10 * across - 0.02 * unit * down],
            [shoulders - 0.16 * unit * down],
            hips,
            [hips[0] + 0.45 * (left - hips[0]), hips[1] + 0.45 * (right - hips[1])],
        ]
    )
    radii = np.array([0.145, 0.145, 0.10, 0.10, 0.14, 0.20, 0.20, 0.18, 0.18]) * unit
    rounded_hull(image, centres, radii, appearance.shirt, _NEAR_RIM)
    _draw_folds(image, shoulders, hips.mean(axis=0), across, appearance.shirt, unit)
    skin = appearance.skin
    collar = np.stack(
        [
            shoulders - 0.13 * unit * down + 0.26 * across,
            shoulders + 0.20 * unit * down,
            shoulders - 0.13 * unit * down - 0.26 * across,
        ]
    )
    fill_any(image, collar, tone(skin, 0.90))
    capsule(
        image, shoulders - 0.02 * unit * down, chin, 0.185 * unit, 0.17 * unit, tone(skin, 0.88)
    )
    shadow = shoulders + 0.55 * (chin - shoulders)
    capsule(image, shadow, chin, 0.15 * unit, 0.16 * unit, tone(skin, 0.66), ((1.0, 0.0, 1.0),))
    stroke(image, collar, tone(appearance.shirt, 0.6), 0.03 * unit)


def _draw_folds(
    image: Image,
    shoulders: FloatArray,
    hips: FloatArray,
    across: FloatArray,
    shirt: Colour,
    unit: float,
) -> None:
    down = hips - shoulders
    for side, top, bottom in (
        (-0.42, 0.20, 0.62),
        (0.40, 0.22, 0.58),
        (-0.2, 0.62, 0.95),
        (0.24, 0.6, 0.9),
    ):
        line = np.stack(
            [
                shoulders + side * across + top * down,
                shoulders + 0.78 * side * across + (top + bottom) / 2 * down,
                shoulders + 0.86 * side * across + bottom * down,
            ]
        )
        stroke(image, line, tone(shirt, 0.80), 0.025 * unit)


def _sleeve(
    image: Image,
    start: FloatArray,
    end: FloatArray,
    unit: float,
    start_radius: float,
    end_radius: float,
    appearance: Appearance,
) -> None:
    if np.isfinite([start, end]).all():
        capsule(
            image,
            start[:2],
            end[:2],
            start_radius * unit,
            end_radius * unit,
            appearance.shirt,
            _NEAR_RIM,
        )


def _draw_forearm(
    image: Image, elbow: FloatArray, wrist: FloatArray, unit: float, appearance: Appearance
) -> None:
    if not np.isfinite([elbow, wrist]).all():
        return
    nearness = float(np.clip(1.0 - 0.25 * wrist[2] / (2.5 * unit), 0.9, 1.3))
    cuff = elbow + 0.80 * (wrist - elbow)
    capsule(
        image,
        cuff[:2],
        wrist[:2],
        0.082 * unit,
        0.075 * unit * nearness,
        tone(appearance.skin, 0.96),
    )
    _sleeve(image, elbow, cuff, unit, 0.118, 0.092 * nearness, appearance)


def _draw_box(image: Image, box: Box) -> None:
    corners = np.array(
        [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]]
    )
    fill_any(image, corners, box.colour)
    rim = np.vstack([corners, corners[:1]])
    stroke(image, rim, tone(box.colour, 0.6), 3)
    middle = (box.top + box.bottom) / 2
    stroke(image, np.array([[box.left, middle], [box.right, middle]]), tone(box.colour, 0.8), 4)


def _room(width: int, height: int, random: np.random.Generator) -> Image:
    """A wall with a window of light, a shelf and mild texture: (H, W, 3) RGB."""
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
