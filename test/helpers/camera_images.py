"""Images as cameras send them, and what they look like by the formulas of their standards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Planes = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]

PACKED = {"yuv422": "UYVY", "uyvy": "UYVY", "yuv422_yuy2": "YUYV", "yuyv": "YUYV"}
PLANAR = {"nv12": (0, 1), "nv21": (1, 0)}
BAYER = tuple(
    f"bayer_{pattern}{bits}" for pattern in ("rggb", "bggr", "gbrg", "grbg") for bits in (8, 16)
)
ENCODINGS = (*PACKED, *PLANAR, *BAYER)


def rgb_of(y: npt.ArrayLike, u: npt.ArrayLike, v: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return colours (..., 3) in 0..255 by ITU-R BT.601, luma 16..235 and chroma 16..240."""
    luma = (np.asarray(y, dtype=np.float64) - 16.0) / 219.0
    blue = (np.asarray(u, dtype=np.float64) - 128.0) / 224.0
    red = (np.asarray(v, dtype=np.float64) - 128.0) / 224.0
    r = luma + 2.0 * (1.0 - 0.299) * red
    b = luma + 2.0 * (1.0 - 0.114) * blue
    g = (luma - 0.299 * r - 0.114 * b) / 0.587
    return np.clip(np.stack([r, g, b], axis=-1) * 255.0, 0.0, 255.0)


def random_planes(height: int, width: int, rows: int, columns: int) -> Planes:
    """Return luma, and u and v shared by blocks of pixels, random but never out of range.

    Args:
        height: Rows.
        width: Columns.
        rows: Rows of a block that shares its colour.
        columns: Columns of such a block.
    """
    rng = np.random.default_rng(3)
    shared = (-(-height // rows), -(-width // columns))
    u, v = (rng.integers(90, 166, shared, dtype=np.uint8) for _ in "uv")
    return rng.integers(90, 180, (height, width), dtype=np.uint8), u, v


def shown(planes: Planes, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Return the colours (H, W, 3) of luma with shared u and v."""
    y, u, v = planes
    height, width = y.shape
    u, v = (np.kron(one, np.ones((rows, columns)))[:height, :width] for one in (u, v))
    return rgb_of(y, u, v)


def packed_rows(encoding: str, planes: Planes, *, whole: bool) -> npt.NDArray[np.uint8]:
    """Return the bytes (H, N) of an image whose pairs of pixels share u and v.

    Args:
        encoding: One of `PACKED`.
        planes: Luma, u and v.
        whole: Whether the last pair of an odd width is sent whole.
    """
    y, u, v = planes
    height, width = y.shape
    padded = np.pad(y, ((0, 0), (0, width % 2)), mode="edge")
    parts = {"U": u, "V": v}
    luma = iter((padded[:, 0::2], padded[:, 1::2]))
    order = [next(luma) if letter == "Y" else parts[letter] for letter in PACKED[encoding]]
    rows = np.stack(order, axis=-1).reshape(height, -1)
    return rows if whole else rows[:, : 2 * width]


def planar_bytes(encoding: str, planes: Planes, step: int, colour_step: int) -> bytes:
    """Return the bytes of an image with a plane of luma and one of u and v in turn."""
    y, *chroma = planes
    first, second = (chroma[place] for place in PLANAR[encoding])
    colour = np.stack([first, second], axis=-1).reshape(first.shape[0], -1)
    return b"".join(
        np.pad(plane, ((0, 0), (0, bytes_in_row - plane.shape[1])), constant_values=99).tobytes()
        for plane, bytes_in_row in ((y, step), (colour, colour_step))
    )


def mosaic(encoding: str, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.unsignedinteger]:
    """Return what a sensor with colour filters sees of an image (H, W, 3): (H, W)."""
    pattern = encoding.removeprefix("bayer_").rstrip("0123456789")
    seen = np.empty(rgb.shape[:2], dtype=np.uint8)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        seen[row::2, column::2] = rgb[row::2, column::2, "rgb".index(letter)]
    return seen.astype(np.uint16) * 257 if encoding.endswith("16") else seen
