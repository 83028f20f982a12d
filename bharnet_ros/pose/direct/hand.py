"""Finds and tracks the landmarks of hands.

After MediaPipe's graphs `hand_landmarks_from_pose_cpu` (holistic_landmark) and `hand_landmark_cpu`;
the networks are those of MediaPipe Hands (arXiv 2006.10214).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bharnet_ros.pose.direct.regions import Region, between, crop, rotation_of, turned
from bharnet_ros.pose.direct.runtime import Network, PairedNetwork, Pixels
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

_NEAR = 0.5
"""How far the two regions may be apart, in the size of the latter, for a hand to be in either."""


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
        self.least_score = least_score

    def find(
        self, image: Pixels, regions: Iterable[Region], count: int
    ) -> list[HandLandmarks | None]:
        """Return the hand in each region of an image (H, W, 3), None if there is none.

        Args:
            image: The image.
            regions: Where to look.
            count: Number of regions.
        """
        upcoming = iter(regions)
        used: list[Region] = []

        def fill(_: int, out: Pixels) -> None:
            used.append(next(upcoming))
            crop(image, used[-1], out)

        height, width = image.shape[:2]
        return [
            self._read(outputs, used[number], width, height)
            for number, outputs in self._network.run(range(count), fill)
        ]

    def _read(
        self, outputs: Sequence[FloatArray], region: Region, width: int, height: int
    ) -> HandLandmarks | None:
        landmarks, presence, handedness, world = outputs
        score = float(presence[0])
        if not score >= self.least_score:
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


class Recrop:
    """Finds the middle and the edge of hands in the regions to which bodies lead."""

    def __init__(self, networks: Sequence[Network]) -> None:
        """Keep the networks, which are equal and run side by side."""
        self._networks = networks

    def regions(self, image: Pixels, rough: Sequence[Region]) -> Iterator[Region]:
        """Yield where to look for the hand in each rough region of an image (H, W, 3).

        While the caller crops one of them, a network works on the next.
        """
        running: deque[tuple[Network, Region]] = deque()
        for number, region in enumerate(rough):
            if len(running) == len(self._networks):
                yield self._finish(*running.popleft())
            network = self._networks[number % len(self._networks)]
            crop(image, region, network.inputs[0])
            network.start()
            running.append((network, region))
        while running:
            yield self._finish(*running.popleft())

    def _finish(self, network: Network, rough: Region) -> Region:
        ends = network.wait()[0].reshape(2, 2) / network.size
        centre, edge = rough.to_image(np.column_stack([ends, np.zeros(2)]))[:, :2]
        return between(centre, edge, -math.pi / 2).expanded(1.0, _HIGHER)


class HandOfBody:
    """Remembers one hand of a body from frame to frame."""

    def __init__(self) -> None:
        """Start without a hand."""
        self._last: FloatArray | None = None

    def regions(self, led: Region) -> tuple[Region, ...]:
        """Return where to look for the hand, the likeliest place first.

        In blurred images the body leads beside the hand. A hand that is not found there may be
        where it was.

        Args:
            led: Where the body has led.
        """
        if self._last is None:
            return (led,)
        before = region_from_landmarks(self._last)
        if still_there(before, self._last, led):
            return (before,)
        apart = float(np.hypot(before.x - led.x, before.y - led.y))
        return (led, before) if apart <= _NEAR * max(led.width, led.height) else (led,)

    def keep(self, hand: HandLandmarks | None, image: Pixels) -> None:
        """Remember the hand that was found in an image (H, W, 3)."""
        height, width = image.shape[:2]
        self._last = None if hand is None else hand.landmarks[:, :2] * (width, height)
