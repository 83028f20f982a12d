"""What a pose engine finds in one image: bodies with their hands, and hands without a body."""

from __future__ import annotations

from dataclasses import dataclass

from bharnet_ros.types.keypoints import FloatArray

CERTAIN_BODY_SCORE = 0.999
"""Presence score above which a body is certain.

A hand or a cup that fills the image is often taken for a body, with a score below this in 9 of 10
frames. Real bodies score above it in more than 9 of 10 (bench/RESULTS.md).
"""


@dataclass(frozen=True, eq=False)
class HandLandmarks:
    """One hand, as an engine reports it.

    Attributes:
        landmarks: (21, 3) x by image width, y by image height, z by image width.
        world: (21, 3) metres, origin at the centre of the hand.
        score: Presence score in 0..1.
        left_probability: Probability in 0..1 that it is a person's left hand, in an image that is
            not mirrored.
    """

    landmarks: FloatArray
    world: FloatArray
    score: float
    left_probability: float


@dataclass(frozen=True, eq=False)
class BodyLandmarks:
    """One body and its hands, as an engine reports them.

    Attributes:
        body: (33, 4) x by image width, y by image height, z by image width, visibility in 0..1.
        world: (33, 3) metres, origin between the hips.
        hands: Left and right hand of the body; None if not found.
    """

    body: FloatArray
    world: FloatArray
    hands: tuple[HandLandmarks | None, HandLandmarks | None]


@dataclass(frozen=True, eq=False)
class Scene:
    """What an engine found in one frame.

    Attributes:
        bodies: The tracked bodies, in the order in which their tracks began.
        lone_hands: Hands found in the whole image. An engine looks for them only in frames without
            a certain body.
    """

    bodies: tuple[BodyLandmarks, ...]
    lone_hands: tuple[HandLandmarks, ...]
