"""The size of a compressed image by its header, before memory is taken for its pixels."""

from __future__ import annotations

from bharnet_ros.types.errors import InputError

MOST_PIXELS = 100_000_000
"""Larger images are refused: cameras have less, and a forged header could ask for any memory."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG that begin a frame, and so give its size (ITU-T T.81, table B.1)."""

_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
"""Markers of JPEG without a length."""


def check_size(content: bytes) -> None:
    """Check that a PNG or JPEG has not too many pixels; what is neither is let through.

    Raises:
        InputError: Its header gives more than `MOST_PIXELS`.
    """
    size = _png_size(content) if content.startswith(_PNG) else _jpeg_size(content)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise InputError(
            f"data: {size[0]} x {size[1]} pixels are more than {MOST_PIXELS // 10**6} million"
        )


def _png_size(content: bytes) -> tuple[int, int] | None:
    if len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    place = len(_JPEG) if content.startswith(_JPEG) else len(content)
    while place + 9 <= len(content):
        if content[place] != 0xFF:
            place += 1
            continue
        marker = content[place + 1]
        if marker in _FRAMES:
            height, width = content[place + 5 : place + 7], content[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if marker == 0xFF:
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + max(int.from_bytes(content[place + 2 : place + 4], "big"), 2)
    return None
