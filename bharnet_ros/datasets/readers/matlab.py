"""Arrays of numbers in MATLAB files of version 5.

SciPy reads beyond the end of some damaged files and crashes, so the little that is needed is read
here (MAT-File Format, MathWorks, chapter 1).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError

_HEADER_BYTES, _TAG_BYTES = 128, 8
_LITTLE_ENDIAN = b"\x00\x01IM"
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
_NUMBERS |= {12: "<i8", 13: "<u8"}
_SIGNED, _MATRIX, _COMPRESSED = 5, 14, 15
_NUMERIC_CLASSES = range(6, 16)
_MOST_BYTES = 2**28


def read_matrix(path: Path, name: str) -> npt.NDArray[Any] | None:
    """Return an array of real numbers; None if the file has none of this name.

    Raises:
        InputError: The file is damaged, or of another version; names it.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    try:
        if content[_HEADER_BYTES - 4 : _HEADER_BYTES] != _LITTLE_ENDIAN:
            raise InputError("it is not one of version 5 in little-endian order")
        for kind, data in _elements(content[_HEADER_BYTES:]):
            if kind == _COMPRESSED:
                unpacked = zlib.decompressobj().decompress(data, _MOST_BYTES)
                kind, data = next(_elements(unpacked), (0, b""))
            if kind == _MATRIX:
                found = _matrix(data, name)
                if found is not None:
                    return found
    except (ValueError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as a MATLAB file: {error}") from error
    return None


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and data of each element; small ones lie within their tag."""
    place = 0
    while place + _TAG_BYTES <= len(content):
        first, second = np.frombuffer(content, "<u4", 2, place).tolist()
        size, kind = divmod(first, 2**16)
        if size:
            start, after = place + 4, place + _TAG_BYTES
        else:
            kind, size, start = first, second, place + _TAG_BYTES
            # Only compressed elements are not padded to eight bytes.
            after = start + (size if kind == _COMPRESSED else size + -size % 8)
        if start + size > len(content) or (first >= 2**16 and size > 4):
            raise InputError(f"an element of {size} bytes does not fit")
        yield kind, content[start : start + size]
        place = after


def _matrix(content: bytes, name: str) -> npt.NDArray[Any] | None:
    """Return the array of an element if it has this name."""
    parts = list(_elements(content))
    if len(parts) < 4:
        return None
    (_, flags), (kind, sides), (_, own_name), (numbers, data) = parts[:4]
    if own_name.rstrip(b"\0").decode("latin-1") != name:
        return None
    if kind != _SIGNED or len(flags) != 8 or flags[0] not in _NUMERIC_CLASSES:
        raise InputError(f"{name} is no array of numbers")
    if numbers not in _NUMBERS or flags[1] & 0x08:
        raise InputError(f"{name} is no array of real numbers")
    shape = tuple(np.frombuffer(sides, "<i4").tolist())
    values = np.frombuffer(data, _NUMBERS[numbers])
    if any(side < 0 for side in shape) or prod(shape) != values.size:
        raise InputError(f"{name} has {values.size} numbers, which is not {shape}")
    return values.reshape(shape, order="F")
