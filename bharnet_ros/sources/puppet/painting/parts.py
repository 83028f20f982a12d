"""The painted parts of a person, and where they lie in space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bharnet_ros.sources.puppet.painting.shading import Image
from bharnet_ros.types.keypoints import FloatArray


@dataclass(frozen=True, eq=False)
class Part:
    """Something that is painted in one step.

    Attributes:
        paint: Paints it into an (H, W, 3) RGB image.
        joints: (N, 3) landmarks on its surface: x and y in pixels, metres from the camera.
        limb: Whether it lies along its joints, from one to the next, rather than between them.
    """

    paint: Callable[[Image], None]
    joints: FloatArray
    limb: bool = False


def with_metres(points: FloatArray, camera: FloatArray) -> FloatArray:
    """Append the distance from the camera to pixels.

    Args:
        points: (..., 3) x, y, z in pixels; an unknown z counts as zero.
        camera: (..., 3) metres in the camera's frame, NaN where unknown.

    Returns:
        (..., 4) x, y, z in pixels, and metres; z and metres are zero where unknown.
    """
    known = np.nan_to_num(np.stack([points[..., 2], camera[..., 2]], axis=-1).astype(np.float64))
    return np.concatenate([points[..., :2].astype(np.float64), known], axis=-1)
