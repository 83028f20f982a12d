"""The puppet's skeleton: a pose in joint terms becomes landmarks in metres."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bharnet_ros.sources.puppet.motion.hand_shapes import RELAXED, hand_landmarks
from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    LEFT_HAND,
    RIGHT_HAND,
    FloatArray,
)

SHOULDER_WIDTH = 0.36
HIP_WIDTH = 0.22
TORSO = 0.50
UPPER_ARM = 0.275
FOREARM = 0.25
THIGH = 0.42
SHIN = 0.42
HEAD_HEIGHT = 0.205

# x towards the person's left, y down, z backwards, metres from the point between the ears.
HEAD_LANDMARKS = np.array(
    [
        [0.0, 0.030, -0.118],
        [0.017, -0.016, -0.090],
        [0.032, -0.018, -0.088],
        [0.046, -0.016, -0.080],
        [-0.017, -0.016, -0.090],
        [-0.032, -0.018, -0.088],
        [-0.046, -0.016, -0.080],
        [0.076, 0.0, 0.0],
        [-0.076, 0.0, 0.0],
        [0.026, 0.067, -0.090],
        [-0.026, 0.067, -0.090],
    ]
)


@dataclass(frozen=True)
class ArmPose:
    """One arm. Directions and places are (outwards to its own side, up, forward).

    Attributes:
        wrist: Metres from the middle of the shoulders.
        pointing: Direction from the wrist to the middle knuckle.
        palm: Direction out of the palm.
        elbow: Direction in which the elbow leans.
        shape: (5, 4) radians, as `hand_shapes.hand_shape` returns.
    """

    wrist: FloatArray = field(default_factory=lambda: np.array([0.27, -0.52, 0.04]))
    pointing: FloatArray = field(default_factory=lambda: np.array([0.05, -1.0, 0.1]))
    palm: FloatArray = field(default_factory=lambda: np.array([-1.0, 0.0, -0.2]))
    elbow: FloatArray = field(default_factory=lambda: np.array([0.6, -0.7, -0.4]))
    shape: FloatArray = field(default_factory=lambda: RELAXED)


@dataclass(frozen=True)
class Pose:
    """A whole person.

    Attributes:
        right: The right arm.
        left: The left arm.
        place: (3,) metres from the place in front of the camera: right, down, away in the image.
        turn: Radians about the vertical, positive to the person's left.
        lean: Radians of the spine sideways, positive to the person's left.
        head: (3,) radians: turn to the person's left, nod downwards, tilt to the person's left.
        stride: Radians that the right leg is ahead of the left.
    """

    right: ArmPose = field(default_factory=ArmPose)
    left: ArmPose = field(default_factory=ArmPose)
    place: FloatArray = field(default_factory=lambda: np.zeros(3))
    turn: float = 0.0
    lean: float = 0.0
    head: FloatArray = field(default_factory=lambda: np.zeros(3))
    stride: float = 0.0


def smooth_step(fraction: float) -> float:
    """Return the minimum-jerk rise from 0 to 1 of a reaching hand (Flash and Hogan, 1985)."""
    x = min(max(fraction, 0.0), 1.0)
    return x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)


def blend_arms(start: ArmPose, end: ArmPose, weight: float) -> ArmPose:
    """Return the arm at `weight` in 0..1 of the way from `start` to `end`.

    Fingers take their shape in the first part of the movement, as people's do.
    """
    shape_weight = min(1.0, 1.5 * weight)
    return ArmPose(
        wrist=_mix(start.wrist, end.wrist, weight),
        pointing=_mix(_unit(start.pointing), _unit(end.pointing), weight),
        palm=_mix(_unit(start.palm), _unit(end.palm), weight),
        elbow=_mix(_unit(start.elbow), _unit(end.elbow), weight),
        shape=_mix(start.shape, end.shape, shape_weight),
    )


def landmarks(pose: Pose) -> tuple[FloatArray, FloatArray]:
    """Return body (33, 3) and hands (2, 21, 3) in metres.

    The origin is the middle of the shoulders of a person at `place` zero; x right, y down,
    z away from a camera that the person faces (REP-103 optical axes), MediaPipe's numbering.
    """
    body = np.zeros((BODY_LANDMARKS, 3))
    hands = np.zeros((2, HAND_LANDMARKS, 3))
    upright = np.eye(3)
    spine = _about(2, -pose.lean)
    head = spine @ _about(1, -pose.head[0]) @ _about(0, pose.head[1]) @ _about(2, pose.head[2])
    body[:11] = spine @ np.array([0.0, -HEAD_HEIGHT, -0.02]) + HEAD_LANDMARKS @ head.T
    for side, arm in ((LEFT_HAND, pose.left), (RIGHT_HAND, pose.right)):
        outward = 1.0 if side == LEFT_HAND else -1.0
        axes = spine @ np.diag([outward, -1.0, -1.0])
        shoulder = spine @ np.array([outward * SHOULDER_WIDTH / 2, 0.0, 0.0])
        elbow, wrist = _reach(shoulder, axes @ arm.wrist, axes @ arm.elbow)
        hand = hand_landmarks(
            arm.shape, wrist, axes @ arm.pointing, axes @ arm.palm, right=side == RIGHT_HAND
        )
        hands[side] = hand
        body[11 + (side == RIGHT_HAND)] = shoulder
        body[13 + (side == RIGHT_HAND)] = elbow
        body[[15, 17, 19, 21] if side == LEFT_HAND else [16, 18, 20, 22]] = hand[[0, 17, 5, 2]]
        hip = np.array([outward * HIP_WIDTH / 2, TORSO, 0.02])
        leg = _leg(hip, upright, outward, pose.stride * (-outward))
        body[[23, 25, 27, 29, 31] if side == LEFT_HAND else [24, 26, 28, 30, 32]] = leg
    turn = _about(1, -pose.turn)
    return body @ turn.T + pose.place, hands @ turn.T + pose.place


def _reach(
    shoulder: FloatArray, target: FloatArray, lean: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Solve two-bone inverse kinematics; return the elbow and the wrist within the arm's reach."""
    way = target - shoulder
    reach = UPPER_ARM + FOREARM
    distance = float(np.clip(np.linalg.norm(way), 0.08, 0.995 * reach))
    along = _unit(way)
    wrist = shoulder + along * distance
    projection = (UPPER_ARM**2 - FOREARM**2 + distance**2) / (2 * distance)
    height = np.sqrt(max(UPPER_ARM**2 - projection**2, 0.0))
    side = lean - along * (lean @ along)
    return shoulder + along * projection + _unit(side) * height, wrist


def _leg(hip: FloatArray, axes: FloatArray, outward: float, swing: float) -> FloatArray:
    knee = hip + THIGH * np.array([0.0, np.cos(swing), -np.sin(swing)])
    bend = swing - 0.35 * abs(np.sin(swing))
    ankle = knee + SHIN * np.array([0.0, np.cos(bend), -np.sin(bend)])
    heel = ankle + np.array([0.0, 0.05, 0.05])
    toe = ankle + np.array([outward * 0.03, 0.07, -0.15])
    return np.stack([hip, knee, ankle, heel, toe])


def _about(axis: int, angle: float) -> FloatArray:
    """Return the rotation matrix about x, y or z."""
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    return matrix


def _unit(vector: FloatArray) -> FloatArray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _mix(start: FloatArray, end: FloatArray, weight: float) -> FloatArray:
    return start + (end - start) * weight
