"""Where a person is, from their keypoints in one image."""

from __future__ import annotations

import numpy as np

from bharnet_ros.pose.tracking import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FloatArray, PersonKeypoints
from bharnet_ros.types.places import Box, PersonPlace, Point

LEAST_VISIBILITY = 0.5
"""Body landmarks that are less visible are guesses, often far outside the image."""

_TRUNK = [LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]


def find_place(
    person: PersonKeypoints, width: int, height: int, camera: PinholeCamera | None = None
) -> PersonPlace:
    """Return where a person is.

    Args:
        person: Keypoints in an image.
        width: Image width in pixels.
        height: Image height in pixels.
        camera: The camera of the image. Without it, the direction is that of the position; without
            a position too, it is not known.
    """
    box = bounding_box(person, width, height)
    position = _position(person)
    direction = None
    if camera is not None and box is not None:
        left, top, wide, high = box
        direction = camera.direction(left + wide / 2, top + high / 2)
    elif position is not None:
        direction = _unit(np.array(position))
    return PersonPlace(box, direction, position)


def bounding_box(person: PersonKeypoints, width: int, height: int) -> Box | None:
    """Return the box in the image around all visible keypoints; None if there are none.

    Args:
        person: Keypoints in an image.
        width: Image width in pixels.
        height: Image height in pixels.
    """
    visible = person.body[:, 3] >= LEAST_VISIBILITY
    points = np.concatenate([person.body[visible, :2], person.hands[..., :2].reshape(-1, 2)])
    points = points[np.isfinite(points).all(1)]
    inside = points[((points >= 0) & (points <= (width, height))).all(1)]
    if not len(inside):
        return None
    # Of a body part outside the image, the box still reaches the edge. In single precision, as
    # messages have it, so that a replay gives the same box.
    points = np.clip(points, 0, (width, height)).astype(np.float32)
    corner, size = points.min(0), np.ptp(points, axis=0)
    (left, top), (wide, high) = corner.tolist(), size.tolist()
    return left, top, wide, high


def _position(person: PersonKeypoints) -> Point | None:
    visible = person.body[:, 3] >= LEAST_VISIBILITY
    trunk = person.body_camera[_TRUNK][visible[_TRUNK]]
    trunk = trunk[np.isfinite(trunk).all(1)]
    if len(trunk):
        return _point(trunk.mean(0))
    points = np.concatenate([person.body_camera[visible], person.hands_camera.reshape(-1, 3)])
    points = points[np.isfinite(points).all(1)]
    return _point(np.median(points, axis=0)) if len(points) else None


def _point(values: FloatArray) -> Point:
    x, y, z = values.tolist()
    return x, y, z


def _unit(vector: FloatArray) -> Point:
    return _point(vector / np.linalg.norm(vector))
