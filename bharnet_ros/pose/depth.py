"""Camera coordinates of keypoints, from the depth of the pixels of their image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray, FrameKeypoints

PATCH_RADIUS = 2
"""Pixels to each side of a landmark in its patch."""

SURFACE_GAP_M = 0.04
"""Depths in a patch with a larger gap than this belong to different surfaces."""

LEAST_SHARE = 0.15
"""Least share of a patch that its nearest surface must fill; less counts as stray pixels."""

BODY_REACH_M = 1.0
HAND_REACH_M = 0.15
"""Largest distance along the optical axis of a landmark from the median of its body or hand."""


def with_depth(frame: FrameKeypoints, depth: FloatArray, camera: PinholeCamera) -> FrameKeypoints:
    """Return keypoints with camera coordinates.

    Coordinates are on the surface that the camera sees, not inside the body: those of a shoulder
    are on the shirt. A hidden landmark gets the coordinates of whatever hides it; `body[:, 3]` says
    how visible a landmark is.

    Args:
        frame: Keypoints of a rectified image.
        depth: (H, W) metres along the optical axis for each pixel of that image (registered to
            it), NaN where unknown.
        camera: The camera of the image.

    Returns:
        The same people with `body_camera` and `hands_camera`; NaN where a landmark is absent or
        outside the image, where the depth is unknown, or where it cannot be that of this body.

    Raises:
        InputError: Image, depth and camera are not of the same size; names the one that differs.
    """
    size = (frame.width, frame.height)
    for name, other in (
        ("depth", (depth.shape[1], depth.shape[0])),
        ("camera_info", (camera.width, camera.height)),
    ):
        if other != size:
            raise InputError(
                f"{name}: is of {other[0]} x {other[1]} pixels, but the image of "
                f"{size[0]} x {size[1]}; it must match the colour image"
            )

    def lift(pixels: FloatArray, reach: float) -> FloatArray:
        return camera.points(pixels, _plausible(depth_at(depth, pixels), reach))

    return replace(
        frame,
        people=tuple(
            replace(
                person,
                body_camera=lift(person.body[:, :2], BODY_REACH_M),
                hands_camera=np.stack([lift(hand[:, :2], HAND_REACH_M) for hand in person.hands]),
            )
            for person in frame.people
        ),
    )


def depth_at(depth: FloatArray, pixels: FloatArray, radius: int = PATCH_RADIUS) -> FloatArray:
    """Return the depth of the nearest surface around each landmark.

    A finger fills only part of its patch; the background fills the rest. In sorted order, the
    depths of one surface lie close together, and two surfaces have a gap between them. The result
    is the median of the nearest surface that is more than a few stray pixels. If no surface is,
    it is the median of the patch.

    Args:
        depth: (H, W) metres, NaN where unknown.
        pixels: (N, 2) x, y; NaN where absent.
        radius: Pixels to each side of a landmark in its patch.

    Returns:
        (N,) metres, NaN where a landmark is absent or outside the image, or where the depth around
        it is unknown.
    """
    height, width = depth.shape
    inside = np.isfinite(pixels).all(1)
    column, row = np.rint(np.where(inside[:, None], pixels, -1)).astype(np.int64).T
    inside &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
    steps = np.arange(-radius, radius + 1)
    rows = np.clip(row[:, None, None] + steps[:, None], 0, height - 1)
    columns = np.clip(column[:, None, None] + steps, 0, width - 1)
    patches = depth[rows, columns].reshape(len(pixels), -1)
    known = np.isfinite(patches)
    # Unknown depths come last in the sorted order.
    ordered = np.sort(np.where(known, patches, np.inf), axis=1)
    count = known.sum(1)
    places = np.arange(ordered.shape[1])
    with np.errstate(invalid="ignore"):
        ends = np.diff(ordered, axis=1, append=np.inf) > SURFACE_GAP_M
    ends |= places == count[:, None] - 1
    starts = np.concatenate([np.ones((len(ends), 1), dtype=bool), ends[:, :-1]], axis=1)
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    large = ends & (places - first + 1 >= LEAST_SHARE * np.maximum(count, 1)[:, None])
    end = large.argmax(1)
    index = np.arange(len(pixels))
    begin = first[index, end]
    scattered = ~large.any(1)
    begin, end = np.where(scattered, 0, begin), np.where(scattered, count - 1, end)
    middle = (ordered[index, (begin + end) // 2] + ordered[index, (begin + end + 1) // 2]) / 2
    return np.where(inside & (count > 0), middle, np.nan).astype(np.float32)


def _plausible(depth: FloatArray, reach: float) -> FloatArray:
    """Return depths with NaN for those more than `reach` metres from their median."""
    known = np.isfinite(depth)
    if not known.any():
        return depth
    return np.where(np.abs(depth - np.median(depth[known])) <= reach, depth, np.nan)
