"""Checked reading of .npz and text files, and writing of whole files."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from bharnet_ros.types.errors import InputError

Arrays = dict[str, npt.NDArray[Any]]

_LAST_CHARACTER = 0x10FFFF

_NUMBERS = "biuf"
"""Kinds of NumPy's data types that hold numbers."""

_UNREADABLE = (
    *(KeyError, ValueError, TypeError, OverflowError, MemoryError, SyntaxError, SystemError),
    *(EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
)
"""What NumPy and zipfile raise for a damaged file, and readers for arrays that do not fit."""

_ARRAY = b"\x93NUMPY"
_MOST_BYTES, _MOST_TIMES = 2**28, 50
"""How large arrays may be unpacked: this many bytes, and so many times the size of the file."""


@contextmanager
def open_npz(path: Path | BytesIO, complaint: str) -> Iterator[NpzFile]:
    """Open an .npz file; any error of its content is raised as an InputError that names the file.

    Args:
        path: The file, or its content.
        complaint: What is wrong with the file if it cannot be used, for the message.

    Raises:
        InputError: The file is damaged, or the body of the `with` cannot use its arrays.
        OSError: The file cannot be opened.
    """
    name = path if isinstance(path, Path) else "content"
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, NpzFile):
            raise InputError("it is a single array")
        with archive:
            size = path.stat().st_size if isinstance(path, Path) else path.getbuffer().nbytes
            _check_members(archive, size)
            yield archive
    except OSError as error:
        # A damaged archive makes zipfile seek to places that do not exist; only opening the file
        # names it.
        if error.filename is not None:
            raise
        raise InputError(f"{name}: {complaint}: {error}") from error
    except _UNREADABLE as error:
        raise InputError(f"{name}: {complaint}: {error}") from error


def _check_members(archive: NpzFile, size: int) -> None:
    """Check that an archive of `size` bytes holds arrays alone, of a size that fits to it.

    Raises:
        InputError: It does not; what a forged file would unpack could fill the memory.
    """
    members = archive.zip.infolist()
    if sum(one.file_size for one in members) > _MOST_BYTES + _MOST_TIMES * size:
        raise InputError("it is far larger unpacked than packed")
    for one in members:
        with archive.zip.open(one) as file:
            if file.read(len(_ARRAY)) != _ARRAY:
                raise InputError(f"{one.filename} is not an array")


def read_numbers(archive: NpzFile, name: str) -> npt.NDArray[Any]:
    """Read an array of numbers from an archive.

    Raises:
        InputError: The array holds something else; names the array.
        KeyError: There is no such array.
    """
    array: npt.NDArray[Any] = archive[name]
    if array.dtype.kind not in _NUMBERS:
        raise InputError(f"{name}: expected numbers, got {array.dtype}")
    return array


def array_names(path: Path) -> frozenset[str]:
    """Return the names of the arrays in a file.

    Raises:
        InputError: The file cannot be read; names it.
    """
    try:
        with open_npz(path, "cannot be read") as archive:
            return frozenset(archive.files)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def read_arrays(
    path: Path, shapes: Mapping[str, tuple[int | None, ...]], texts: Collection[str] = ()
) -> Arrays:
    """Read the named arrays of a file.

    Args:
        path: An .npz file.
        shapes: Shape of each array; None stands for any length.
        texts: Names of the arrays that are returned as text; all others must hold numbers.

    Raises:
        InputError: The file cannot be read, or an array is missing or has the wrong shape or type;
            names the file and the array.
    """
    try:
        with open_npz(path, "cannot be read") as archive:
            arrays = {name: archive[name] for name in shapes if name in archive.files}
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    missing = sorted(set(shapes) - set(arrays))
    if missing:
        raise InputError(f"{path}: arrays missing: {', '.join(missing)}")
    for name, shape in shapes.items():
        found = arrays[name].shape
        if len(found) != len(shape) or found[1:] != shape[1:]:
            raise InputError(f"{path}: {name}: expected shape {shape}, got {found}")
        if name in texts:
            arrays[name] = _as_text(path, name, arrays[name])
        elif arrays[name].dtype.kind not in _NUMBERS:
            raise InputError(f"{path}: {name}: expected numbers, got {arrays[name].dtype}")
    return arrays


def _as_text(path: Path, name: str, array: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Return an array as text; bytes must be ASCII."""
    try:
        text = np.ascontiguousarray(array.astype(np.str_))
    except (ValueError, SystemError) as error:
        raise InputError(f"{path}: {name}: is not text") from error
    # NumPy takes any number for a character.
    codes = text.view(np.uint32)
    if ((codes > _LAST_CHARACTER) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
        raise InputError(f"{path}: {name}: is not text")
    return text


def checked_offsets(
    path: Path, offsets: npt.NDArray[Any], frames: int, per_clip: Mapping[str, npt.NDArray[Any]]
) -> npt.NDArray[np.int64]:
    """Check the offsets of clips stored end to end: clip i is frames offsets[i] to offsets[i + 1].

    Args:
        path: File that the offsets come from.
        offsets: (N + 1,).
        frames: Number of frames of all clips together.
        per_clip: Arrays that must have an entry for each clip.

    Returns:
        (N + 1,) the offsets as whole numbers.

    Raises:
        InputError: The clips do not cover the frames, or an array does not have N entries.
    """
    offsets = offsets.astype(np.int64)
    clips = len(offsets) - 1
    if clips < 1 or offsets[0] != 0 or offsets[-1] != frames or np.any(np.diff(offsets) <= 0):
        raise InputError(f"{path}: offsets: must rise from 0 to the number of frames, {frames}")
    if any(len(array) != clips for array in per_clip.values()):
        raise InputError(f"{path}: {', '.join(per_clip)}: need one entry for each of {clips} clips")
    return offsets


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make every OSError of the block name this path, and not a temporary one or none.

    Raises:
        OSError: As the block raises, with the path.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise OSError(f"{path}: {error}") from error
        raise OSError(error.errno, error.strerror or os.strerror(error.errno), str(path)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, even after a power cut.

    A link stays one. What is no file, or a name for one that is open, such as /dev/stdout, is
    written as it is.

    Raises:
        OSError: It cannot be written; a file that was there before stays.
    """
    with naming(path):
        if (path.exists() and not path.is_file()) or path.is_relative_to("/dev"):
            path.write_bytes(content)
            return
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


@contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`, to be filled and moved there; deleted at the end.

    It has the permissions that the user gives new folders, and lies in a hidden one, with room
    for what must be put aside. Folders above are created.

    Raises:
        OSError: It cannot be written; names `folder`.
    """
    with naming(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
        try:
            fresh = hidden / folder.name
            fresh.mkdir()
            yield fresh
        finally:
            shutil.rmtree(hidden, ignore_errors=True)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        InputError: The file is not text.
        OSError: The file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file: {error}") from error


def parse_rows(
    path: Path, lines: Sequence[str], columns: int, first_line: int
) -> npt.NDArray[np.float32]:
    """Parse lines of numbers separated by white space.

    Args:
        path: File that the lines come from.
        lines: R lines.
        columns: Numbers C on each line.
        first_line: Number of the first of these lines in the file, counted from 1.

    Returns:
        (R, C).

    Raises:
        InputError: A line does not have C numbers; names file and line.
    """
    try:
        # All lines at once: parsing line by line would take most of the time of reading a clip.
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
    raise AssertionError("unreachable: every line has the right numbers")
