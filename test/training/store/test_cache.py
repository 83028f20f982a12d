"""Clips on disk: parsed once, mapped into memory, and parsed again after a change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.datasets.opening import open_dataset
from bharnet_ros.training.store.cache import cached_clips
from bharnet_ros.training.store.clips import ClipStore, store_clips
from bharnet_ros.types.layouts import get_layout

LAYOUT = get_layout("kinect_v2")


class CountedClips:
    """The clips of a folder, with a count of the clips read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read = 0

    def __iter__(self) -> Iterator[RecordedClip]:
        data = open_dataset(self.folder)
        for clip in data.clips(np.arange(len(data))):
            self.read += 1
            yield clip

    def cached(self, cache: Path, **settings: object) -> ClipStore:
        return cached_clips(cache, [self.folder], self, LAYOUT, settings)


@pytest.fixture
def parsing(ntu: Callable[[], Path]) -> CountedClips:
    return CountedClips(ntu())


def assert_same(found: ClipStore, expected: ClipStore) -> None:
    assert (found.crops is None) == (expected.crops is None)
    pairs: list[tuple[Any, Any]] = [(found, expected)]
    if found.crops is not None:
        pairs.append((found.crops, expected.crops))
    for one, other in pairs:
        for column in fields(one):
            if column.name not in ("crops", "readings"):
                values = getattr(one, column.name), getattr(other, column.name)
                np.testing.assert_array_equal(*values, err_msg=column.name)
                assert values[0].dtype == values[1].dtype


def test_a_second_run_does_not_parse_again(parsing: CountedClips, tmp_path: Path) -> None:
    first = parsing.cached(tmp_path)
    second = parsing.cached(tmp_path)
    assert parsing.read == 4
    for store in (first, second):
        assert_same(store, store_clips(parsing, LAYOUT))
        # A mapped file is not in memory until it is read.
        assert isinstance(store.body.base, np.memmap)
        assert store.hands.strides == (0, 0, 0)


def test_hands_are_stored(webcam_store: ClipStore, webcam: Path, tmp_path: Path) -> None:
    layout = get_layout("mediapipe_upper_body")
    data = open_dataset(webcam)
    for _ in range(2):
        clips = data.clips(np.arange(len(data)))
        assert_same(cached_clips(tmp_path, [webcam], clips, layout, {}), webcam_store)


def test_crops_are_stored_and_mapped(cropped: Any, tmp_path: Path) -> None:
    root = cropped.write_objects(tmp_path / "objects", train=2, test=1)
    data, layout = open_dataset(root), get_layout("mediapipe_upper_body")
    first, second = (
        cached_clips(tmp_path / "cache", [root], data.clips(np.arange(len(data))), layout, {})
        for _ in range(2)
    )
    expected = store_clips(data.clips(np.arange(len(data))), layout)
    assert expected.crops is not None and expected.crops.counts.tolist() == [8] * 6
    for store in (first, second):
        assert_same(store, expected)
        assert store.crops is not None and isinstance(store.crops.pixels.base, np.memmap)


def test_changed_data_are_noticed(parsing: CountedClips, tmp_path: Path) -> None:
    before = parsing.cached(tmp_path)
    file = min(parsing.folder.iterdir())
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("0.100 0.050 3 ", "0.100 0.050 4 "), encoding="utf-8")
    changed = parsing.cached(tmp_path)
    assert parsing.read == 8
    assert not np.array_equal(before.body, changed.body)


def test_files_with_another_modification_time_are_parsed_again(
    parsing: CountedClips, tmp_path: Path
) -> None:
    parsing.cached(tmp_path)
    os.utime(min(parsing.folder.iterdir()), ns=(1, 1))
    parsing.cached(tmp_path)
    assert parsing.read == 8


def test_a_new_file_is_noticed(parsing: CountedClips, tmp_path: Path) -> None:
    parsing.cached(tmp_path)
    file = min(parsing.folder.iterdir())
    (parsing.folder / "S001C002P001R001A001.skeleton").write_bytes(file.read_bytes())
    assert len(parsing.cached(tmp_path)) == 5


def test_other_settings_are_kept_apart(parsing: CountedClips, tmp_path: Path) -> None:
    parsing.cached(tmp_path, kind="ntu60")
    parsing.cached(tmp_path, kind="ntu120")
    assert parsing.read == 8
    assert len(list(tmp_path.iterdir())) == 2


def test_a_broken_clip_leaves_nothing_behind(parsing: CountedClips, tmp_path: Path) -> None:
    min(parsing.folder.iterdir()).write_text("3\nbroken\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"skeleton: line 2"):
        parsing.cached(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_broken_stored_file_is_named(parsing: CountedClips, tmp_path: Path) -> None:
    parsing.cached(tmp_path)
    (folder,) = tmp_path.iterdir()
    (folder / "stamps.npy").write_bytes(b"broken")
    with pytest.raises(ValueError, match=rf"stamps\.npy: cannot be read, delete {folder}"):
        parsing.cached(tmp_path)
