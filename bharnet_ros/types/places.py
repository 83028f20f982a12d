"""Where a person is: the box in the image, the direction from the camera, the position."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float, float]
"""x, y, z."""

Quaternion = tuple[float, float, float, float]
"""x, y, z, w."""

Box = tuple[float, float, float, float]
"""Left, top, width, height."""


@dataclass(frozen=True)
class PersonPlace:
    """Where a person is, by one image; None for what is not known.

    Attributes:
        box: Box around the keypoints found, pixels.
        direction: From the camera to the middle of the box: a vector of length 1 in its optical
            frame (REP-103: x right, y down, z forward).
        position: Middle of the visible shoulders and hips, or of all keypoints, metres in the same
            frame, on the surface that the camera sees.
    """

    box: Box | None = None
    direction: Point | None = None
    position: Point | None = None


UNKNOWN = PersonPlace()
"""Nothing is known of where the person is."""


def transformed(point: Point, translation: Point, rotation: Quaternion) -> Point:
    """Return a point in another frame.

    Args:
        point: Metres.
        translation: Origin of the point's frame in the other one, metres.
        rotation: Orientation of the point's frame in the other one, as geometry_msgs/Transform has
            it; of length 1.
    """
    x, y, z, w = rotation
    axis = (x, y, z)
    twice = [2.0 * value for value in _cross(axis, point)]
    turned = _cross(axis, (twice[0], twice[1], twice[2]))
    moved = [
        value + w * change + turn + shift
        for value, change, turn, shift in zip(point, twice, turned, translation, strict=True)
    ]
    return moved[0], moved[1], moved[2]


def _cross(first: Point, second: Point) -> Point:
    (a, b, c), (x, y, z) = first, second
    return b * z - c * y, c * x - a * z, a * y - b * x
