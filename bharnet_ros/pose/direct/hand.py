"""Finds and tracks the landmarks of hands.

After MediaPipe's graphs `hand_landmarks_from_pose_cpu` (holistic_landmark) and `hand_landmark_cpu`;
the networks are those of MediaPipe Hands (arXiv 2006.10214).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from bharnet_ros.pose.direct.regions import Region, between, crop, rotation_of, turned
from bharnet_ros.pose.direct.runtime import Network, PairedNetwork, Pixels
from bharnet_ros.pose.scene import HandLandmarks
from bharnet_ros.types.keypoints import HAND_LANDMARKS, FloatArray

Place = TypeVar("Place")

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
    """Runs the hand network in regions."""

    def __init__(self, network: PairedNetwork, *, least_score: float) -> None:
        """Keep the network.

        Args:
            network: Gives `OUTPUTS`.
            least_score: Least presence score of a hand, 0..1.
        """
        self._network = network
        self._least_score = least_score

    def find(
        self, image: Pixels, places: Sequence[Place], region_of: Callable[[int, Place], Region]
    ) -> list[HandLandmarks | None]:
        """Return the hand at each of some places of an image (H, W, 3), None if there is none.

        Args:
            image: The image.
            places: Where to look.
            region_of: Returns the region at a place. It is asked for two places at the same time,
                with different lanes 0 and 1 as its first argument.
        """
        regions: dict[int, Region] = {}

        def fill(lane: int, number: int, out: Pixels) -> None:
            regions[number] = region_of(lane, places[number])
            crop(image, regions[number], out)

        height, width = image.shape[:2]
        return [
            self._read(outputs, regions[number], width, height)
            for number, outputs in self._network.run(range(len(places)), fill)
        ]

    def _read(
        self, outputs: Sequence[FloatArray], region: Region, width: int, height: int
    ) -> HandLandmarks | None:
        landmarks, presence, handedness, world = outputs
        score = float(presence[0])
        if not score >= self._least_score:
            return None
        points = landmarks.reshape(HAND_LANDMARKS, 3) / self._network.size
        points[:, 2] /= _DEPTH
        placed = region.to_image(points)
        return HandLandmarks(
            landmarks=(placed / (width, height, width)).astype(np.float32),
            world=turned(world.reshape(HAND_LANDMARKS, 3), region.rotation).astype(np.float32),
            score=score,
            # The network saw mirrored images: what it calls left is a person's right hand.
            left_probability=1.0 - float(handedness[0]),
        )


class HandOfBody:
    """Tracks one hand of a body: the body's wrist leads to it."""

    def __init__(self) -> None:
        """Start without a hand."""
        self._last: FloatArray | None = None

    def region(self, image: Pixels, rough: Region, recrop: Network) -> Region:
        """Return where to look for the hand in an image (H, W, 3).

        Args:
            image: The image.
            rough: The region to which the body leads.
            recrop: Finds the middle and the edge of a hand in it.
        """
        crop(image, rough, recrop.inputs[0])
        ends = recrop.run()[0].reshape(2, 2) / recrop.size
        centre, edge = rough.to_image(np.column_stack([ends, np.zeros(2)]))[:, :2]
        region = between(centre, edge, -math.pi / 2).expanded(1.0, _HIGHER)
        if self._last is not None:
            before = region_from_landmarks(self._last)
            if still_there(before, self._last, region):
                return before
        return region

    def keep(self, hand: HandLandmarks | None, image: Pixels) -> None:
        """Remember the hand that was found in an image (H, W, 3)."""
        height, width = image.shape[:2]
        self._last = None if hand is None else hand.landmarks[:, :2] * (width, height)
