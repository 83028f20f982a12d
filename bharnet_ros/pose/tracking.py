"""Rules for real hands, the assignment of hands to bodies, and tracks.

Distances are relative to the size of the body or hand in the image, so that nothing depends on the
resolution. The numbers were measured on real clips; docs/pose.md has the table.
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

# Torso length of an adult in shoulder widths, and in palms (wrist to middle knuckle).
_TORSO_PER_SHOULDERS = 1.3
_TORSO_PER_PALM = 5.0

# In body sizes. The wrist of a hand stays within 0.28 of its body's wrist if both are right.
MAX_WRIST_DISTANCE = 0.35
# In body sizes. Palms of fully visible people measure 0.1 to 0.34, most of them below 0.25.
MAX_PALM = 0.8
DOUBTFUL_PALM = 0.35
# In palms. Two hands found on the same image hand lie within 0.1, two clasped hands beyond 0.7.
MIN_HAND_SEPARATION = 0.5
# In body sizes.
MIN_BODY_SEPARATION = 0.25
# In region widths, between the centres of two regions of the same body.
SAME_REGION = 0.15
# How often to search for more people while somebody is tracked and there is room.
SEARCH_PERIOD_S = 0.3


def body_size(body: FloatArray) -> float:
    """Return the size of a body in the image: its torso length, measured or from the shoulders.

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
    """Return the distance of a hand from the wrist of a body, in body sizes.

    Args:
        body: (33, 2 or more) pixels.
        side: 0 left, 1 right.
        hand: (21, 2 or more) pixels.
    """
    distance = np.linalg.norm(hand[HAND_WRIST, :2] - body[WRISTS[side], :2])
    return float(distance / max(body_size(body), 1e-6))


def same_hand(first: FloatArray, second: FloatArray) -> bool:
    """Return whether two hands were found on the same hand of the image.

    Args:
        first: (21, 2 or more) pixels.
        second: (21, 2 or more) pixels.
    """
    distance = np.linalg.norm(first[:, :2] - second[:, :2], axis=1).mean()
    return bool(distance < MIN_HAND_SEPARATION * max(palm_size(first), palm_size(second)))


def same_body(first: FloatArray, second: FloatArray) -> bool:
    """Return whether two bodies were found on the same body of the image.

    Args:
        first: (33, 2 or more) pixels.
        second: (33, 2 or more) pixels.
    """
    distance = np.linalg.norm(first[:, :2] - second[:, :2], axis=1).mean()
    return bool(distance < MIN_BODY_SEPARATION * max(body_size(first), body_size(second)))


def contradicts_body(body: FloatArray, hand: FloatArray) -> bool:
    """Return whether a lone hand shows that a body is false.

    The body network often finds a small body in a hand or a cup that fills the image. Such a body
    is far too small for the hand, and the hand is not at its wrists.

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
        stamp_ns: Capture time in nanoseconds.
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
        """Return the place of a person, None if nothing was found.

        Args:
            stamp_ns: Capture time in nanoseconds.
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
        """Return the distance from an earlier place; None if it cannot be the same person's.

        The distance is in body sizes. A person may be unseen for half a second.
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
# second, and the landmarks of a partly visible body jump by a good part of its size.
MAX_JITTER = 0.6
MAX_SPEED = 10.0
MAX_JUMP = 3.0


class Tracker:
    """Gives people track ids, which stay the same as long as it can be the same person."""

    def __init__(self) -> None:
        """Start without tracks."""
        self._count = 0
        self._last: dict[str, Place] = {}

    def track_ids(self, places: Sequence[Place]) -> list[str]:
        """Return the track ids of all people in a frame; a new person gets an id never used before.

        The person who moved least since last seen is matched first.
        """
        moves = [
            (moved, index, track_id)
            for index, place in enumerate(places)
            for track_id, earlier in self._last.items()
            if (moved := place.moved_from(earlier)) is not None
        ]
        ids: dict[int, str] = {}
        for _, index, track_id in sorted(moves):
            if index not in ids and track_id not in ids.values():
                ids[index] = track_id
        for index in range(len(places)):
            if index not in ids:
                self._count += 1
                ids[index] = f"body_{self._count}"
        ordered = [ids[index] for index in range(len(places))]
        self._last = self._unseen(places) | dict(zip(ordered, places, strict=True))
        return ordered

    def _unseen(self, places: Sequence[Place]) -> dict[str, Place]:
        """Return the last places of people who may still come back."""
        now_ns = max((place.stamp_ns for place in places), default=0)
        return {
            track_id: place
            for track_id, place in self._last.items()
            if now_ns - place.stamp_ns <= MAX_GAP_S * 1e9
        }

    def forget(self) -> None:
        """Drop all tracks: every person is new from now on."""
        self._last = {}
