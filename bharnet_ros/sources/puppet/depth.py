"""Depth images, as a depth camera at the place of the puppet's camera would measure them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.puppet.camera import Camera
from bharnet_ros.sources.puppet.painting.backdrop import Box, draw_box
from bharnet_ros.sources.puppet.painting.body import APPEARANCES, person_parts
from bharnet_ros.sources.puppet.painting.parts import Part
from bharnet_ros.sources.puppet.painting.props import Held
from bharnet_ros.types.keypoints import FloatArray, PersonKeypoints


def draw_depth(
    camera: Camera,
    people: Sequence[PersonKeypoints],
    *,
    boxes: Sequence[Box] = (),
    held: Sequence[Held | None] = (),
) -> FloatArray:
    """Return the depth of each pixel of the image that `Renderer.draw` makes of the same people.

    Every painted part covers the same pixels as in that image. Its landmarks lie on its surface,
    and the depth between them is interpolated. So the depth at a landmark is that of the landmark,
    unless something is painted over it.

    Args:
        camera: The camera.
        people: As `camera.see` returns them, in the order in which they are painted.
        boxes: Boxes in front of the people.
        held: What each person holds, in their order.

    Returns:
        (H, W) float32 metres along the optical axis.
    """
    depth = np.full((camera.height, camera.width), camera.wall, dtype=np.float32)
    silhouette = _Silhouette(camera.width, camera.height)
    for number, person in enumerate(people):
        thing = held[number] if number < len(held) else None
        for part in person_parts(person, APPEARANCES[0], thing):
            rows, columns = silhouette.of(part)
            depth[rows, columns] = _surface(part, np.column_stack([columns, rows]))
    for box in boxes:
        painted = Part(partial(draw_box, box=box), np.empty((0, 3)))
        depth[silhouette.of(painted)] = camera.obstacle
    return depth


class _Silhouette:
    """Finds the pixels that a part covers, by painting it on black and on white."""

    def __init__(self, width: int, height: int) -> None:
        self._black = np.zeros((height, width, 3), dtype=np.uint8)
        self._white = np.zeros((height, width, 3), dtype=np.uint8)

    def of(self, part: Part) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return rows and columns of the pixels that a part covers at least by half."""
        self._black.fill(0)
        self._white.fill(255)
        part.paint(self._black)
        part.paint(self._white)
        black, white = (cv2.extractChannel(one, 1) for one in (self._black, self._white))
        covered = (cv2.subtract(white, black) < 128).astype(np.uint8)
        left, top, width, height = cv2.boundingRect(covered)
        rows, columns = np.nonzero(covered[top : top + height, left : left + width])
        return rows + top, columns + left


def _surface(part: Part, pixels: npt.NDArray[np.intp]) -> FloatArray:
    """Return the depth (M,) of a part in metres at (M, 2) pixels.

    Inverse depth is interpolated, because it is linear in the image along a straight line and on a
    plane.
    """
    joints, inverse = part.joints[:, :2], 1.0 / part.joints[:, 2]
    if part.limb and len(joints) > 1:
        return 1.0 / _interpolate_along(joints, inverse, pixels)
    squared_distances = ((pixels[:, None] - joints) ** 2).sum(-1)
    weights = 1.0 / np.maximum(squared_distances, 0.25)
    return weights.sum(1) / (weights @ inverse)


def _interpolate_along(
    joints: FloatArray, values: FloatArray, pixels: npt.NDArray[np.intp]
) -> FloatArray:
    """Return the value at the point of a line of joints that is nearest to each pixel."""
    start, way = joints[:-1], np.diff(joints, axis=0)
    length = np.maximum((way**2).sum(1), 1e-9)
    from_start = pixels[:, None] - start
    share = np.clip((from_start * way).sum(-1) / length, 0.0, 1.0)
    squared_distances = ((from_start - share[..., None] * way) ** 2).sum(-1)
    nearest = squared_distances.argmin(1)
    share = share[np.arange(len(pixels)), nearest]
    found: FloatArray = values[nearest] * (1.0 - share) + values[nearest + 1] * share
    return found
