"""Lines of text files as numbers, with errors that name file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        ValueError: It is no text.
        OSError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is no text file: {error}") from error


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
        ValueError: A line has not that many numbers; names file and line.
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
            raise ValueError(f"{path}: line {number}: expected {columns} numbers, got {len(parts)}")
        for part in parts:
            try:
                float(part)
            except ValueError:
                raise ValueError(f"{path}: line {number}: {part!r} is not a number") from None
    raise AssertionError("unreachable: every line was whole")
