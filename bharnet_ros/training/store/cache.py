"""Cache of clips on disk: many text files are parsed once and memory-mapped afterwards."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.training.store.clips import ClipStore, no_hands, store_clips
from bharnet_ros.training.store.crops import CropStore
from bharnet_ros.training.store.readings import ReadingStore
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import unfinished_folder
from bharnet_ros.types.layouts import SkeletonLayout

_FORMAT = 3
"""Version of the stored format, part of every key."""

_HANDS = "hands"
_CROPS = "crops_"
_READINGS = "readings_of_"
_SEPARATE = ("crops", "readings")
_COLUMNS = [column.name for column in fields(ClipStore) if column.name not in _SEPARATE]


def cached_clips(
    cache: Path,
    sources: Sequence[Path],
    clips: Iterable[RecordedClip],
    layout: SkeletonLayout,
    settings: Mapping[str, object],
) -> ClipStore:
    """Return the stored clips of a data set, memory-mapped; parse them if they are not cached.

    The key consists of the path, size and modification time of every file of the data set, the
    layout and the settings, so changed data are stored again. Nothing is ever deleted; a user may
    delete any folder in `cache` that no training is using.

    Args:
        cache: Folder with one folder for each key; created if needed.
        sources: Files and folders that the clips are read from.
        clips: All clips of the data set, read during iteration.
        layout: Layout of the body stream.
        settings: Other settings that change the clips; must be writable as JSON.

    Raises:
        InputError: A clip or a stored file is broken; names the file.
        OSError: A file cannot be read or written.
    """
    folder = cache / cache_key(sources, layout, settings)
    if not folder.is_dir():
        _write(folder, store_clips(clips, layout))
    return _read(folder)


def cache_key(
    sources: Sequence[Path], layout: SkeletonLayout, settings: Mapping[str, object]
) -> str:
    """Return the name of the folder for these files, this layout and these settings.

    Raises:
        OSError: A file or folder cannot be read.
    """
    files = []
    for source in sources:
        found = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in found:
            state = path.stat()
            if not path.is_dir():
                files.append((str(path.resolve()), state.st_size, state.st_mtime_ns))
    content = json.dumps([_FORMAT, files, repr(layout), dict(settings)], sort_keys=True)
    return f"{sources[0].stem}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _write(folder: Path, store: ClipStore) -> None:
    """Write all columns; the folder appears with all of them or not at all."""
    with unfinished_folder(folder) as unfinished:
        for name in _COLUMNS:
            if name != _HANDS or store.hand_present.any():
                np.save(unfinished / f"{name}.npy", getattr(store, name))
        if store.crops is not None:
            for one in fields(CropStore):
                np.save(unfinished / f"{_CROPS}{one.name}.npy", getattr(store.crops, one.name))
        for stream, readings in store.readings.items():
            subfolder = unfinished / f"{_READINGS}{stream}"
            subfolder.mkdir()
            for one in fields(ReadingStore):
                np.save(subfolder / f"{one.name}.npy", getattr(readings, one.name))
        try:
            unfinished.replace(folder)
        except OSError:
            # Another process has written the same content meanwhile.
            if not folder.is_dir():
                raise


def _read(folder: Path) -> ClipStore:
    """Map all columns into memory."""
    columns: dict[str, npt.NDArray[Any]] = {}
    for name in _COLUMNS:
        path = folder / f"{name}.npy"
        if name == _HANDS and not path.exists():
            columns[name] = no_hands(len(columns["body"]))
        else:
            columns[name] = _mapped(path)
    crops = None
    if next(folder.glob(f"{_CROPS}*.npy"), None):
        crops = CropStore(
            **{one.name: _mapped(folder / f"{_CROPS}{one.name}.npy") for one in fields(CropStore)}
        )
    readings = {
        subfolder.name.removeprefix(_READINGS): ReadingStore(
            **{one.name: _mapped(subfolder / f"{one.name}.npy") for one in fields(ReadingStore)}
        )
        for subfolder in sorted(folder.glob(f"{_READINGS}*"))
    }
    return ClipStore(**columns, crops=crops, readings=readings)


def _mapped(path: Path) -> npt.NDArray[Any]:
    """Map one column into memory.

    Raises:
        InputError: The file is missing or broken; names it.
        OSError: The file cannot be read.
    """
    try:
        column = np.load(path, mmap_mode="r")
    except (ValueError, EOFError, FileNotFoundError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: cannot be read, delete {path.parent} to have it written again: {error}"
        ) from error
    return np.asarray(column)
