"""UTD-MHAD: clips are read back, broken files are named, and the real data are all there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.opening import guess_kind, open_dataset
from bharnet_ros.datasets.readers.utd_mhad import UTD_MHAD_ACTIONS, read_skeleton, read_utd_mhad
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import get_layout


def skeleton(frames: int = 4) -> np.ndarray:
    """Return (20, 3, T) in which every number says where it belongs."""
    joints, axes, times = np.meshgrid(np.arange(20), np.arange(3), np.arange(frames), indexing="ij")
    return joints + axes / 10 + times / 100 + 1.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two clips of subject 1 and one of subject 2."""
    for name, frames in (("a1_s1_t1", 3), ("a27_s1_t4", 4), ("a10_s2_t2", 5)):
        savemat(tmp_path / f"{name}_skeleton.mat", {"d_skel": skeleton(frames)})
    return tmp_path


def test_clips_are_read_in_the_order_of_the_layout(folder: Path) -> None:
    data = open_dataset(folder)
    assert data.names.tolist() == [
        f"{name}_skeleton" for name in ("a1_s1_t1", "a10_s2_t2", "a27_s1_t4")
    ]
    assert data.labels.tolist() == ["swipe left", "draw circle counter-clockwise", "squat"]
    assert data.subjects.tolist() == ["s1", "s2", "s1"]
    clip = data.clip(2)
    (person,) = clip.people
    assert (clip.label, clip.subject, person.body_layout) == ("squat", "s1", "kinect_v1")
    assert person.stamps == pytest.approx(np.arange(4) / 30)
    # Each row of the file begins with its place there, from 1.
    rows = {"hip_centre": 4, "spine": 3, "shoulder_centre": 2, "head": 1, "left_shoulder": 5}
    rows |= {"left_hand": 8, "right_wrist": 11, "left_foot": 16, "right_foot": 20}
    joints = get_layout("kinect_v1").joints
    for name, row in rows.items():
        assert person.body[1, joints.index(name), :3] == pytest.approx(
            [row + 0.01, row + 0.11, row + 0.21]
        )


def test_odd_subjects_train_and_even_ones_test(folder: Path) -> None:
    training, testing = split(read_utd_mhad(folder), "x_sub")
    assert (training.tolist(), testing.tolist()) == ([0, 2], [1])


def test_the_kind_is_guessed_by_the_names_of_the_files(folder: Path) -> None:
    assert guess_kind(folder) == "utd_mhad"


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        (lambda path: path.write_bytes(b""), "MATLAB"),
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "MATLAB"),
        (lambda path: path.write_bytes(b"MATLAB 5.0 " * 40), "MATLAB"),
        (lambda path: savemat(path, {"other": skeleton()}), "d_skel: is missing"),
        (lambda path: savemat(path, {"d_skel": skeleton()[:19]}), r"got float64 \(19, 3, 4\)"),
        (lambda path: savemat(path, {"d_skel": skeleton(0)}), "expected numbers"),
        (lambda path: savemat(path, {"d_skel": "text"}), "no array of numbers"),
    ],
)
def test_a_broken_file_is_named(
    folder: Path, write: Callable[[Path], object], complaint: str
) -> None:
    path = folder / "a1_s1_t1_skeleton.mat"
    write(path)
    with pytest.raises(InputError, match=f"{path.name}.*{complaint}"):
        read_skeleton(path)


@pytest.mark.parametrize("name", ["a28_s1_t1_skeleton", "a0_s1_t1_skeleton", "a1_sx_t1_skeleton"])
def test_a_name_outside_the_scheme_is_refused(folder: Path, name: str) -> None:
    (folder / f"{name}.mat").touch()
    with pytest.raises(InputError, match=name):
        read_utd_mhad(folder)


def test_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no clips"):
        read_utd_mhad(tmp_path)


def test_all_of_the_real_data_is_read(shared_data: Callable[[str], Path]) -> None:
    data = read_utd_mhad(shared_data("utd_mhad/Skeleton"))
    assert len(data) == 861
    assert set(Counter(data.subjects.tolist()).values()) <= {107, 108}
    assert [len(part) for part in split(data, "x_sub")] == [431, 430]
    assert data.class_names == UTD_MHAD_ACTIONS
    assert set(data.labels.tolist()) == set(UTD_MHAD_ACTIONS)
    frames = [len(data.clip(index).people[0].stamps) for index in range(0, 861, 40)]
    assert min(frames) > 40 and max(frames) <= 125
