"""Who is in which video, from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from bharnet_ros.types.errors import InputError


def read_subjects(path: Path, folder: Path, videos: Sequence[Path]) -> dict[Path, str]:
    """Return the person in each video that a file names.

    Each line holds a video and a subject. A video is named by its path below the folder, or by its
    file name if no other video has it.

    Args:
        path: The CSV file.
        folder: Folder of the videos.
        videos: Paths of the videos.

    Raises:
        InputError: The file is not CSV, or a line has another form, names no video, several, or
            one that an earlier line gave to somebody else; names file and line.
        OSError: The file cannot be read.
    """
    named: dict[str, list[Path]] = {}
    for video in videos:
        for name in {video.name, video.relative_to(folder).as_posix()}:
            named.setdefault(name, []).append(video)
    found: dict[Path, str] = {}
    for line, name, subject in _lines(path):
        matching = named.get(name, [])
        if not matching:
            raise InputError(f"{path}:{line}: {folder} holds no video {name!r}")
        if len(matching) > 1:
            paths = ", ".join(one.relative_to(folder).as_posix() for one in matching)
            raise InputError(f"{path}:{line}: {name!r} may be any of {paths}: give the path")
        if found.setdefault(matching[0], subject) != subject:
            raise InputError(
                f"{path}:{line}: {name!r} shows {subject!r}, by an earlier line "
                f"{found[matching[0]]!r}"
            )
    return found


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the number of each line that is not blank, and its two fields."""
    # Some editors write a byte order mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        try:
            for row in reader:
                if not any(field.strip() for field in row):
                    continue
                if len(row) != 2 or not all(field.strip() for field in row):
                    raise InputError(
                        f"{path}:{reader.line_num}: expected a file name and a subject, got {row}"
                    )
                yield reader.line_num, row[0].strip(), row[1].strip()
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: is not a text file: {error}") from error
        except csv.Error as error:
            raise InputError(f"{path}:{reader.line_num}: is not CSV: {error}") from error
