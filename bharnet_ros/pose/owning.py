"""Gives each hand of an image to one side of one body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bharnet_ros.pose import tracking
from bharnet_ros.pose.scene import HandLandmarks
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND, FloatArray

HandsOfBody = list[HandLandmarks | None]
"""Left and right hand of a body; None for one that was not found."""

_SIDES = (LEFT_HAND, RIGHT_HAND)
_ARMS = ((13, 15, 17, 19, 21), (14, 16, 18, 20, 22))
"""Elbow, wrist and fingers of a body, left and right."""

_ELBOWS = (13, 14)
_FOREIGN_ARM = 0.6
"""In body sizes. A false wrist lies up to 0.56 from the arm it was taken for."""


class _Claim(NamedTuple):
    """How much speaks for a hand being that of one side of a body.

    Attributes:
        strength: The network's confidence in a hand of this side, less the distance from the wrist
            of the body in body sizes. Neighbours' hands are often near, but of the other side.
        own: Whether the body itself led to the hand.
        body: Number of the body.
        side: Its side.
        hand: The hand.
    """

    strength: float
    own: bool
    body: int
    side: int
    hand: HandLandmarks


def own_hands(
    bodies: Sequence[FloatArray],
    found: Sequence[Sequence[HandLandmarks | None]],
    lone_hands: Sequence[HandLandmarks],
    pixels: FloatArray,
) -> list[HandsOfBody]:
    """Return the hands of each body; no hand of the image belongs to two sides or bodies.

    A body may have led to a hand of somebody who stands beside it. Hands that belong to nobody are
    left out, and so are hands too far from the wrist of a body.

    Args:
        bodies: (33, 4) pixels of each body.
        found: The left and right hand to which each body led.
        lone_hands: Hands to which no body led.
        pixels: (3,) what turns the landmarks of hands into pixels.
    """
    owned: list[HandsOfBody] = [[None, None] for _ in bodies]
    taken: list[FloatArray] = []
    for claim in sorted(_claims(bodies, found, lone_hands, pixels), key=_rank):
        points = claim.hand.landmarks * pixels
        if owned[claim.body][claim.side] is not None:
            continue
        if not any(tracking.same_hand(points, other) for other in taken):
            owned[claim.body][claim.side] = claim.hand
            taken.append(points)
    return owned


def hide_foreign_arms(
    bodies: Sequence[FloatArray], owned: Sequence[HandsOfBody], pixels: FloatArray
) -> None:
    """Mark arms as hidden that end, without a hand, at the raised arm of somebody else.

    A body network often takes a neighbour's raised arm for one that hangs out of view, and bends
    the arm there.

    Args:
        bodies: (33, 4) pixels of each body; the visibility of such arms becomes 0.
        owned: The hands of each body, as `own_hands` returns them.
        pixels: As for `own_hands`.
    """
    raised = [
        (number, body[_ELBOWS[side], :2], hand.landmarks[tracking.HAND_WRIST, :2] * pixels[:2])
        for number, (body, hands) in enumerate(zip(bodies, owned, strict=True))
        for side, hand in enumerate(hands)
        if hand is not None
    ]
    for number, (body, hands) in enumerate(zip(bodies, owned, strict=True)):
        reach = _FOREIGN_ARM * tracking.body_size(body)
        for side in _SIDES:
            wrist = body[tracking.WRISTS[side], :2]
            in_view = bool(((wrist >= 0) & (wrist < pixels[:2])).all())
            foreign = any(
                other != number and _distance(wrist, elbow, hand) <= reach
                for other, elbow, hand in raised
            )
            if in_view and hands[side] is None and foreign:
                body[list(_ARMS[side]), 3] = 0.0


def _distance(point: FloatArray, start: FloatArray, end: FloatArray) -> float:
    """Return the distance of a point (2,) from the line between two others."""
    along = end - start
    share = np.clip((point - start) @ along / max(float(along @ along), 1e-6), 0.0, 1.0)
    return float(np.linalg.norm(point - start - share * along))


def _rank(claim: _Claim) -> tuple[float, bool]:
    return -claim.strength, not claim.own


def _claims(
    bodies: Sequence[FloatArray],
    found: Sequence[Sequence[HandLandmarks | None]],
    lone_hands: Sequence[HandLandmarks],
    pixels: FloatArray,
) -> list[_Claim]:
    """Return every claim to a hand that is near enough to the wrist."""
    claims = []
    for number, body in enumerate(bodies):
        others = [hand for other, pair in enumerate(found) if other != number for hand in pair]
        for side in _SIDES:
            own = found[number][side]
            for hand in (own, *lone_hands, *others):
                if hand is None:
                    continue
                distance = tracking.wrist_distance(body, side, hand.landmarks * pixels)
                if distance > tracking.MAX_WRIST_DISTANCE:
                    continue
                left = hand.left_probability
                probability = left if side == LEFT_HAND else 1.0 - left
                strength = hand.score * probability - distance
                claims.append(_Claim(strength, hand is own, number, side, hand))
    return claims
