"""The pieces that a person is painted of, and where in space each of them lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bharnet_ros.sources.puppet.painting.shading import Image
from bharnet_ros.types.keypoints import FloatArray


@dataclass(frozen=True, eq=False)
class Part:
    """Something that is painted in one go.

    Attributes:
        paint: Paints it into an (H, W, 3) RGB image.
        joints: (N, 3) landmarks on its surface: x and y in pixels, metres from the camera.
        limb: Whether it lies along its joints, from one to the next, rather than between them.
    """

    paint: Callable[[Image], None]
    joints: FloatArray
    limb: bool = False


def with_metres(points: FloatArray, camera: FloatArray) -> FloatArray:
    """Put the distance from the camera beside pixels.

    Args:
        points: (..., 3) x, y, z in pixels; a z that is not known counts as zero.
        camera: (..., 3) metres in the camera's frame, NaN where not known.

    Returns:
        (..., 4) x, y, z in pixels and metres, zero where not known.
    """
    known = np.nan_to_num(np.stack([points[..., 2], camera[..., 2]], axis=-1).astype(np.float64))
    return np.concatenate([points[..., :2].astype(np.float64), known], axis=-1)
