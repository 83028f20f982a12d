"""Reads and tracks the landmarks of one body in its region.

After MediaPipe's graphs `pose_landmark_by_roi_cpu` and `pose_landmark_filtering`; the network is
BlazePose GHUM (arXiv 2206.11678).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bharnet_ros.pose.direct.detector import Detection
from bharnet_ros.pose.direct.regions import Region, between, turned
from bharnet_ros.pose.direct.smoothing import OneEuroFilter, OneEuroSettings
from bharnet_ros.types.keypoints import BODY_LANDMARKS, FloatArray

OUTPUTS = (0, 1, 3, 4)
"""Landmarks, presence, heat maps and world landmarks; the segmentation is not wanted."""

_AUXILIARY = slice(BODY_LANDMARKS, BODY_LANDMARKS + 2)
"""Landmarks that tell where to look next: a centre, and a point on a circle around the body."""

_KERNEL = 9
_LEAST_HEAT = 0.5
_ROOM = 1.25
"""Side of a region, in those of the square around the body's circle."""

_SMOOTHING = OneEuroSettings(min_cutoff=0.05, beta=80.0)
_SMOOTHING_OF_REGION = OneEuroSettings(min_cutoff=0.01, beta=10.0)
_SMOOTHING_OF_WORLD = OneEuroSettings(min_cutoff=0.1, beta=40.0)
_VISIBILITY_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class FoundBody:
    """A body in an image.

    Attributes:
        points: (33, 4) x, y and z in pixels and visibility 0..1.
        world: (33, 3) metres, origin between the hips.
        score: Presence score 0..1.
        next_region: Where to look for it in the next frame.
    """

    points: FloatArray
    world: FloatArray
    score: float
    next_region: Region


def region_of(detection: Detection) -> Region:
    """Return the region of a detected body: its key points are its centre and a far point."""
    return _around(detection.points[0], detection.points[1])


class BodyTracker:
    """Reads the landmarks of one body, frame by frame, and smooths them."""

    def __init__(self, *, least_score: float, smooth: bool) -> None:
        """Start without a body.

        Args:
            least_score: Least presence score of a body, 0..1.
            smooth: Whether to smooth landmarks over time; where to look next always is.
        """
        self._least_score = least_score
        self._smooth = smooth
        self._points = OneEuroFilter(_SMOOTHING)
        self._region = OneEuroFilter(_SMOOTHING_OF_REGION)
        self._world = OneEuroFilter(_SMOOTHING_OF_WORLD)
        self._visibility: FloatArray | None = None

    def change(self, *, least_score: float, smooth: bool) -> None:
        """Take other settings, as the constructor does, and go on with the body."""
        self._least_score = least_score
        if smooth != self._smooth:
            self._smooth = smooth
            self._points.reset()
            self._world.reset()
            self._visibility = None

    def reset(self) -> None:
        """Forget the body."""
        for one in (self._points, self._region, self._world):
            one.reset()
        self._visibility = None

    def read(
        self, outputs: Sequence[FloatArray], size: int, region: Region, stamp_ns: int
    ) -> FoundBody | None:
        """Return the body that the network sees in a region of an image, None if there is none.

        Args:
            outputs: What the network says: `OUTPUTS`.
            size: Width and height of its input, pixels.
            region: Where it looked.
            stamp_ns: Time of the image, nanoseconds, later than that of the image before.
        """
        landmarks, presence, heat, world = outputs
        score = float(presence.reshape(-1)[0])
        if not score >= self._least_score:
            self.reset()
            return None
        raw = landmarks.reshape(-1, 5)[: _AUXILIARY.stop].astype(np.float64)
        points = raw[:, :3] / size
        refine(points, heat)
        placed = region.to_image(points)
        visibility = _sigmoid(raw[:BODY_LANDMARKS, 3])
        metres = turned(world.reshape(-1, 3)[:BODY_LANDMARKS], region.rotation)
        body, where = placed[:BODY_LANDMARKS], placed[_AUXILIARY]
        size_px = 2.0 * float(np.hypot(*(where[1, :2] - where[0, :2])))
        where = self._region.apply(where, stamp_ns, size_px)
        if self._smooth:
            body = self._points.apply(body, stamp_ns, size_px)
            metres = self._world.apply(metres, stamp_ns)
            if self._visibility is None:
                self._visibility = visibility
            self._visibility = self._visibility + _VISIBILITY_WEIGHT * (
                visibility - self._visibility
            )
            visibility = self._visibility
        return FoundBody(
            np.column_stack([body, visibility]).astype(np.float32),
            metres.astype(np.float32),
            score,
            _around(where[0], where[1]),
        )


def refine(points: FloatArray, heat: FloatArray) -> None:
    """Move landmarks to the centre of the heat near them.

    Args:
        points: (L, 3) x and y 0..1 of the region; changed in place.
        heat: (H, W, L or more) logits.
    """
    rows, columns, _ = heat.shape
    size = np.array([columns, rows])
    cells = (points[:, :2] * size).astype(int)
    inside = ((cells >= 0) & (cells < size)).all(1)
    reach = (_KERNEL - 1) // 2
    x, y = (cells[:, axis, None] + np.arange(-reach, reach + 1) for axis in (0, 1))
    within = ((x >= 0) & (x < columns))[:, None, :] & ((y >= 0) & (y < rows))[:, :, None]
    near = heat[
        y.clip(0, rows - 1)[:, :, None],
        x.clip(0, columns - 1)[:, None, :],
        np.arange(len(points))[:, None, None],
    ]
    warmth = _sigmoid(near) * within
    moved = inside & (warmth.max((1, 2)) >= _LEAST_HEAT)
    total = np.maximum(warmth.sum((1, 2)), 1e-9)
    for axis, places, other in ((0, x, 1), (1, y, 2)):
        middle = (warmth.sum(other) * places).sum(1) / total / size[axis]
        points[moved, axis] = middle[moved]


def _around(centre: FloatArray, edge: FloatArray) -> Region:
    return between(centre[:2], edge[:2], math.pi / 2).expanded(_ROOM)


def _sigmoid(values: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-values.astype(np.float64)))
