"""Draws one person from keypoints, far parts first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bharnet_ros.sources.puppet.painting.face import draw_head
from bharnet_ros.sources.puppet.painting.hands import hand_parts
from bharnet_ros.sources.puppet.painting.parts import Part, with_metres
from bharnet_ros.sources.puppet.painting.props import Held
from bharnet_ros.sources.puppet.painting.shading import (
    Colour,
    Image,
    fill_any,
    limb,
    rounded_hull,
    stroke,
    tone,
)
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND, FloatArray, PersonKeypoints

SLEEVE_RADII = (0.150, 0.112, 0.085)
"""Half the thickness of an arm at shoulder, elbow and wrist, in shoulder widths."""

_LIMB_LAYERS = ((1.0, 0.0, 0.66), (0.92, 0.04, 0.84), (0.76, 0.11, 0.95), (0.50, 0.22, 1.04))


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


def draw_person(
    image: Image, person: PersonKeypoints, appearance: Appearance, held: Held | None = None
) -> None:
    """Draw one person into a frame, far parts first.

    Args:
        image: (H, W, 3) RGB, drawn into.
        person: Keypoints in pixels; parts that are NaN are left out, a z of NaN counts as zero.
        appearance: Colours.
        held: Thing in one of the hands.
    """
    for part in person_parts(person, appearance, held):
        part.paint(image)


def person_parts(
    person: PersonKeypoints, appearance: Appearance, held: Held | None = None
) -> list[Part]:
    """Return the painted parts of a person, far ones first; see `draw_person`."""
    body = with_metres(person.body, person.body_camera)
    hands = with_metres(person.hands, person.hands_camera)
    unit = shoulder_scale(body)
    head = partial(draw_head, points=body[:11, :2], skin=appearance.skin, hair=appearance.hair)
    before = [(float(body[[7, 8], 2].mean()), [_part(head, body[:11])])]
    behind = []
    if np.isfinite(unit):
        behind = [*_leg_parts(body, unit, appearance), *_trunk_parts(body, unit, appearance)]
    for side in (LEFT_HAND, RIGHT_HAND):
        arm = body[[11 + side, 13 + side, 15 + side]]
        if np.isfinite(unit):
            for joints in arm_parts(arm):
                sleeve = partial(
                    _draw_arm, joints=joints, wrist=arm[2], unit=unit, appearance=appearance
                )
                before.append((float(joints[:, 2].mean()), [_part(sleeve, joints, limb=True)]))
        if np.isfinite(hands[side, :, :2]).all():
            depth = float(arm[2, 2] + hands[side, :, 2].mean())
            right = side == RIGHT_HAND
            in_hand = held if held is not None and held.side == side else None
            hand = hand_parts(hands[side], appearance.skin, right=right, held=in_hand)
            before.append((depth, hand))
    nearer = sorted(before, key=lambda piece: -piece[0])
    return [*behind, *(part for _, parts in nearer for part in parts)]


def _part(paint: Callable[[Image], None], points: FloatArray, *, limb: bool = False) -> Part:
    """Return a part that lies on those of (N, 4) points that are known."""
    return Part(paint, points[np.isfinite(points).all(axis=1)][:, [0, 1, 3]], limb)


def arm_parts(arm: FloatArray) -> list[FloatArray]:
    """Split an arm into parts that are painted separately, because one may cover the other.

    Args:
        arm: (3, C) shoulder, elbow and wrist: x, y, z in pixels and any further columns; an unknown
            joint is NaN.

    Returns:
        Parts of two or three joints, (N, C), each painted at the mean of its z.
    """
    known = np.isfinite(arm).all(axis=1)
    if not known[1]:
        return []
    upper, lower = arm[1, :2] - arm[0, :2], arm[2, :2] - arm[1, :2]
    if known.all() and upper @ lower > 0.3 * np.linalg.norm(upper) * np.linalg.norm(lower):
        return [arm]
    return [part for part, seen in ((arm[:2], known[0]), (arm[1:], known[2])) if seen]


def shoulder_scale(body: FloatArray) -> float:
    """Return the shoulder width of an adult in pixels, even if the person stands sideways."""
    lengths = ((1.0, 11, 12), (0.72, 11, 23), (0.72, 12, 24), (2.0, 7, 8))
    found = [factor * np.linalg.norm(body[a, :2] - body[b, :2]) for factor, a, b in lengths]
    finite = [length for length in found if np.isfinite(length)]
    return float(max(finite)) if finite else float("nan")


def _leg_parts(body: FloatArray, unit: float, appearance: Appearance) -> list[Part]:
    parts = []
    for side in (LEFT_HAND, RIGHT_HAND):
        leg = body[[23 + side, 25 + side, 27 + side]]
        foot = body[[29 + side, 31 + side]]
        if np.isfinite(foot).all():
            radii = np.array([0.10, 0.12]) * unit
            shoe = partial(limb, joints=foot[:, :2], radii=radii, colour=appearance.shoes)
            parts.append(_part(shoe, foot, limb=True))
        known = leg[np.isfinite(leg).all(axis=1)]
        if len(known) > 1:
            radii = np.array([0.26, 0.18, 0.12])[: len(known)] * unit
            cloth = partial(limb, joints=known[:, :2], radii=radii, colour=appearance.trousers)
            parts.append(_part(cloth, known, limb=True))
    return parts


def _trunk_parts(body: FloatArray, unit: float, appearance: Appearance) -> list[Part]:
    if not np.isfinite(body[[11, 12]]).all():
        return []
    trunk = partial(_draw_trunk, body=body, unit=unit, appearance=appearance)
    return [_part(trunk, body[[11, 12, 23, 24]])]


def _draw_trunk(image: Image, body: FloatArray, unit: float, appearance: Appearance) -> None:
    left, right = body[11, :2], body[12, :2]
    shoulders = (left + right) / 2
    across = left - right
    down = np.array([-across[1], across[0]])
    length = float(np.linalg.norm(down))
    down = down / length if length > 1e-6 else np.array([0.0, 1.0])
    hips = body[[23, 24], :2]
    if not np.isfinite(hips).all():
        hips = np.stack([left - 0.2 * across, right + 0.2 * across]) + 1.39 * unit * down
    chin = shoulders - 0.36 * unit * down
    head = body[[7, 8, 9, 10], :2]
    if np.isfinite(head).all():
        chin = head.mean(axis=0) + 0.06 * unit * down
    centres = np.concatenate(
        [
            [left, right],
            [left + 0.10 * across - 0.02 * unit * down, right - 0.10 * across - 0.02 * unit * down],
            [shoulders - 0.16 * unit * down],
            hips,
            [hips[0] + 0.45 * (left - hips[0]), hips[1] + 0.45 * (right - hips[1])],
        ]
    )
    radii = np.array([0.115, 0.115, 0.10, 0.10, 0.14, 0.20, 0.20, 0.18, 0.18]) * unit
    rounded_hull(image, centres, radii, appearance.shirt, _LIMB_LAYERS)
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
    neck = np.stack([shoulders - 0.02 * unit * down, chin])
    limb(image, neck, np.array([0.180, 0.165]) * unit, tone(skin, 0.88))
    shadow = np.stack([shoulders + 0.5 * (chin - shoulders), chin])
    limb(image, shadow, np.array([0.14, 0.155]) * unit, tone(skin, 0.70), ((1.0, 0.0, 1.0),))
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


def _draw_arm(
    image: Image, joints: FloatArray, wrist: FloatArray, unit: float, appearance: Appearance
) -> None:
    """Draw a part of an arm: two or three of shoulder, elbow and wrist, (N, C) pixels."""
    radii = np.array(SLEEVE_RADII[:2]) * unit
    if not np.array_equal(joints[-1], wrist):
        limb(image, joints[:, :2], radii, appearance.shirt, _LIMB_LAYERS)
        return
    # Perspective makes an arm that reaches for the camera thicker at its end.
    nearness = float(np.clip(1.0 - 0.1 * wrist[2] / unit, 0.9, 1.3)) * unit
    forearm = np.array([0.080, 0.072]) * nearness
    limb(image, joints[-2:, :2], forearm, tone(appearance.skin, 0.96))
    cuff = joints[-2] + 0.82 * (joints[-1] - joints[-2])
    sleeve = np.vstack([joints[:-1], cuff])[:, :2]
    radii = np.append(radii[-len(sleeve) + 1 :], SLEEVE_RADII[2] * nearness)
    limb(image, sleeve, radii, appearance.shirt, _LIMB_LAYERS)
