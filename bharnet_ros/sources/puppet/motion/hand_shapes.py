"""Hand shapes as joint angles, and the 21 landmarks that follow from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bharnet_ros.types.keypoints import FloatArray

HAND_LENGTH = 0.096
"""Metres from the wrist to the knuckle of the middle finger of an adult."""

# Columns: towards the thumb, towards the fingertips, out of the palm; in hand lengths.
_KNUCKLES = np.array(
    [[0.25, 0.97, 0.0], [0.03, 1.0, 0.02], [-0.18, 0.94, 0.01], [-0.37, 0.83, -0.02]]
)
_PHALANGES = np.array(
    [[0.45, 0.27, 0.22], [0.50, 0.31, 0.24], [0.46, 0.30, 0.24], [0.36, 0.21, 0.2]]
)
_THUMB_BASE = np.array([0.27, 0.22, 0.08])
_THUMB_BONES = (0.44, 0.36, 0.30)


def hand_shape(
    thumb: Sequence[float],
    index: Sequence[float],
    middle: Sequence[float],
    ring: Sequence[float],
    little: Sequence[float],
) -> FloatArray:
    """Return a (5, 4) hand shape in radians from angles in degrees, thumb first.

    A finger is given by its abduction towards the thumb and the flexion of its three joints; the
    thumb by its spread away from the index finger, its opposition out of the palm's plane and
    the flexion of its two outer joints.
    """
    return np.radians(np.array([thumb, index, middle, ring, little], dtype=np.float64))


_CURLED = (0.0, 82.0, 95.0, 55.0)

OPEN = hand_shape((48, 12, 0, 0), (9, 3, 4, 2), (2, 2, 3, 2), (-6, 3, 4, 2), (-15, 5, 5, 3))
FLAT = hand_shape((24, 8, 2, 2), (1, 3, 3, 2), (0, 3, 3, 2), (0, 3, 4, 2), (-1, 5, 5, 3))
RELAXED = hand_shape(
    (40, 22, 10, 12), (3, 20, 24, 12), (0, 24, 28, 14), (-3, 28, 30, 15), (-6, 30, 30, 15)
)
FIST = hand_shape((36, 44, 22, 26), _CURLED, _CURLED, _CURLED, _CURLED)
THUMB_UP = hand_shape((54, 10, -4, -6), _CURLED, _CURLED, _CURLED, _CURLED)
I_LOVE_YOU = hand_shape((46, 8, -4, -4), (8, 2, 4, 2), _CURLED, _CURLED, (-14, 4, 5, 3))
BEAK_OPEN = hand_shape((44, 34, 4, 6), (3, 10, 6, 4), (0, 12, 7, 4), _CURLED, _CURLED)
BEAK_CLOSED = hand_shape((34, 62, 18, 14), (3, 62, 42, 16), (0, 64, 42, 16), _CURLED, _CURLED)
THUMB_SIDE_FIST = hand_shape((38, 20, 16, 20), _CURLED, _CURLED, _CURLED, _CURLED)
POINTING = hand_shape((38, 40, 20, 24), (4, 3, 3, 2), _CURLED, _CURLED, _CURLED)
HOLDING = hand_shape(
    (46, 46, 14, 14), (4, 34, 42, 20), (1, 36, 44, 20), (-2, 38, 46, 22), (-5, 40, 46, 22)
)
SCRATCHING = hand_shape(
    (40, 30, 10, 14), (5, 26, 44, 22), (1, 28, 46, 24), (-4, 30, 46, 24), (-9, 32, 46, 24)
)


def hand_landmarks(
    shape: FloatArray,
    wrist: FloatArray,
    pointing: FloatArray,
    palm: FloatArray,
    *,
    right: bool,
    length: float = HAND_LENGTH,
) -> FloatArray:
    """Place the 21 landmarks of a hand in space, in MediaPipe's numbering.

    Args:
        shape: (5, 4) radians, as `hand_shape` returns.
        wrist: (3,) metres, any right-handed frame with x right, y down, z away from the camera.
        pointing: (3,) direction from the wrist to the middle knuckle, any length.
        palm: (3,) direction out of the palm; made orthogonal to `pointing`.
        right: Whether it is the right hand.
        length: Wrist to middle knuckle, metres.

    Returns:
        (21, 3) metres in the frame of `wrist`.
    """
    along = pointing / np.linalg.norm(pointing)
    normal = palm - along * (palm @ along)
    normal = normal / np.linalg.norm(normal)
    across = np.cross(along, normal) if right else np.cross(normal, along)
    local = np.zeros((21, 3))
    local[1:5] = _thumb(shape[0])
    for finger in range(4):
        local[5 + 4 * finger : 9 + 4 * finger] = _finger(finger, shape[1 + finger])
    return wrist + length * local @ np.stack([across, along, normal])


def _finger(finger: int, angles: FloatArray) -> FloatArray:
    abduction, *flexions = angles
    straight = np.array([np.sin(abduction), np.cos(abduction), 0.0])
    bend = np.cumsum(flexions)[:, None]
    directions = np.cos(bend) * straight + np.sin(bend) * np.array([0.0, 0.0, 1.0])
    steps = np.vstack([_KNUCKLES[finger], directions * _PHALANGES[finger][:, None]])
    return np.cumsum(steps, axis=0)


def _thumb(angles: FloatArray) -> FloatArray:
    spread, opposition, *flexions = angles
    flat = np.array([np.sin(spread), np.cos(spread), 0.0])
    direction = np.cos(opposition) * flat + np.sin(opposition) * np.array([0.0, 0.0, 1.0])
    # A thumb does not bend in a finger's plane: its outer joints close across the palm.
    inward = np.array([-0.80, 0.25, 0.35])
    inward = inward - direction * (inward @ direction)
    inward = inward / np.linalg.norm(inward)
    bend = np.concatenate([[0.0], np.cumsum(flexions)])[:, None]
    directions = np.cos(bend) * direction + np.sin(bend) * inward
    steps = np.vstack([_THUMB_BASE, directions * np.array(_THUMB_BONES)[:, None]])
    return np.cumsum(steps, axis=0)
