"""Arrays from .npz files of many clips, checked, with errors that name file and array."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError

Arrays = dict[str, npt.NDArray[Any]]


_UNREADABLE = (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error)


def array_names(path: Path) -> frozenset[str]:
    """Return the names of the arrays in a file.

    Raises:
        InputError: The file cannot be read; names it.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return frozenset(archive.files)
    except _UNREADABLE as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except AttributeError:
        raise InputError(f"{path}: cannot be read: it is a single array") from None


def read_arrays(path: Path, shapes: Mapping[str, tuple[int | None, ...]]) -> Arrays:
    """Read the wanted arrays of a file.

    Args:
        path: An .npz file.
        shapes: Shape of each array; None stands for any length.

    Raises:
        InputError: The file cannot be read, an array is missing or has the wrong shape; names the
            file and the array.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in shapes if name in archive.files}
    except _UNREADABLE as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    missing = sorted(set(shapes) - set(arrays))
    if missing:
        raise InputError(f"{path}: arrays missing: {', '.join(missing)}")
    for name, shape in shapes.items():
        found = arrays[name].shape
        if len(found) != len(shape) or found[1:] != shape[1:]:
            raise InputError(f"{path}: {name}: expected shape {shape}, got {found}")
    return arrays


def checked_offsets(
    path: Path, offsets: npt.NDArray[Any], frames: int, per_clip: Mapping[str, npt.NDArray[Any]]
) -> npt.NDArray[np.int64]:
    """Return the offsets of clips that lie end to end: clip i is frames offsets[i] to [i + 1].

    Args:
        path: File that they come from.
        offsets: (N + 1,).
        frames: Number of frames of all clips together.
        per_clip: Arrays that must have an entry for each clip.

    Raises:
        InputError: The clips do not cover the frames or an array has not N entries.
    """
    offsets = offsets.astype(np.int64)
    clips = len(offsets) - 1
    if clips < 1 or offsets[0] != 0 or offsets[-1] != frames or np.any(np.diff(offsets) <= 0):
        raise InputError(f"{path}: offsets: must rise from 0 to the number of frames, {frames}")
    if any(len(array) != clips for array in per_clip.values()):
        raise InputError(f"{path}: {', '.join(per_clip)}: need one entry for each of {clips} clips")
    return offsets


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        InputError: It is no text.
        OSError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text file: {error}") from error


def parse_rows(
    path: Path, lines: Sequence[str], columns: int, first_line: int
) -> npt.NDArray[np.float32]:
    """Return lines of numbers between white space as an array.

    Args:
        path: File that they come from.
        lines: R lines.
        columns: C numbers that each must have.
        first_line: Number of the first one in the file, counted from 1.

    Returns:
        (R, C).

    Raises:
        InputError: A line has not that many numbers; names file and line.
    """
    try:
        # Together: line by line would take most of the time of reading a clip.
        values = np.array(" ".join(lines).split(), dtype=np.float32)
    except ValueError:
        values = np.empty(0, dtype=np.float32)
    if values.size == len(lines) * columns and all(len(one.split()) == columns for one in lines):
        return values.reshape(-1, columns)
    for number, line in enumerate(lines, start=first_line):
        parts = line.split()
        if len(parts) != columns:
            raise InputError(f"{path}: line {number}: expected {columns} numbers, got {len(parts)}")
        for part in parts:
            try:
                float(part)
            except ValueError:
                raise InputError(f"{path}: line {number}: {part!r} is not a number") from None
    raise AssertionError("unreachable: every line was whole")
