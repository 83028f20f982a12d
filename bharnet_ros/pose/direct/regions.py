"""Regions of interest: rotated rectangles of an image, their crops, and points in them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.types.keypoints import FloatArray

_UPRIGHT = math.pi / 2
_LINE = 64
"""Bytes that a processor reads from memory at once."""


@dataclass(frozen=True)
class Region:
    """A rotated rectangle in an image.

    Attributes:
        x: Centre, pixels.
        y: Centre, pixels.
        width: Pixels.
        height: Pixels.
        rotation: Clockwise, radians.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0

    def expanded(self, scale: float, shift: float = 0.0) -> Region:
        """Return a square around the rectangle, moved along its own height and enlarged.

        Args:
            scale: Size of the square, in sides of the smallest square around the rectangle.
            shift: How far the centre moves towards the lower edge, in heights of the rectangle.
        """
        side = max(self.width, self.height) * scale
        step = self.height * shift
        return replace(
            self,
            x=self.x - step * math.sin(self.rotation),
            y=self.y + step * math.cos(self.rotation),
            width=side,
            height=side,
        )

    @property
    def box(self) -> FloatArray:
        """Left, top, right and bottom (4,), its rotation left out."""
        half = np.array([self.width, self.height]) / 2
        centre = np.array([self.x, self.y])
        return np.concatenate([centre - half, centre + half])

    def axes(self) -> FloatArray:
        """Return a matrix (2, 3) from coordinates 0..1 in the region to pixels of the image."""
        cos, sin = math.cos(self.rotation), math.sin(self.rotation)
        right = (cos * self.width, sin * self.width)
        down = (-sin * self.height, cos * self.height)
        corner = (self.x - (right[0] + down[0]) / 2, self.y - (right[1] + down[1]) / 2)
        return np.array(
            [[right[0], down[0], corner[0]], [right[1], down[1], corner[1]]], dtype=np.float64
        )

    def to_image(self, points: FloatArray) -> FloatArray:
        """Return points (N, 3) of the region, 0..1 of its sides, in pixels of the image.

        z, in widths of the region, becomes pixels.
        """
        axes = self.axes()
        placed = points.astype(np.float64)
        placed[:, :2] = points[:, :2] @ axes[:, :2].T + axes[:, 2]
        placed[:, 2] = points[:, 2] * self.width
        return placed

    def to_region(self, points: FloatArray) -> FloatArray:
        """Return pixels (N, 2) of the image as coordinates 0..1 in the region."""
        axes = self.axes()
        return np.linalg.solve(axes[:, :2], (points - axes[:, 2]).T).T


def whole_image(width: int, height: int) -> Region:
    """Return the smallest square around a whole image."""
    side = max(width, height)
    return Region(width / 2, height / 2, side, side)


def between(start: npt.NDArray[np.floating], end: npt.NDArray[np.floating], angle: float) -> Region:
    """Return the square around one point whose edge another point lies on.

    Args:
        start: (2,) the centre, pixels.
        end: (2,) the other point.
        angle: Direction in which the other point lies in an upright region, radians, counted
            anticlockwise from the right.
    """
    side = 2.0 * float(np.hypot(*(end - start)))
    return Region(float(start[0]), float(start[1]), side, side, rotation_of(start, end, angle))


def rotation_of(
    start: npt.NDArray[np.floating], end: npt.NDArray[np.floating], angle: float = _UPRIGHT
) -> float:
    """Return the rotation of a region in which `end` lies from `start` at this angle, -π..π."""
    rotation = angle - math.atan2(-(end[1] - start[1]), end[0] - start[0])
    return rotation - 2 * math.pi * math.floor((rotation + math.pi) / (2 * math.pi))


def turned(points: FloatArray, rotation: float) -> FloatArray:
    """Return points (N, 2 or more) of an upright region as the image shows them.

    Args:
        points: x and y, and what does not turn.
        rotation: That of the region, radians; its opposite makes points of the image upright.
    """
    cos, sin = math.cos(rotation), math.sin(rotation)
    placed = points.astype(np.float64)
    placed[:, 0] = cos * points[:, 0] - sin * points[:, 1]
    placed[:, 1] = sin * points[:, 0] + cos * points[:, 1]
    return placed


def overlaps(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Return the intersection over union of a box (4,) with boxes (N, 4).

    Boxes are left, top, right and bottom.
    """
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=1)
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1)
    area = float(np.clip(box[2:] - box[:2], 0.0, None).prod())
    shares: FloatArray = common / np.maximum(areas + area - common, 1e-12)
    return shares


def crop(
    image: npt.NDArray[np.uint8],
    region: Region,
    out: npt.NDArray[np.uint8],
    *,
    black_border: bool = False,
) -> None:
    """Fill an array with a region of an image, bilinearly sampled.

    Args:
        image: (H, W, 3).
        region: May reach beyond the image.
        out: (S, S, 3), is filled.
        black_border: Whether the surroundings of the image are black; else its edges go on.
    """
    size = out.shape[0]
    matrix = region.axes()
    _fetch(image, matrix)
    matrix[:, :2] /= size
    cv2.warpAffine(
        image,
        matrix,
        (size, size),
        dst=out,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT if black_border else cv2.BORDER_REPLICATE,
    )


def _fetch(image: npt.NDArray[np.uint8], axes: FloatArray) -> None:
    """Bring the part of an image that a region shows into the caches of the processor.

    A network drives it out of them. Sampling the part in its order would then wait for each line of
    memory; reading it row by row does not, because processors foresee that.
    """
    (right_x, down_x, x), (right_y, down_y, y) = axes.tolist()
    height, width = image.shape[:2]
    left = max(int(x + min(right_x, 0.0) + min(down_x, 0.0)), 0)
    top = max(int(y + min(right_y, 0.0) + min(down_y, 0.0)), 0)
    right = min(int(x + max(right_x, 0.0) + max(down_x, 0.0)) + 1, width)
    bottom = min(int(y + max(right_y, 0.0) + max(down_y, 0.0)) + 1, height)
    if left < right and top < bottom:
        rows = image.reshape(height, -1)[top:bottom, left * 3 : right * 3 : _LINE]
        rows.max()
