"""Arrays from .npz files of many clips, checked, with errors that name file and array."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]


_UNREADABLE = (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error)


def array_names(path: Path) -> frozenset[str]:
    """Return the names of the arrays in a file.

    Raises:
        ValueError: The file cannot be read; names it.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return frozenset(archive.files)
    except _UNREADABLE as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    except AttributeError:
        raise ValueError(f"{path}: cannot be read: it is a single array") from None


def read_arrays(path: Path, shapes: Mapping[str, tuple[int | None, ...]]) -> Arrays:
    """Read the wanted arrays of a file.

    Args:
        path: An .npz file.
        shapes: Shape of each array; None stands for any length.

    Raises:
        ValueError: The file cannot be read, an array is missing or has the wrong shape; names the
            file and the array.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in shapes if name in archive.files}
    except _UNREADABLE as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    missing = sorted(set(shapes) - set(arrays))
    if missing:
        raise ValueError(f"{path}: arrays missing: {', '.join(missing)}")
    for name, shape in shapes.items():
        found = arrays[name].shape
        if len(found) != len(shape) or found[1:] != shape[1:]:
            raise ValueError(f"{path}: {name}: expected shape {shape}, got {found}")
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
        ValueError: The clips do not cover the frames or an array has not N entries.
    """
    offsets = offsets.astype(np.int64)
    clips = len(offsets) - 1
    if clips < 1 or offsets[0] != 0 or offsets[-1] != frames or np.any(np.diff(offsets) <= 0):
        raise ValueError(f"{path}: offsets: must rise from 0 to the number of frames, {frames}")
    if any(len(array) != clips for array in per_clip.values()):
        raise ValueError(f"{path}: {', '.join(per_clip)}: need one entry for each of {clips} clips")
    return offsets
