"""Conversions between raw depth images and metres, without cv_bridge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.messages.images import Buffer, unpadded_rows
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray

_ENCODINGS: dict[str, tuple[type[np.generic], float]] = {
    "32FC1": (np.float32, 1.0),
    "16UC1": (np.uint16, 0.001),
    "mono16": (np.uint16, 0.001),
}
"""Type of a pixel, and its unit in metres. Source: REP-118."""
DEPTH_ENCODINGS = tuple(_ENCODINGS)

_LARGEST_MILLIMETRES = 65535


def decode_depth(
    encoding: str, height: int, width: int, step: int, data: Buffer, is_bigendian: bool = False
) -> FloatArray:
    """Return the depth of each pixel of a raw image (the fields of sensor_msgs/Image).

    Args:
        encoding: One of `DEPTH_ENCODINGS`; integers are millimetres (REP-118).
        height: Rows.
        width: Columns.
        step: Bytes from one row to the next, padding included.
        data: At least height * step bytes.
        is_bigendian: Whether the bytes of a number are in big-endian order.

    Returns:
        (H, W) float32 metres; NaN where the depth is unknown: the camera marks such pixels by zero,
        NaN or infinity.

    Raises:
        InputError: The encoding is unknown, the image has no pixels, a row is longer than
            `step`, or `data` is too short.
    """
    if encoding not in _ENCODINGS:
        raise InputError(f"encoding: {encoding!r} is not one of {', '.join(DEPTH_ENCODINGS)}")
    pixel_type, unit = _ENCODINGS[encoding]
    number = np.dtype(pixel_type).newbyteorder(">" if is_bigendian else "<")
    rows = np.ascontiguousarray(unpadded_rows(encoding, height, width, step, data, number.itemsize))
    depth = rows.view(number).astype(np.float32) * np.float32(unit)
    return np.where(np.isfinite(depth) & (depth > 0), depth, np.float32(np.nan))


def encode_depth(depth: FloatArray) -> tuple[str, int, bytes]:
    """Return the encoding, step in bytes and data of a raw image in whole millimetres.

    Args:
        depth: (H, W) metres; values that are not finite, not positive or beyond 65 m become zero,
            the mark of unknown depth.

    Raises:
        InputError: The image is not (H, W).
    """
    if depth.ndim != 2:
        raise InputError(f"depth: expected (H, W), got {depth.shape}")
    millimetres = np.rint(np.nan_to_num(depth, posinf=0.0, neginf=0.0) * 1000.0)
    known = (millimetres > 0) & (millimetres <= _LARGEST_MILLIMETRES)
    pixels: npt.NDArray[np.uint16] = np.where(known, millimetres, 0).astype("<u2")
    return "16UC1", depth.shape[1] * 2, pixels.tobytes()
