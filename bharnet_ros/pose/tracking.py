"""Decisions about what the networks found: which hands are real, whose they are, who is who.

Distances are compared with the size of the body or hand in the image, so that nothing depends on
the resolution. The numbers were measured on real clips; docs/pose.md has the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bharnet_ros.types.keypoints import FloatArray

LEFT_SHOULDER, RIGHT_SHOULDER = 11, 12
WRISTS = (15, 16)
LEFT_HIP, RIGHT_HIP = 23, 24
HAND_WRIST = 0
HAND_MIDDLE_KNUCKLE = 9

# Torso length of an adult over shoulder width, and over wrist to middle knuckle.
_TORSO_PER_SHOULDERS = 1.3
_TORSO_PER_PALM = 5.0

# In body sizes. The wrist of a hand stays within 0.28 of its body's wrist where both are right.
MAX_WRIST_DISTANCE = 0.35
# In body sizes. Palms of people seen whole measure 0.1 to 0.34, most of them below 0.25.
MAX_PALM = 0.8
DOUBTFUL_PALM = 0.35
# In palms. Two hands found on the same image hand lie within 0.1, two clasped hands beyond 0.7.
MIN_HAND_SEPARATION = 0.5
# In body sizes.
MIN_BODY_SEPARATION = 0.25


def body_size(body: FloatArray) -> float:
    """Return the size of a body in the image: torso length, or the same from the shoulders.

    Args:
        body: (33, 2 or more) pixels.
    """
    torso = np.linalg.norm(
        body[[LEFT_SHOULDER, RIGHT_SHOULDER], :2].mean(axis=0)
        - body[[LEFT_HIP, RIGHT_HIP], :2].mean(axis=0)
    )
    shoulders = np.linalg.norm(body[LEFT_SHOULDER, :2] - body[RIGHT_SHOULDER, :2])
    return float(max(torso, _TORSO_PER_SHOULDERS * shoulders))


def palm_size(hand: FloatArray) -> float:
    """Return the distance from the wrist to the middle finger's knuckle.

    Args:
        hand: (21, 2 or more) pixels.
    """
    return float(np.linalg.norm(hand[HAND_MIDDLE_KNUCKLE, :2] - hand[HAND_WRIST, :2]))


def wrist_distance(body: FloatArray, side: int, hand: FloatArray) -> float:
    """Return how far a hand is from its body's wrist, in body sizes.

    Args:
        body: (33, 2 or more) pixels.
        side: 0 left, 1 right.
        hand: (21, 2 or more) pixels.
    """
    distance = np.linalg.norm(hand[HAND_WRIST, :2] - body[WRISTS[side], :2])
    return float(distance / max(body_size(body), 1e-6))


def same_hand(first: FloatArray, second: FloatArray) -> bool:
    """Tell whether two hands were found on the same hand of the image.

    Args:
        first: (21, 2 or more) pixels.
        second: (21, 2 or more) pixels.
    """
    distance = np.linalg.norm(first[:, :2] - second[:, :2], axis=1).mean()
    return bool(distance < MIN_HAND_SEPARATION * max(palm_size(first), palm_size(second)))


def same_body(first: FloatArray, second: FloatArray) -> bool:
    """Tell whether two bodies were found on the same body of the image.

    Args:
        first: (33, 2 or more) pixels.
        second: (33, 2 or more) pixels.
    """
    distance = np.linalg.norm(first[:, :2] - second[:, :2], axis=1).mean()
    return bool(distance < MIN_BODY_SEPARATION * max(body_size(first), body_size(second)))


def contradicts_body(body: FloatArray, hand: FloatArray) -> bool:
    """Tell whether a hand seen for itself shows that the body is none.

    The body network likes to see a small body in a hand or a cup that fills the image. Such a
    body is far smaller than its hands should make it, and they are not at its wrists.

    Args:
        body: (33, 2 or more) pixels.
        hand: (21, 2 or more) pixels, found by the palm detector.
    """
    palm = palm_size(hand) / max(body_size(body), 1e-6)
    away = min(wrist_distance(body, side, hand) for side in (0, 1)) > MAX_WRIST_DISTANCE
    return palm > MAX_PALM or (palm > DOUBTFUL_PALM and away)


@dataclass(frozen=True, eq=False)
class Place:
    """Where a person was last seen.

    Attributes:
        stamp_ns: When.
        size: Body size in pixels.
        centre: (2,) middle of shoulders and hips, NaN without a body.
        wrists: (2, 2) left and right wrist, NaN where unknown.
    """

    stamp_ns: int
    size: float
    centre: FloatArray
    wrists: FloatArray

    @classmethod
    def of(cls, stamp_ns: int, body: FloatArray, hands: FloatArray) -> Place | None:
        """Return the place of a person, None where nothing was found.

        Args:
            stamp_ns: Capture time.
            body: (33, 4) pixels, NaN where absent.
            hands: (2, 21, 3) pixels, NaN where absent.
        """
        wrists = hands[:, HAND_WRIST, :2].copy()
        if np.isfinite(body[0, 0]):
            trunk = body[[LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP], :2]
            unknown = np.isnan(wrists[:, 0])
            wrists[unknown] = body[list(WRISTS), :2][unknown]
            return cls(stamp_ns, body_size(body), trunk.mean(axis=0), wrists)
        palms = [palm_size(hand) for hand in hands if np.isfinite(hand[0, 0])]
        if not palms:
            return None
        return cls(stamp_ns, _TORSO_PER_PALM * max(palms), np.full(2, np.nan), wrists)

    def moved_from(self, earlier: Place) -> float | None:
        """Return how far this is from where the same person was; None where it cannot be the same.

        A person may be unseen for half a second. The distance is in body sizes.
        """
        gap = (self.stamp_ns - earlier.stamp_ns) / 1e9
        if gap > MAX_GAP_S:
            return None
        size = max(self.size, earlier.size)
        if min(self.size, earlier.size) < size / MAX_SIZE_RATIO:
            return None
        moved = np.linalg.norm(self.centre - earlier.centre)
        if np.isnan(moved):
            moved = np.nanmin(np.append(np.linalg.norm(self.wrists - earlier.wrists, axis=1), 1e9))
        if moved > size * min(MAX_JITTER + MAX_SPEED * gap, MAX_JUMP):
            return None
        return float(moved / size)


MAX_GAP_S = 0.5
MAX_SIZE_RATIO = 2.5
# In body sizes (about half a metre) and body sizes a second: a running person moves five metres a
# second, and landmarks of a half-seen body jump about by a good part of its size.
MAX_JITTER = 0.6
MAX_SPEED = 10.0
MAX_JUMP = 3.0


class Tracker:
    """Gives the people of each frame names: the same as long as it can be the same person."""

    def __init__(self) -> None:
        """Start with nobody seen."""
        self._count = 0
        self._last: dict[str, Place] = {}

    def names(self, places: Sequence[Place]) -> list[str]:
        """Return the track ids of all people of a frame; ids are never used twice.

        Who has moved least since last seen is named first.
        """
        moves = [
            (moved, at, name)
            for at, place in enumerate(places)
            for name, earlier in self._last.items()
            if (moved := place.moved_from(earlier)) is not None
        ]
        names: dict[int, str] = {}
        for _, at, name in sorted(moves):
            if at not in names and name not in names.values():
                names[at] = name
        for at in range(len(places)):
            if at not in names:
                self._count += 1
                names[at] = f"body_{self._count}"
        ordered = [names[at] for at in range(len(places))]
        self._last = self._unseen(places) | dict(zip(ordered, places, strict=True))
        return ordered

    def _unseen(self, places: Sequence[Place]) -> dict[str, Place]:
        """Return who may still come back."""
        now_ns = max((place.stamp_ns for place in places), default=0)
        return {
            name: place
            for name, place in self._last.items()
            if now_ns - place.stamp_ns <= MAX_GAP_S * 1e9
        }

    def forget(self) -> None:
        """Make everybody who comes a new person."""
        self._last = {}
