"""Pointing with a stretched arm in a known direction."""

from __future__ import annotations

import numpy as np

from bharnet_ros.sources.puppet.motion import hand_shapes
from bharnet_ros.sources.puppet.motion.gestures import Directions, Gesture, Style
from bharnet_ros.sources.puppet.motion.kinematics import (
    FOREARM,
    SHOULDER_WIDTH,
    UPPER_ARM,
    ArmPose,
    Pose,
)
from bharnet_ros.types.keypoints import FloatArray

_DIRECTIONS: tuple[Directions, ...] = (
    (1.0, 0.0, 0.0),
    (0.7, 0.0, 0.7),
    (0.7, 0.5, 0.5),
    (0.6, -0.5, 0.6),
    (-0.3, 0.0, 0.9),
    (0.3, 0.1, 1.0),
)

POINTED: tuple[tuple[Directions, bool], ...] = tuple(
    (direction, left) for left in (False, True) for direction in _DIRECTIONS
)
"""What the script `pointing` shows: direction (outwards to the arm's own side, up, forward), and
whether the left arm points."""

_STRETCHED = 0.99
"""Share of the arm's length from the shoulder to the wrist."""


def point(direction: Directions, *, left: bool = False) -> Gesture:
    """Return the gesture of pointing for two seconds.

    Args:
        direction: (3,) outwards to the arm's own side, up, forward; any length.
        left: Whether the left arm points.
    """
    along = np.array(direction, dtype=np.float64) / np.linalg.norm(direction)

    def perform(time: float, style: Style) -> Pose:
        arm = _stretched(along)
        return Pose(left=arm) if left else Pose(right=arm)

    return Gesture("point", perform, duration=2.0, raise_time=0.6)


def optical_direction(direction: Directions, *, left: bool = False) -> FloatArray:
    """Return a direction of `point` as a vector (3,) of length 1 in the camera's optical frame.

    The camera must be level and the person face it.
    """
    outwards, up, forward = direction
    vector = np.array([outwards if left else -outwards, -up, -forward])
    return vector / np.linalg.norm(vector)


def _stretched(along: FloatArray) -> ArmPose:
    shoulder = np.array([SHOULDER_WIDTH / 2, 0.0, 0.0])
    # The palm looks down, or inwards if the arm is upright.
    palm = np.array([-1.0, 0.0, 0.0]) if abs(along[1]) > 0.9 else np.array([0.0, -1.0, 0.0])
    return ArmPose(
        wrist=shoulder + _STRETCHED * (UPPER_ARM + FOREARM) * along,
        pointing=along,
        palm=palm,
        elbow=np.array([0.5, -1.0, 0.0]),
        shape=hand_shapes.POINTING,
    )
