"""Where people point: a ray along each stretched arm, from keypoints with depth."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from bharnet_ros.types.actions import Hand
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import (
    LEFT_HAND,
    NANOSECONDS,
    RIGHT_HAND,
    FloatArray,
    FrameKeypoints,
    PersonKeypoints,
)
from bharnet_ros.types.places import Point

LEAST_VISIBILITY = 0.5
"""Visibility from which a joint of the arm counts as seen."""

MOST_BEND = math.radians(35)
"""Angle between upper arm and forearm up to which an arm is stretched."""

LEAST_REACH = 1.35
"""Shoulder widths from shoulder to wrist from which an arm is stretched, wherever its elbow seems
to be."""

LEAST_RAISE = math.radians(35)
"""Angle from a hanging arm beyond which an arm is raised."""

SETTLED_S = 0.3
"""A ray is the mean of this time, and an arm must be stretched during half of it, seconds."""

_JOINT_ERROR_M = 0.02
"""Least error of a joint that is assumed, metres: two percent of the depth at a metre."""

_SHOULDERS, _ELBOWS, _WRISTS, _HIPS = (11, 12), (13, 14), (15, 16), (23, 24)
_INDEX_KNUCKLE, _INDEX_TIP = 5, 8
_DOWN = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class PointingRay:
    """Where a person points with one arm, in the camera's optical frame (REP-103).

    Attributes:
        track_id: The person.
        hand: LEFT or RIGHT.
        origin: Where the ray begins, at the hand, metres.
        direction: Vector of length 1.
        uncertainty: Standard deviation of the direction to either side, radians.
    """

    track_id: str
    hand: Hand
    origin: Point
    direction: Point
    uncertainty: float


def arm_ray(person: PersonKeypoints, side: int) -> PointingRay | None:
    """Return the ray along an arm in one frame; None if it is not stretched out, or not measured.

    It is the line that fits shoulder, elbow, wrist and index finger best. Its uncertainty follows
    from how far they are from that line, and how long the line is.

    Args:
        person: Keypoints with camera coordinates.
        side: `LEFT_HAND` or `RIGHT_HAND`.
    """
    joints = [_SHOULDERS[side], _ELBOWS[side], _WRISTS[side]]
    arm = person.body_camera[joints].astype(np.float64)
    seen = np.isfinite(arm).all(1) & (person.body[joints, 3] >= LEAST_VISIBILITY)
    if not (seen[0] and seen[2]):
        return None
    reach = arm[2] - arm[0]
    straight = bool(seen[1]) and _angle(*np.diff(arm, axis=0)) <= MOST_BEND
    if not straight:
        # Of an arm towards the camera, the hand hides the elbow, which is then often misplaced.
        arm = arm[[0, 2]]
    far = np.linalg.norm(reach) >= LEAST_REACH * _shoulder_width(person)
    if not (straight or far) or _angle(reach, _down(person)) < LEAST_RAISE:
        return None
    finger = person.hands_camera[side, [_INDEX_KNUCKLE, _INDEX_TIP]].astype(np.float64)
    points = np.concatenate([arm, finger[np.isfinite(finger).all(1)]])
    middle = points.mean(0)
    _, spreads, axes = np.linalg.svd(points - middle)
    direction = axes[0] * np.sign(axes[0] @ reach)
    # Both axes across the line share what is left over.
    across = math.sqrt(float((spreads[1:] ** 2).sum()) / (2 * max(len(points) - 2, 1)))
    error = max(across, _JOINT_ERROR_M * float(middle[2]))
    last = middle + direction * float(((points - middle) @ direction).max())
    return PointingRay(
        person.track_id,
        Hand.LEFT if side == LEFT_HAND else Hand.RIGHT,
        _point(last),
        _point(direction),
        error / float(spreads[0]),
    )


class PointingFinder:
    """Finds the rays of all people in view, frame by frame."""

    def __init__(self, settled_s: float = SETTLED_S) -> None:
        """Start without people.

        Args:
            settled_s: Seconds over which a ray is averaged; 0 takes each frame alone.

        Raises:
            InputError: The time is negative or not finite.
        """
        if not 0.0 <= settled_s < math.inf:
            raise InputError(f"settled_s: must be finite and not negative, got {settled_s}")
        self._settled_ns = round(settled_s * NANOSECONDS)
        self._newest_ns: int | None = None
        self._seen: dict[tuple[str, int], deque[tuple[int, PointingRay | None]]] = {}

    def update(self, frame: FrameKeypoints) -> tuple[PointingRay, ...]:
        """Return where people point in a frame; start anew if its stamp is not the newest."""
        stamp = frame.stamp_ns
        if self._newest_ns is not None and stamp <= self._newest_ns:
            self._seen.clear()
        self._newest_ns = stamp
        rays = []
        for person in frame.people:
            for side in (LEFT_HAND, RIGHT_HAND):
                seen = self._seen.setdefault((person.track_id, side), deque())
                seen.append((stamp, arm_ray(person, side)))
                while stamp - seen[0][0] > self._settled_ns:
                    seen.popleft()
                ray = _settled([one for _, one in seen])
                if ray is not None:
                    rays.append(ray)
        self._seen = {
            key: seen for key, seen in self._seen.items() if stamp - seen[-1][0] <= self._settled_ns
        }
        return tuple(rays)


def _settled(rays: list[PointingRay | None]) -> PointingRay | None:
    """Return the mean direction of the rays of an arm; None unless it is stretched now and mostly.

    Errors of joints last longer than the time of the mean, so the mean is no surer than one ray,
    and less sure if the rays differ.
    """
    found = [ray for ray in rays if ray is not None]
    newest = rays[-1]
    if newest is None or 2 * len(found) < len(rays):
        return None
    directions = np.array([ray.direction for ray in found])
    mean = directions.mean(0)
    mean /= np.linalg.norm(mean)
    spread = math.sqrt(float(((directions - mean) ** 2).sum(1).mean()) / 2)
    uncertainty = max(float(np.median([ray.uncertainty for ray in found])), spread)
    return replace(newest, direction=_point(mean), uncertainty=uncertainty)


def _shoulder_width(person: PersonKeypoints) -> float:
    """Return the distance between the shoulders, metres; infinite if it is not known."""
    left, right = person.body_camera[list(_SHOULDERS)].astype(np.float64)
    width = float(np.linalg.norm(left - right))
    return width if math.isfinite(width) else math.inf


def _down(person: PersonKeypoints) -> FloatArray:
    """Return the direction in which arms hang: from shoulders to hips, or down in the image."""
    trunk = person.body_camera[[*_SHOULDERS, *_HIPS]].astype(np.float64)
    seen = person.body[[*_SHOULDERS, *_HIPS], 3] >= LEAST_VISIBILITY
    if not (seen.all() and np.isfinite(trunk).all()):
        return _DOWN
    down: FloatArray = trunk[2:].mean(0) - trunk[:2].mean(0)
    return down


def _angle(first: FloatArray, second: FloatArray) -> float:
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return math.acos(max(-1.0, min(1.0, float(first @ second) / max(lengths, 1e-9))))


def _point(values: FloatArray) -> Point:
    x, y, z = values.tolist()
    return x, y, z
