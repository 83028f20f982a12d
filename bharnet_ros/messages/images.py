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

_COLOURS: dict[str, tuple[int, int | None]] = {
    "rgb8": (3, None),
    "bgr8": (3, cv2.COLOR_BGR2RGB),
    "rgba8": (4, cv2.COLOR_RGBA2RGB),
    "bgra8": (4, cv2.COLOR_BGRA2RGB),
    "mono8": (1, cv2.COLOR_GRAY2RGB),
    "bayer_rggb8": (1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr8": (1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg8": (1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg8": (1, cv2.COLOR_BayerGRBG2RGB),
}
"""Encodings of 8 bits a channel: channels of a pixel, and its OpenCV conversion to RGB."""

_GENERIC = {"8UC1": "mono8", "8UC3": "bgr8", "8UC4": "bgra8"}
"""Encodings of OpenCV that name no colours, and what RViz and image_view take them for."""

_WIDE = {
    f"{name.removesuffix('8')}16": name for name in _COLOURS if name.removesuffix("8") != "mono"
}
"""Encodings of 16 bits a channel, of which the upper 8 are shown; mono16 is depth (REP-118)."""

_SHARED_CHROMA = {
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
}
"""Encodings in which two pixels side by side share their colour: BT.601, luma 16..235."""

_PLANES = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}
"""Encodings with a plane of luma, then one of colour for each square of four pixels: BT.601."""

ENCODINGS = (*_COLOURS, *_GENERIC, *_WIDE, *_SHARED_CHROMA, *_PLANES)
_LEAST_BAYER = 4
_NO_COLOUR = 128
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
        data: At least height * step bytes; of nv12 and nv21, half as many more.
        is_bigendian: Whether the bytes of a 16-bit channel are in big-endian order.

    Returns:
        (H, W, 3) RGB, contiguous; shares memory with `data` if that is unpadded rgb8.

    Raises:
        InputError: The encoding is unknown, the image has no pixels, a row is longer than
            `step`, or `data` is too short.
    """
    if encoding not in ENCODINGS:
        raise InputError(f"encoding: {encoding!r} is not supported; use {', '.join(ENCODINGS)}")
    if encoding in _SHARED_CHROMA:
        return _decode_shared_chroma(encoding, height, width, step, data)
    if encoding in _PLANES:
        return _decode_planes(encoding, height, width, step, data)
    colours = _GENERIC.get(encoding) or _WIDE.get(encoding, encoding)
    channels, _ = _COLOURS[colours]
    wide = encoding in _WIDE
    rows = unpadded_rows(encoding, height, width, step, data, channels * (1 + wide))
    if wide:
        rows = rows[:, 0 if is_bigendian else 1 :: 2]
    return _to_rgb(colours, rows.reshape(height, width, channels))


def _to_rgb(colours: str, pixels: npt.NDArray[np.uint8]) -> RgbImage:
    """Return pixels (H, W, channels) of an encoding of `_COLOURS` as (H, W, 3) RGB."""
    height, width, _ = pixels.shape
    _, conversion = _COLOURS[colours]
    if conversion is None:
        return np.ascontiguousarray(pixels)
    if not colours.startswith("bayer_") or min(height, width) >= _LEAST_BAYER:
        return np.asarray(cv2.cvtColor(pixels, conversion), dtype=np.uint8)
    # OpenCV leaves the colours of so small a mosaic black. An even border keeps its pattern.
    around = cv2.copyMakeBorder(pixels, 2, 2, 2, 2, cv2.BORDER_REFLECT_101)
    return np.ascontiguousarray(cv2.cvtColor(around, conversion)[2 : 2 + height, 2 : 2 + width])


def _decode_shared_chroma(
    encoding: str, height: int, width: int, step: int, data: Buffer
) -> RgbImage:
    """Decode an image of `_SHARED_CHROMA`; the last pair of an odd width may be cut off."""
    even = width + width % 2
    rows = unpadded_rows(encoding, height, even if step >= 2 * even else width, step, data, 2)
    missing = even * 2 - rows.shape[1]
    if missing:
        before = rows[:, -4:-2] if width > 1 else np.full((height, 2), _NO_COLOUR, dtype=np.uint8)
        rows = np.hstack([rows, before])
    pairs = np.ascontiguousarray(rows).reshape(height, even, 2)
    return np.ascontiguousarray(cv2.cvtColor(pairs, _SHARED_CHROMA[encoding])[:, :width])


def _decode_planes(encoding: str, height: int, width: int, step: int, data: Buffer) -> RgbImage:
    """Decode an image of `_PLANES`; an odd row or column has its own colour."""
    luma = unpadded_rows(encoding, height, width, step, data, 1)
    even = width + width % 2
    after_luma = np.frombuffer(data, dtype=np.uint8)[height * step :]
    colour = unpadded_rows(
        f"{encoding} colour", (height + 1) // 2, even, max(step, even), after_luma, 1
    )
    luma = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
    rgb = cv2.cvtColor(np.vstack([luma, colour]), _PLANES[encoding])
    return np.ascontiguousarray(rgb[:height, :width])


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
        format: As image_transport writes it, such as "jpeg" or "rgb8; jpeg compressed bgr8". Of
            "bayer_rggb8; jpeg compressed ", the file holds the mosaic.
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
    mosaic = _mosaic_of(format)
    try:
        pixels = cv2.imdecode(compressed, cv2.IMREAD_ANYCOLOR if mosaic else cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise InputError(f"data: {format!r} image cannot be decoded: {error.err}") from error
    if pixels is None:
        raise InputError(f"data: {compressed.size} bytes are not a {format!r} image")
    # OpenCV fills the missing part of a truncated image with grey and reports no error.
    # Drivers may send the rest of their buffer after the end. A small picture in the header of a
    # JPEG has an end of its own, before the last scan.
    scan = content.rfind(_JPEG_SCAN) if "png" not in format.lower() else -1
    if end_mark not in content[max(scan, 0) :]:
        raise InputError(f"data: {format!r} image of {compressed.size} bytes is truncated")
    if mosaic and pixels.ndim == 2:
        return _to_rgb(mosaic, np.asarray(pixels, dtype=np.uint8)[:, :, None])
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _mosaic_of(format: str) -> str:
    """Return the 8-bit Bayer encoding of the image before its compression; empty for none."""
    encoding = format.partition(";")[0].strip()
    colours = _WIDE.get(encoding, encoding)
    return colours if colours in _COLOURS and colours.startswith("bayer_") else ""


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
