"""N-UCLA: both formats are read back, broken files are named, and the real data are complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.readers.nucla import NUCLA_ACTIONS, read_json, read_nucla
from bharnet_ros.types.errors import InputError

NAMES = ("a01_s01_e00_v01", "a12_s10_e03_v03", "a08_s02_e01_v02")
LABELS = (1, 10, 7)
ACTIONS = ["pick up with one hand", "carry", "donning"]
LENGTHS = (3, 1, 2)


def skeletons() -> list[np.ndarray]:
    """Return the joints (T, 20, 3) of each clip in whole millimetres."""
    random = np.random.default_rng(0)
    return [random.integers(-900, 3200, (length, 20, 3)) for length in LENGTHS]


def content(clip: int, **changes: Any) -> dict[str, Any]:
    """Return what the JSON file of a clip holds."""
    joints = (skeletons()[clip] / 1000).tolist()
    return {"file_name": NAMES[clip], "skeletons": joints, "label": LABELS[clip], **changes}


def write_json(folder: Path, clip: int, **changes: Any) -> Path:
    path = folder / f"{NAMES[clip]}.json"
    path.write_text(json.dumps(content(clip, **changes)), encoding="utf-8")
    return path


def folder_of_files(folder: Path) -> Path:
    for clip in range(len(NAMES)):
        write_json(folder, clip)
    return folder


def arrays(**changes: Any) -> dict[str, Any]:
    joints = np.concatenate(skeletons())
    return {
        "skeletons_mm": joints.astype(np.int16),
        "offsets": np.int32([0, 3, 4, 6]),
        "labels": np.uint8(LABELS),
        "names": np.asarray(NAMES),
        "view": np.uint8([1, 3, 2]),
        **changes,
    }


def archive_of(folder: Path, contents: dict[str, Any]) -> Path:
    path = folder / "nucla.npz"
    np.savez_compressed(path, **contents)
    return path


def in_millimetres(folder: Path) -> Path:
    return archive_of(folder, arrays())


def in_metres(folder: Path) -> Path:
    contents = arrays()
    contents["skeletons"] = np.float32(contents.pop("skeletons_mm") / 1000)
    return archive_of(folder, contents)


@pytest.mark.parametrize("write", [folder_of_files, in_millimetres, in_metres])
def test_clips_are_read_back(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    data = read_nucla(write(tmp_path))

    assert len(data) == 3
    order = [data.names.tolist().index(name) for name in NAMES]
    for original, clip in zip(range(3), data.clips(order), strict=True):
        (person,) = clip.people
        assert (clip.name, clip.label) == (NAMES[original], ACTIONS[original])
        assert (person.label, person.body_layout) == (ACTIONS[original], "kinect_v1")
        np.testing.assert_allclose(
            person.body[..., :3], skeletons()[original] / 1000, rtol=1e-6, atol=1e-7
        )
        assert (person.body[..., 3] == 1).all()
        np.testing.assert_allclose(person.stamps, np.arange(LENGTHS[original]) / 30)
        assert np.isnan(person.hands).all()
    clip = data.clip(order[1])
    assert (clip.subject, clip.camera, clip.setup) == ("s10", "v03", "")


def test_joints_at_the_camera_are_absent(tmp_path: Path) -> None:
    joints = skeletons()[0] / 1000
    joints[1, 5], joints[2, 6, 2] = 0.0, 0.0
    write_json(tmp_path, 0, skeletons=joints.tolist())
    body = read_nucla(tmp_path).clip(0).people[0].body
    assert np.isnan(body[1, 5, :3]).all()
    assert body[1, 5, 3] == 0
    assert np.isfinite(body[2, 6]).all(), "one coordinate may well be zero"


def test_classes_are_in_the_order_of_the_labels(tmp_path: Path) -> None:
    data = read_nucla(folder_of_files(tmp_path))
    assert data.class_names == tuple(NUCLA_ACTIONS.values())
    assert [data.class_names[label - 1] for label in LABELS] == ACTIONS


def test_the_third_view_is_held_out(tmp_path: Path) -> None:
    data = read_nucla(folder_of_files(tmp_path))
    training, testing = split(data, "x_view")
    assert data.names[training].tolist() == [NAMES[0], NAMES[2]]
    assert data.names[testing].tolist() == [NAMES[1]]


def test_a_file_is_read_only_when_its_clip_is_requested(tmp_path: Path) -> None:
    folder_of_files(tmp_path)
    path = tmp_path / f"{NAMES[0]}.json"
    path.write_text('{"label": 1,\n"skeletons": [[}', encoding="utf-8")
    data = read_nucla(tmp_path)
    assert data.clip(1).name == NAMES[2]
    with pytest.raises(ValueError, match=rf"{NAMES[0]}\.json: line 2: is not JSON"):
        data.clip(0)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"label": 2}, "a01_s01_e00_v01: label: expected 1, got 2"),
        ({"file_name": "a01_s01_e00_v02"}, "file_name: is 'a01_s01_e00_v02'"),
        ({"skeletons": [[[0.0] * 3] * 19]}, r"skeletons: expected shape \(T, 20, 3\), got"),
        ({"skeletons": []}, r"skeletons: expected shape \(T, 20, 3\), got"),
        (
            {"skeletons": [[[0.0] * 3] * 20, [[0.0] * 3]]},
            "skeletons: expected numbers of one shape",
        ),
        ({"skeletons": [[[10**400] * 3] * 20]}, "skeletons: expected numbers of one shape"),
        ({"skeletons": "none"}, "skeletons: expected numbers of one shape"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    path = write_json(tmp_path, 0, **changes)
    with pytest.raises(InputError, match=rf"{NAMES[0]}\.json: {complaint}"):
        read_json(path)


@pytest.mark.parametrize("text", ['{"label": ' + "1" * 5000 + "}", "[" * 100_000])
def test_json_that_python_refuses_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / f"{NAMES[0]}.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"v01\.json: cannot be read as JSON"):
        read_json(path)


@pytest.mark.parametrize("text", ["[]", "{}", '{"label": 1}'])
def test_a_file_that_lacks_entries_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / f"{NAMES[0]}.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"v01\.json: line 1: expected an object with skeletons"):
        read_json(path)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"offsets": np.int32([0, 3, 4, 5])}, "offsets: must rise from 0 to .* 6"),
        ({"names": np.asarray(NAMES[:2])}, "names, labels: need one entry for each of 3 clips"),
        ({"names": np.asarray([*NAMES[:2], "a07_s01_e00_v01"])}, "'a07_s01_e00_v01' is not a clip"),
        ({"names": np.asarray([*NAMES[:2], "clip"])}, "'clip' is not a clip name of N-UCLA"),
        ({"labels": np.asarray(["1", "10", "7"])}, "labels: expected numbers, got <U2"),
        ({"labels": np.uint8([1, 12, 7])}, "a12_s10_e03_v03: label: expected 10, got 12"),
        ({"skeletons_mm": np.zeros((6, 25, 3), np.int16)}, "skeletons_mm: expected shape"),
    ],
)
def test_a_wrong_array_is_named(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    path = archive_of(tmp_path, arrays(**changes))
    with pytest.raises(ValueError, match=rf"nucla\.npz: {complaint}"):
        read_nucla(path)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    contents = arrays()
    del contents["skeletons_mm"]
    with pytest.raises(ValueError, match=r"nucla\.npz: arrays missing: skeletons"):
        read_nucla(archive_of(tmp_path, contents))


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{tmp_path}: has no clips, files like a01_s01"):
        read_nucla(tmp_path)


def test_the_real_data_are_complete(shared_data: Callable[[str], Path]) -> None:
    data = read_nucla(shared_data("nucla/nucla.npz"))
    assert len(data) == 1484
    training, testing = split(data, "x_view")
    assert (len(training), len(testing)) == (1020, 464)
    assert len(set(data.subjects.tolist())) == 10
    counts = [int((data.labels == name).sum()) for name in data.class_names]
    assert counts == [150, 152, 141, 173, 148, 149, 142, 142, 145, 142]
    lengths = [len(clip.people[0]) for clip in data.clips(np.arange(len(data)))]
    assert (min(lengths), np.median(lengths), max(lengths)) == (1, 31, 201)
    assert sum(lengths) == 58534
    assert sum(length < 5 for length in lengths) == 2


def test_the_real_split_is_the_one_that_came_with_the_data(
    shared_data: Callable[[str], Path],
) -> None:
    path = shared_data("nucla/nucla.npz")
    with np.load(path) as archive:
        expected = np.flatnonzero(archive["is_val"])
    np.testing.assert_array_equal(split(read_nucla(path), "x_view")[1], expected)
