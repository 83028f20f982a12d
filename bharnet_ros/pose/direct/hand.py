"""Finds and tracks the landmarks of hands.

After MediaPipe's graphs `hand_landmarks_from_pose_cpu` (holistic_landmark) and `hand_landmark_cpu`;
the networks are those of MediaPipe Hands (arXiv 2006.10214).
"""

from __future__ import annotations

import math

import numpy as np

from bharnet_ros.pose.direct.regions import Region, between, crop, rotation_of, turned
from bharnet_ros.pose.direct.runtime import Network
from bharnet_ros.pose.scene import HandLandmarks
from bharnet_ros.types.keypoints import HAND_LANDMARKS, FloatArray

OUTPUTS = (0, 1, 2, 3)
"""Landmarks, presence, handedness and world landmarks."""

_DEPTH = 0.4
"""Factor between the network's z and its x."""

_WRIST, _PALM = 0, (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
_INDEX, _MIDDLE, _RING = 5, 9, 13
_HIGHER = -0.1
"""How far regions of hands lie above the middle, towards the fingertips, in their heights."""

_MOST_TURN = math.radians(40.0)
_MOST_SHIFT, _MOST_GROWTH, _MARGIN = 0.2, 0.4, -0.1
"""How much the region of the last frame may differ from that to which the body leads, in its sides,
and by how much its landmarks must lie within that."""


def region_from_body(wrist: FloatArray, pinky: FloatArray, index: FloatArray) -> Region:
    """Return roughly where a hand is, from three points (2,) of the body, pixels."""
    middle = (2.0 * index + pinky) / 3.0
    side = 2.0 * float(np.hypot(*(middle - wrist)))
    rotation = rotation_of(wrist, middle)
    return Region(float(middle[0]), float(middle[1]), side, side, rotation).expanded(2.7, _HIGHER)


def region_from_landmarks(points: FloatArray) -> Region:
    """Return where to look for a hand whose landmarks (21, 2) were found, pixels."""
    knuckles = (points[_INDEX] + points[_RING]) / 2.0
    rotation = rotation_of(points[_WRIST], (knuckles + points[_MIDDLE]) / 2.0)
    palm = points[list(_PALM)]
    middle = (palm.max(0) + palm.min(0)) / 2.0
    upright = turned(palm - middle, -rotation)
    high, low = upright.max(0), upright.min(0)
    (centre,) = middle + turned((high + low)[None] / 2.0, rotation)
    return Region(
        float(centre[0]),
        float(centre[1]),
        float(high[0] - low[0]),
        float(high[1] - low[1]),
        rotation,
    ).expanded(2.0, _HIGHER)


def still_there(before: Region, landmarks: FloatArray, now: Region) -> bool:
    """Return whether a hand is where it was in the last frame.

    Args:
        before: The region to which its landmarks in the last frame lead.
        landmarks: (21, 2) these landmarks, pixels.
        now: The region to which the body leads.
    """
    turn = abs(math.remainder(before.rotation - now.rotation, 2 * math.pi))
    away = turned(np.array([[before.x - now.x, before.y - now.y]]), -now.rotation)
    sides = np.array([now.width, now.height])
    growth = np.abs(np.array([before.width, before.height]) - sides)
    inside = np.abs(now.to_region(landmarks) - 0.5) < (1.0 + _MARGIN) / 2
    return bool(
        turn <= _MOST_TURN
        and (np.abs(away) <= _MOST_SHIFT * sides).all()
        and (growth <= _MOST_GROWTH * sides).all()
        and inside.all()
    )


class HandFinder:
    """Runs the hand network in a region."""

    def __init__(self, network: Network, *, least_score: float) -> None:
        """Keep the network.

        Args:
            network: Gives `OUTPUTS`.
            least_score: Least presence score of a hand, 0..1.
        """
        self._network = network
        self._least_score = least_score

    def find(self, image: np.ndarray, region: Region) -> HandLandmarks | None:
        """Return the hand in a region of an image (H, W, 3), None if there is none."""
        crop(image, region, self._network.input)
        landmarks, presence, handedness, world = self._network.run()
        score = float(presence.reshape(-1)[0])
        if not score >= self._least_score:
            return None
        points = landmarks.reshape(HAND_LANDMARKS, 3) / self._network.size
        points[:, 2] /= _DEPTH
        placed = region.to_image(points)
        height, width = image.shape[:2]
        return HandLandmarks(
            landmarks=(placed / (width, height, width)).astype(np.float32),
            world=turned(world.reshape(HAND_LANDMARKS, 3), region.rotation).astype(np.float32),
            score=score,
            # The network saw mirrored images: what it calls left is a person's right hand.
            left_probability=1.0 - float(handedness.reshape(-1)[0]),
        )


class HandOfBody:
    """Tracks one hand of a body: the body's wrist leads to it."""

    def __init__(self, recrop: Network, finder: HandFinder) -> None:
        """Start without a hand.

        Args:
            recrop: Finds the middle and the edge of a hand in the region to which the body leads.
            finder: Finds the landmarks.
        """
        self._recrop = recrop
        self._finder = finder
        self._last: FloatArray | None = None

    def reset(self) -> None:
        """Forget the hand."""
        self._last = None

    def find(
        self, image: np.ndarray, wrist: FloatArray, pinky: FloatArray, index: FloatArray
    ) -> HandLandmarks | None:
        """Return the hand at three points (2,) of the body, pixels; None if there is none."""
        rough = region_from_body(wrist, pinky, index)
        if not rough.width > 1.0:
            self.reset()
            return None
        crop(image, rough, self._recrop.input)
        ends = self._recrop.run()[0].reshape(2, 2) / self._recrop.size
        centre, edge = rough.to_image(np.column_stack([ends, np.zeros(2)]))[:, :2]
        region = between(centre, edge, -math.pi / 2).expanded(1.0, _HIGHER)
        if self._last is not None:
            before = region_from_landmarks(self._last)
            if still_there(before, self._last, region):
                region = before
        hand = self._finder.find(image, region)
        height, width = image.shape[:2]
        self._last = None if hand is None else hand.landmarks[:, :2] * (width, height)
        return hand
