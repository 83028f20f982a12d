"""What a pose engine finds in one image: bodies, hands and the graph that found them."""

from __future__ import annotations

from dataclasses import dataclass

from bharnet_ros.types.keypoints import FloatArray


@dataclass(frozen=True, eq=False)
class HandLandmarks:
    """One hand as the network gives it.

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
    """One body and its hands as the networks give them.

    Attributes:
        body: (33, 4) x by image width, y by image height, z by image width, visibility in 0..1.
        world: (33, 3) metres, origin between the hips.
        hands: Left and right hand of the body; None where not found.
    """

    body: FloatArray
    world: FloatArray
    hands: tuple[HandLandmarks | None, HandLandmarks | None]


@dataclass(frozen=True, eq=False)
class Scene:
    """What the networks found in one frame.

    Attributes:
        bodies: The bodies that are followed, in the order in which they were taken up.
        lone_hands: Hands found by the palm detector; it runs only in frames without a sure body.
    """

    bodies: tuple[BodyLandmarks, ...]
    lone_hands: tuple[HandLandmarks, ...]
