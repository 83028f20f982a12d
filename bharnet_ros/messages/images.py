"""Conversions between raw or compressed camera images and RGB arrays, without cv_bridge."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.image_headers import check_size

RgbImage: TypeAlias = npt.NDArray[np.uint8]
Buffer: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

# Channels of a pixel, and its OpenCV conversion to RGB.
_ENCODINGS: dict[str, tuple[int, int | None]] = {
    "rgb8": (3, None),
    "bgr8": (3, cv2.COLOR_BGR2RGB),
    "rgba8": (4, cv2.COLOR_RGBA2RGB),
    "bgra8": (4, cv2.COLOR_BGRA2RGB),
    "mono8": (1, cv2.COLOR_GRAY2RGB),
}
ENCODINGS = tuple(_ENCODINGS)
COMPRESSIONS = ("jpeg", "png")
_END_MARKS = {"jpeg": b"\xff\xd9", "jpg": b"\xff\xd9", "png": b"IEND"}
_JPEG_SCAN = b"\xff\xda"


def decode_image(
    encoding: str, height: int, width: int, step: int, data: Buffer, is_bigendian: bool = False
) -> RgbImage:
    """Return the pixels of a raw image (the fields of sensor_msgs/Image).

    Args:
        encoding: One of `ENCODINGS`.
        height: Rows.
        width: Columns.
        step: Bytes from one row to the next, padding included.
        data: At least height * step bytes.
        is_bigendian: Ignored; has no meaning for 8-bit channels.

    Returns:
        (H, W, 3) RGB, contiguous; shares memory with `data` if that is unpadded rgb8.

    Raises:
        InputError: The encoding is unknown, the image has no pixels, a row is longer than
            `step`, or `data` is too short.
    """
    del is_bigendian
    if encoding not in _ENCODINGS:
        raise InputError(f"encoding: {encoding!r} is not supported; use {', '.join(ENCODINGS)}")
    channels, conversion = _ENCODINGS[encoding]
    rows = unpadded_rows(encoding, height, width, step, data, channels)
    rows = rows.reshape(height, width, channels)
    if conversion is None:
        return np.ascontiguousarray(rows)
    return np.asarray(cv2.cvtColor(rows, conversion), dtype=np.uint8)


def unpadded_rows(
    encoding: str, height: int, width: int, step: int, data: Buffer, bytes_per_pixel: int
) -> npt.NDArray[np.uint8]:
    """Return the rows of a raw image without padding, (H, W * bytes_per_pixel) uint8.

    Raises:
        InputError: The image has no pixels, a row is longer than `step`, or `data` is too short.
    """
    if height <= 0 or width <= 0:
        raise InputError(f"image: has no pixels, width {width}, height {height}")
    row_size = width * bytes_per_pixel
    if step < row_size:
        raise InputError(
            f"step: {step} bytes cannot hold {width} {encoding} pixels ({row_size} bytes)"
        )
    content = np.frombuffer(data, dtype=np.uint8)
    if content.size < height * step:
        raise InputError(
            f"data: {content.size} bytes are less than height {height} * step {step} "
            f"= {height * step}"
        )
    return content[: height * step].reshape(height, step)[:, :row_size]


def decode_compressed(format: str, data: Buffer) -> RgbImage:
    """Return the pixels of a JPEG or PNG (the fields of sensor_msgs/CompressedImage).

    Args:
        format: As image_transport writes it, such as "jpeg" or "rgb8; jpeg compressed bgr8".
        data: The compressed file.

    Returns:
        (H, W, 3) RGB, contiguous.

    Raises:
        InputError: The format is neither JPEG nor PNG, the data cannot be decoded, or there are
            too many pixels.
    """
    end_mark = next((mark for name, mark in _END_MARKS.items() if name in format.lower()), None)
    if end_mark is None or "compresseddepth" in format.lower():
        raise InputError(f"format: {format!r} is not supported; use jpeg or png")
    compressed = np.frombuffer(data, dtype=np.uint8)
    if compressed.size == 0:
        raise InputError(f"data: {format!r} image is empty")
    content = compressed.tobytes()
    check_size(content)
    try:
        bgr = cv2.imdecode(compressed, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise InputError(f"data: {format!r} image cannot be decoded: {error.err}") from error
    if bgr is None:
        raise InputError(f"data: {compressed.size} bytes are not a {format!r} image")
    # OpenCV fills the missing part of a truncated image with grey and reports no error.
    # Drivers may send the rest of their buffer after the end. A small picture in the header of a
    # JPEG has an end of its own, before the last scan.
    scan = content.rfind(_JPEG_SCAN) if "png" not in format.lower() else -1
    if end_mark not in content[max(scan, 0) :]:
        raise InputError(f"data: {format!r} image of {compressed.size} bytes is truncated")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def encode_image(image: RgbImage) -> tuple[str, int, bytes]:
    """Return the encoding, step in bytes and data of a raw image.

    Args:
        image: (H, W, 3) RGB.

    Raises:
        InputError: The image is not (H, W, 3) uint8.
    """
    _check_rgb(image)
    return "rgb8", image.shape[1] * 3, image.tobytes()


def encode_compressed(
    image: RgbImage, compression: str = "jpeg", quality: int = 95
) -> tuple[str, bytes]:
    """Return the format, as image_transport writes it, and the data of a compressed image.

    Args:
        image: (H, W, 3) RGB.
        compression: One of `COMPRESSIONS`; png is lossless.
        quality: Of a JPEG, 1 to 100.

    Raises:
        InputError: The image is not (H, W, 3) uint8, has no pixels or is too large for the format,
            or a parameter is out of range.
    """
    encode_parameters = {
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        "png": [cv2.IMWRITE_PNG_COMPRESSION, 1],
    }
    if compression not in encode_parameters:
        raise InputError(f"compression: {compression!r} is not one of {', '.join(COMPRESSIONS)}")
    if not 1 <= quality <= 100:
        raise InputError(f"quality: must be in 1..100, got {quality}")
    _check_rgb(image)
    if image.size == 0:
        raise InputError(f"image: has no pixels, shape {image.shape}")
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(f".{compression}", bgr, encode_parameters[compression])
    if not encoded:
        raise InputError(
            f"image: {image.shape[1]} x {image.shape[0]} pixels cannot be encoded as {compression}"
        )
    return f"rgb8; {compression} compressed bgr8", data.tobytes()


def _check_rgb(image: RgbImage) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image: expected (H, W, 3) uint8 RGB, got {image.shape} {image.dtype}")
