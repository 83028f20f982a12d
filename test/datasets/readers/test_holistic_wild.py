"""holistic_wild: clips are read back as written, and broken files are named."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_data

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.readers.holistic_wild import (
    read_holistic_wild,
    read_subject_folds,
    read_subject_licences,
)
from bharnet_ros.types.errors import InputError

Arrays = dict[str, Any]


@pytest.fixture
def arrays() -> Arrays:
    """Return three clips of 12 frames by two people."""
    found: Arrays = tiny_data.tiny_arrays(("wave", "point", "wave"), ("ann", "ann", "bob"))
    return found


def test_values_are_read_back_exactly(arrays: Arrays, tmp_path: Path) -> None:
    body = np.arange(3 * 25 * 2).reshape(3, 25, 2)[::-1] * 20 / 4096
    hands = np.arange(3 * 2 * 21 * 3).reshape(3, 2, 21, 3)[::-1] * -8 / 4096
    hands[1, 0] = 0.0
    arrays |= {
        "body_xy_delta": tiny_data.differences(body),
        "body_visibility": np.repeat(np.uint8([[0], [51], [255]]), 25, axis=1),
        "hands_xyz_delta": tiny_data.differences(hands),
        "offsets": np.int32([0, 2, 3]),
        "label": np.asarray(["wave", "point"]),
        "subject": np.asarray(["ann", "bob"]),
    }

    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))

    assert len(data) == 2
    np.testing.assert_array_equal(data.body, body.astype(np.float32))
    np.testing.assert_array_equal(data.hands, hands.astype(np.float32))
    np.testing.assert_array_equal(data.hand_present, [[True, True], [False, True], [True, True]])
    np.testing.assert_allclose(data.visibility[:, 0], [0.0, 0.2, 1.0], rtol=1e-6)
    assert data.offsets.tolist() == [0, 2, 3]
    assert data.labels.tolist() == ["wave", "point"]
    assert data.subjects.tolist() == ["ann", "bob"]


def test_clip_is_in_pixels_and_absent_hands_are_nan(arrays: Arrays, tmp_path: Path) -> None:
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))

    clip = data.sequence(1, frame_rate=10.0, width=200, height=100)

    np.testing.assert_allclose(clip.stamps, np.arange(12) / 10)
    assert (clip.width, clip.height, clip.label, clip.subject) == (200, 100, "point", "ann")
    np.testing.assert_allclose(clip.body[:, :25, :2], data.body[12:24] * (200, 100), rtol=1e-6)
    np.testing.assert_array_equal(clip.body[:, :25, 3], data.visibility[12:24])
    assert np.isnan(clip.body[:, 25:, :2]).all()
    assert (clip.body[:, 25:, 3] == 0).all()
    assert np.isnan(clip.hands[:6, 0]).all()
    np.testing.assert_allclose(clip.hands[6:, 0], data.hands[18:24, 0] * (200, 100, 200), rtol=1e-6)
    np.testing.assert_allclose(clip.hands[:, 1], data.hands[12:24, 1] * (200, 100, 200), rtol=1e-6)
    np.testing.assert_array_equal(clip.hand_scores, [[0, 1]] * 6 + [[1, 1]] * 6)


def test_clips_are_yielded_in_the_requested_order(arrays: Arrays, tmp_path: Path) -> None:
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))
    assert [clip.subject for clip in data.sequences(np.asarray([2, 0]))] == ["bob", "ann"]


def test_a_fold_holds_out_its_people(arrays: Arrays, tmp_path: Path) -> None:
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))
    folds = tiny_data.write_sources(tmp_path / "sources.csv", {"ann": 0, "bob": 3, "cy": 1})
    training, testing = split(data, "fold_3", folds)
    assert (training.tolist(), testing.tolist()) == ([0, 1], [2])
    with pytest.raises(ValueError, match=r"fold_4 leaves no clips to test on; folds are 0, 1, 3"):
        split(data, "fold_4", folds)
    with pytest.raises(ValueError, match="fold_3 needs the sources"):
        split(data, "fold_3")


def test_there_may_be_any_number_of_folds(arrays: Arrays, tmp_path: Path) -> None:
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))
    folds = tiny_data.write_sources(tmp_path / "sources.csv", {"ann": 0, "bob": 11})
    assert split(data, "fold_11", folds)[1].tolist() == [2]
    with pytest.raises(ValueError, match="'fold_x' is unknown here; known are: fold_0, "):
        split(data, "fold_x", folds)


def test_a_person_without_a_fold_is_named(arrays: Arrays, tmp_path: Path) -> None:
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))
    folds = tiny_data.write_sources(tmp_path / "sources.csv", {"ann": 0})
    with pytest.raises(ValueError, match=r"sources\.csv: subject bob has no fold"):
        split(data, "fold_0", folds)


@pytest.mark.parametrize(
    ("name", "broken", "complaint"),
    [
        ("body_visibility", None, "arrays missing: body_visibility"),
        ("body_xy_delta", np.zeros((36, 33, 2), np.int16), "body_xy_delta: expected shape"),
        ("hands_xyz_delta", np.zeros((36, 126), np.int16), "hands_xyz_delta: expected shape"),
        ("offsets", np.int32([0, 12, 24, 35]), "offsets: must rise from 0 to .* 36"),
        ("offsets", np.int32([]), "offsets: must rise from 0 to .* 36"),
        ("body_visibility", np.zeros((35, 25), np.uint8), "body_visibility: has 35 frames, .* 36"),
        ("offsets", np.int32([1, 12, 24, 36]), "offsets: must rise from 0 to .* 36"),
        ("offsets", np.int32([0, 24, 24, 36]), "offsets: must rise from 0 to .* 36"),
        ("label", np.asarray(["wave"]), "label, subject: need one entry for each of 3 clips"),
        ("label", np.asarray([{}] * 3, dtype=object), "cannot be read"),
        ("label", np.asarray([b"\xff"] * 3), "label: is not text"),
        ("offsets", np.asarray(["0", "12", "24", "36"]), "offsets: expected numbers, got <U2"),
    ],
)
def test_wrong_array_is_named(
    arrays: Arrays, tmp_path: Path, name: str, broken: Any, complaint: str
) -> None:
    del arrays[name]
    if broken is not None:
        arrays[name] = broken
    path = tiny_data.write_clips(tmp_path / "clips.npz", arrays)
    with pytest.raises(InputError, match=rf"clips\.npz: {complaint}"):
        read_holistic_wild(path)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(path: Path) -> None:
    # The directory at the end stays intact, so the damage shows only when an array is read.
    content = bytearray(path.read_bytes())
    content[200:1200] = bytes(1000)
    path.write_bytes(content)


def spoil_compression(path: Path) -> None:
    # A block of the reserved kind, right after the header of the first array.
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
    lengths = struct.unpack_from("<HH", content, first.header_offset + 26)
    content[first.header_offset + 30 + sum(lengths)] = 0b111
    path.write_bytes(content)


def encrypt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        directory = archive.start_dir
    content[first.header_offset + 6] |= 1
    content[directory + 8] |= 1
    path.write_bytes(content)


def demand_newer_zip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        directory = archive.start_dir
    content[directory + 6] = 99
    path.write_bytes(content)


def write_text(path: Path) -> None:
    path.write_text("label,subject\n", encoding="utf-8")


def write_one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage",
    [
        *(truncate, spoil, spoil_compression, encrypt, demand_newer_zip),
        *(write_text, write_one_array, empty, Path.unlink),
    ],
)
def test_file_that_cannot_be_read_is_named(
    arrays: Arrays, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tiny_data.write_clips(tmp_path / "clips.npz", arrays)
    damage(path)
    with pytest.raises(InputError, match=r"clips\.npz: cannot be read"):
        read_holistic_wild(path)


def test_folds_of_subjects_are_read(tmp_path: Path) -> None:
    path = tiny_data.write_sources(tmp_path / "sources.csv", {"ann": 0, "bob": 3})
    assert read_subject_folds(path) == {"ann": 0, "bob": 3}


def test_licences_of_one_line_count_each_once(tmp_path: Path) -> None:
    licences = (("ann", "none;none"), ("bob", "MIT; CC0"), ("bob", "MIT"), ("cat", ""))
    folds = dict.fromkeys(("ann", "bob", "cat"), 0)
    path = tiny_data.write_sources(tmp_path / "sources.csv", folds, licences)
    found = read_subject_licences(path)
    assert found == {"ann": {"none"}, "bob": {"MIT", "CC0"}, "cat": {"unknown"}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("subject,licence\nann,MIT\n", "line 1: columns subject and fold are needed"),
        ("", "line 1: columns subject and fold are needed"),
        ("subject,fold\nann,0\nbob,first\n", "line 3: fold 'first' is not a number"),
        ("subject,fold\nann\n", "line 2: fold None is not a number"),
        ("fold,subject\n0\n", "line 2: has no subject"),
        ('subject,fold\nann,0\n"' + "x" * 200_000, "line 3: is not CSV: field larger"),
        ("subject,fold\n\xff,0\n".encode("latin-1"), "is not a text file: .*utf-8"),
    ],
)
def test_wrong_line_of_the_sources_is_named(
    tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    path = tmp_path / "sources.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=rf"sources\.csv: {complaint}"):
        read_subject_folds(path)
