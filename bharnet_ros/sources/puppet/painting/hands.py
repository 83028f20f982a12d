"""Draws one hand from its 21 landmarks, far parts first."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np

from bharnet_ros.sources.puppet.painting.parts import Part
from bharnet_ros.sources.puppet.painting.props import Held, draw_held
from bharnet_ros.sources.puppet.painting.shading import (
    Colour,
    Image,
    ellipse,
    limb,
    rounded_hull,
    stroke,
    tone,
)
from bharnet_ros.types.keypoints import FloatArray

# Joints of each finger, and radii at them in hand lengths (wrist to middle knuckle).
_FINGERS: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...] = (
    ((1, 2, 3, 4), (0.185, 0.140, 0.115, 0.088)),
    ((5, 6, 7, 8), (0.118, 0.104, 0.093, 0.076)),
    ((9, 10, 11, 12), (0.120, 0.106, 0.095, 0.078)),
    ((13, 14, 15, 16), (0.115, 0.101, 0.090, 0.074)),
    ((17, 18, 19, 20), (0.102, 0.089, 0.080, 0.066)),
)
_PALM = np.array([0, 0, 1, 5, 9, 13, 17])
_GRIP = np.array([5, 9, 13, 17])
_PALM_RADII = np.array([0.17, 0.17, 0.16, 0.115, 0.115, 0.115, 0.11])
_FINGER_LAYERS = ((1.0, 0.0, 0.62), (0.84, 0.05, 0.86), (0.62, 0.13, 0.98), (0.34, 0.24, 1.05))


def hand_length(points: FloatArray) -> float:
    """Return the length from wrist to middle knuckle in pixels, even of a foreshortened hand.

    Args:
        points: (21, 3) pixels; z of zero gives the length in the image.
    """
    wrist = points[0]
    index, middle, little = (float(np.linalg.norm(points[i] - wrist)) for i in (5, 9, 17))
    return max(middle, 0.98 * index, 1.08 * little)


def hand_parts(
    placed: FloatArray, skin: Colour, *, right: bool, held: Held | None = None
) -> list[Part]:
    """Return the painted parts of a hand, with palm or back, creases and nails as it is turned.

    Args:
        placed: (21, 4) x, y, z in pixels, z relative to the wrist, and metres from the camera;
            MediaPipe's numbering.
        skin: RGB.
        right: Whether it is a right hand.
        held: Thing in the hand: on the palm, under the fingers that close over it.

    Returns:
        Parts, far ones first; empty if the hand is too small to be seen.
    """
    points, surface = placed[:, :3], placed[:, [0, 1, 3]]
    length = hand_length(points)
    if not np.isfinite(length) or length < 1.0:
        return []
    normal = _palm_normal(points, right)
    palm_seen = normal[2] < 0
    # Palms are paler and redder than the backs of hands.
    colour = (min(255.0, skin[0] * 1.04), skin[1] * 0.98, skin[2] * 0.97) if palm_seen else skin
    palm_depth = float(points[[0, 5, 9, 13, 17], 2].mean())
    palm = partial(_draw_palm, points=points, length=length, skin=colour, normal=normal)
    parts = [(palm_depth, Part(palm, surface[_PALM[1:]]))]
    if held is not None:
        # Between palm and fingers if the palm is seen, otherwise behind the whole hand.
        depth = palm_depth if palm_seen else float(points[:, 2].max()) + length
        thing = partial(draw_held, held=held, points=points, length=length)
        parts.append((depth, Part(thing, surface[_GRIP])))
    for joints, radii in _FINGERS:
        for start, stop in _straight_runs(points[list(joints)]):
            run = list(joints[start:stop])
            depth = float(points[run, 2].mean())
            if run[0] == 1:
                # The ball of the thumb stands out of the palm.
                depth = min(depth, palm_depth) if palm_seen else max(depth, palm_depth)
            reach = np.array(radii[start:stop]) * length
            finger = partial(
                _draw_finger,
                points=points,
                run=run,
                radii=reach,
                skin=colour,
                normal=normal,
                right=right,
            )
            parts.append((depth, Part(finger, surface[run], limb=True)))
    return [part for _, part in sorted(parts, key=lambda part: -part[0])]


def _straight_runs(joints: FloatArray) -> list[tuple[int, int]]:
    """Split a finger, (4, 3) pixels, where it bends so far that it may cover itself."""
    way = np.diff(joints, axis=0)
    way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    straight = (way[:-1] * way[1:]).sum(axis=1) > 0.6
    ends = [0, *(np.flatnonzero(~straight) + 1).tolist(), len(way)]
    return [(start, end + 1) for start, end in itertools.pairwise(ends)]


def _draw_finger(
    image: Image,
    points: FloatArray,
    run: list[int],
    radii: FloatArray,
    skin: Colour,
    normal: FloatArray,
    right: bool,
) -> None:
    limb(image, points[run, :2], radii, skin, _FINGER_LAYERS)
    for joint, radius in zip(run[1:-1], radii[1:-1], strict=True):
        _draw_crease(image, points, joint, float(radius), skin)
    if run[-1] in (4, 8, 12, 16, 20):
        _draw_nail(image, points, run[-1], float(radii[-1]), normal, skin, right)


def _draw_crease(image: Image, points: FloatArray, joint: int, radius: float, skin: Colour) -> None:
    way = points[joint + 1, :2] - points[joint - 1, :2]
    norm = float(np.linalg.norm(way))
    if norm > 1e-6:
        across = 0.6 * radius / norm * np.array([-way[1], way[0]])
        crease = np.stack([points[joint, :2] - across, points[joint, :2] + across])
        stroke(image, crease, tone(skin, 0.84), 0.12 * radius)


def _palm_normal(points: FloatArray, right: bool) -> FloatArray:
    """Return the unit vector out of the palm."""
    normal = np.cross(points[5] - points[0], points[17] - points[0])
    norm = float(np.linalg.norm(normal))
    normal = normal / norm if norm > 1e-6 else np.array([0.0, 0.0, -1.0])
    return normal if right else -normal


def _draw_palm(
    image: Image, points: FloatArray, length: float, skin: Colour, normal: FloatArray
) -> None:
    flat = points[_PALM, :2].copy()
    across = points[17, :2] - points[5, :2]
    flat[1] += 0.16 * across
    flat[0] += 0.02 * across
    rounded_hull(image, flat, _PALM_RADII * length, skin)
    if normal[2] > -0.35:
        if normal[2] > 0.35:
            for knuckle in (5, 9, 13, 17):
                centre = points[knuckle, :2]
                ellipse(image, centre, np.eye(2) * 0.045 * length, tone(skin, 1.10))
        return
    dark = tone(skin, 0.74)
    wrist, thumb, index, middle, little = (points[i, :2] for i in (0, 2, 5, 9, 17))
    thenar = np.stack(
        [
            index * 0.72 + thumb * 0.28,
            0.45 * index + 0.3 * wrist + 0.25 * middle,
            0.25 * index + 0.6 * wrist + 0.15 * middle,
        ]
    )
    line = np.stack(
        [little * 0.82 + wrist * 0.18, middle * 0.80 + wrist * 0.20, 0.55 * index + 0.45 * middle]
    )
    for crease in (thenar, line):
        stroke(image, crease, dark, 0.025 * length)


def _draw_nail(
    image: Image,
    points: FloatArray,
    tip: int,
    radius: float,
    normal: FloatArray,
    skin: Colour,
    right: bool,
) -> None:
    way = _unit(points[tip] - points[tip - 1])
    thumbwards = _unit(points[5] - points[17])
    if tip == 4:
        back = 0.5 * thumbwards - 0.6 * normal
        back = _unit(back - way * (back @ way))
    else:
        # The back of a finger turns with it about the axis on which it bends.
        back = _unit(np.cross(way, thumbwards)) * (1.0 if right else -1.0)
    if back[2] > -0.3:
        return
    across = np.cross(way, back)
    centre = points[tip, :2] - 0.25 * radius * way[:2] + 0.3 * radius * back[:2]
    axes = np.stack([0.85 * radius * way[:2], 0.62 * radius * across[:2]])
    ellipse(image, centre, axes, (min(255.0, skin[0] * 1.08), skin[1] * 0.97, skin[2] * 0.98))


def _unit(vector: FloatArray) -> FloatArray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
