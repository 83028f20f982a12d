"""PKU-MMD: recordings in the format of the data set are cut into actions and windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.readers.ntu.actions import NTU_ACTIONS
from bharnet_ros.datasets.readers.pku_mmd import reader
from bharnet_ros.datasets.readers.pku_mmd.actions import PKU_ACTIONS
from bharnet_ros.datasets.readers.pku_mmd.reader import (
    PkuMmd,
    read_labels,
    read_pku_mmd,
    read_skeletons,
    read_split,
)
from bharnet_ros.types.timeline import TrueAction

FRAMES = 90
PAIR_BEGINS = 50
LABELS = {"0002-L": "3,10,19,2\n34,50,69,1\n", "0002-R": "3,11,20,2\n", "A10N08-M": "51,0,95,1\n"}
SPLIT = "Training videos: \n0002-L, 0003-M\n\nValidataion videos: \n0002-R, 0004-L"


def recording(seed: int = 0) -> np.ndarray:
    """Return (90, 2, 25, 3) metres; the second person comes late."""
    joints = np.random.default_rng(seed).uniform(-1, 3, (FRAMES, 2, 25, 3)).round(6)
    joints[:PAIR_BEGINS, 1] = 0.0
    return joints


def recording_text(joints: np.ndarray) -> str:
    rows = joints.reshape(len(joints), 150)
    return "".join(" " + " ".join(f"{value:.6f}" for value in row) + "\n" for row in rows)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder laid out like the unpacked archives of the data set."""
    for folder in ("PKU_Skeleton_Renew", "Train_Label_PKU_final", "Split"):
        (tmp_path / folder).mkdir()
    for seed, (name, labels) in enumerate(LABELS.items()):
        (tmp_path / "PKU_Skeleton_Renew" / f"{name}.txt").write_text(
            recording_text(recording(seed)), encoding="utf-8"
        )
        (tmp_path / "Train_Label_PKU_final" / f"{name}.txt").write_text(labels, encoding="utf-8")
    (tmp_path / "Split" / "cross-subject.txt").write_text(SPLIT, encoding="utf-8")
    return tmp_path


def test_actions_are_cut_out_exactly(root: Path) -> None:
    data = read_pku_mmd(root)

    assert data.names.tolist() == ["0002-L_001", "0002-L_002", "0002-R_001", "A10N08-M_001"]
    assert data.labels.tolist() == ["brushing teeth", "standing up", "brushing teeth", "writing"]
    assert data.subjects.tolist() == ["", "", "", "N08"]
    clip = data.clip(0)
    (person,) = clip.people
    assert (clip.name, clip.label, clip.camera) == ("0002-L_001", "brushing teeth", "L")
    assert (person.body_layout, person.label) == ("kinect_v2", "brushing teeth")
    np.testing.assert_allclose(person.body[..., :3], recording()[10:20, 0], rtol=1e-6)
    assert (person.body[..., 3] == 1).all()
    np.testing.assert_allclose(person.stamps, np.arange(10, 20) / 30)


@pytest.mark.parametrize("first", [0, 1, 7, 49, 1234, 5399, 100_003])
def test_a_clip_has_exactly_the_frames_of_its_label(
    root: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    (root / "Train_Label_PKU_final" / "0002-L.txt").write_text(
        f"3,{first},{first + 3},2\n", encoding="utf-8"
    )
    data = read_pku_mmd(root)
    assert data.actions[0] == TrueAction("brushing teeth", first / 30, (first + 3) / 30)
    frames = np.ones((first + 10, 2, 25, 3), dtype=np.float32)
    monkeypatch.setattr(reader, "read_skeletons", lambda path: frames)
    stamps = data.clip(0).people[0].stamps
    assert stamps.tolist() == [number / 30 for number in range(first, first + 4)]


def test_the_second_person_is_read(root: Path) -> None:
    first, second = read_pku_mmd(root).clip(1).people
    np.testing.assert_allclose(first.body[..., :3], recording()[50:70, 0], rtol=1e-6)
    np.testing.assert_allclose(second.body[..., :3], recording()[50:70, 1], rtol=1e-6)


def test_a_single_person_in_the_second_place_becomes_the_first(root: Path) -> None:
    joints = recording()
    joints[50:70, 0] = 0.0
    path = root / "PKU_Skeleton_Renew" / "0002-L.txt"
    path.write_text(recording_text(joints), encoding="utf-8")
    (person,) = read_pku_mmd(root).clip(1).people
    np.testing.assert_allclose(person.body[..., :3], joints[50:70, 1], rtol=1e-6)


def test_an_action_that_outlasts_its_recording_ends_with_it(root: Path) -> None:
    clip = read_pku_mmd(root).clip(3)
    assert len(clip.people[0]) == FRAMES
    assert [person.subject for person in clip.people] == ["N08", ""]


def test_an_action_after_the_end_of_its_recording_is_named(root: Path) -> None:
    (root / "Train_Label_PKU_final" / "0002-R.txt").write_text("3,90,99,2\n", encoding="utf-8")
    with pytest.raises(
        ValueError,
        match=r"0002-R\.txt: line 91: the file ends before 0002-R_001 begins, in frame 90",
    ):
        read_pku_mmd(root).clip(2)


def test_splits_are_those_of_the_files(root: Path) -> None:
    data = read_pku_mmd(root)
    training, testing = split(data, "x_sub")
    assert data.recordings[training].tolist() == ["0002-L", "0002-L"]
    assert data.recordings[testing].tolist() == ["0002-R"]
    other = root / "other.txt"
    other.write_text("Training videos:\nA10N08-M\nValidation videos:\n0002-L,\n0002-R\n")
    training, testing = split(data, "x_view", other)
    assert training.tolist() == [3]
    assert testing.tolist() == [0, 1, 2]


def test_a_missing_list_is_named(root: Path) -> None:
    data = read_pku_mmd(root)
    with pytest.raises(ValueError, match=r"x_view needs the data set's cross-view\.txt; found 0"):
        split(data, "x_view")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Training videos:\n0002-L, 0002\n", "line 2: '0002' is not the name of a recording"),
        ("0002-L\n", "line 1: '0002-L' is not the name of a recording"),
        ("Training videos:\n0002-L\n", "has no validation videos"),
        ("Validation videos:\n0002-L\n", "has no training videos"),
    ],
)
def test_a_wrong_list_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "cross-subject.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"cross-subject\.txt: {complaint}"):
        read_split(path)


def test_windows_cover_a_recording_and_take_the_longest_action(root: Path) -> None:
    windows = list(read_pku_mmd(root).windows("0002-L", window_s=0.5, stride_s=0.25))

    starts = [round(window.people[0].stamps[0] * 30) for window in windows]
    assert starts == list(range(0, 76, 8))
    assert {len(window.people[0]) for window in windows} == {15}
    labels = dict(zip(starts, (window.label for window in windows), strict=True))
    # Actions fill frames 10 to 19 and 50 to 69: half of a window is 8 of its 15 frames.
    assert labels[8] == "brushing teeth"
    assert labels[0] == labels[16] == labels[32] == "background"
    assert labels[48] == labels[56] == "standing up"
    assert labels[64] == "background"
    names = [window.name for window in windows]
    assert len(set(names)) == len(names)
    assert [len(window.people) for window in windows][:2] == [1, 1]
    assert len(windows[-1].people) == 2


def test_a_recording_shorter_than_a_window_is_one_window(root: Path) -> None:
    (window,) = read_pku_mmd(root).windows("A10N08-M", window_s=10, stride_s=1)
    assert len(window.people[0]) == FRAMES
    assert window.label == "writing"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("0009-L", 1.0, 1.0), "recording: '0009-L' is unknown"),
        (("0002-L", 0.0, 1.0), "window_s, stride_s: must each be at least a frame"),
        (("0002-L", 1.0, 0.001), "window_s, stride_s: must each be at least a frame"),
    ],
)
def test_wrong_windows_are_refused(root: Path, arguments: tuple[Any, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        list(read_pku_mmd(root).windows(*arguments))


def test_there_are_51_actions() -> None:
    assert len(PKU_ACTIONS) == len(set(PKU_ACTIONS)) == 51
    assert PKU_ACTIONS[0] == "bow" and PKU_ACTIONS[50] == "writing"
    only_here = {"bow", "put something inside pocket", "take out something from pocket"}
    assert set(PKU_ACTIONS) - set(NTU_ACTIONS) == only_here


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("3,10,20", "expected class,start,end,confidence, got '3,10,20'"),
        ("3,10,20,2,1", "expected class,start,end,confidence, got '3,10,20,2,1'"),
        ("3,0," + "9" * 400 + ",2", "expected class,start,end,confidence, got '3,0,9"),
        ("3,ten,20,2", "expected class,start,end,confidence, got '3,ten,20,2'"),
        ("52,10,20,2", "class: must be 1 to 51, got 52"),
        ("0,10,20,2", "class: must be 1 to 51, got 0"),
        ("3,20,10,2", "start, end: 20 to 10 is not an interval"),
        ("3,-1,10,2", "start, end: -1 to 10 is not an interval"),
    ],
)
def test_a_broken_label_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "0002-L.txt"
    path.write_text(f"3,1,2,2\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"0002-L\.txt: line 3: {complaint}"):
        read_labels(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: the file is empty"),
        (recording_text(recording()[:2]) + "1 2 3\n", "line 3: expected 150 numbers, got 3"),
        (recording_text(recording()[:1]) + "\n" + "0 " * 150, "line 2: expected 150 numbers"),
        ("0 " * 149 + "x\n", "line 1: 'x' is not a number"),
        ("0 " * 149 + "\n" + "0 " * 151, "line 1: expected 150 numbers, got 149"),
    ],
)
def test_a_broken_frame_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "0002-L.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"0002-L\.txt: {complaint}"):
        read_skeletons(path)


def test_labels_without_skeletons_are_named(root: Path) -> None:
    (root / "PKU_Skeleton_Renew" / "0002-R.txt").unlink()
    with pytest.raises(ValueError, match=r"0002-R\.txt: has no skeletons, .*0002-R\.txt"):
        read_pku_mmd(root)


def test_skeletons_are_read_only_when_a_clip_is_requested(root: Path) -> None:
    (root / "PKU_Skeleton_Renew" / "0002-L.txt").write_text("nothing", encoding="utf-8")
    data = read_pku_mmd(root)
    assert data.clip(2).name == "0002-R_001"
    with pytest.raises(ValueError, match=r"0002-L\.txt: line 1: expected 150 numbers"):
        data.clip(0)


def test_ambiguous_folders_are_named(root: Path) -> None:
    (root / "skeleton_of_phase_2").mkdir()
    (root / "skeleton_of_phase_2" / "A01N01-L.txt").touch()
    with pytest.raises(
        ValueError, match="needs one folder of text files with 'skeleton' in its name"
    ):
        read_pku_mmd(root)
    labels = root / "Train_Label_PKU_final"
    assert len(PkuMmd(root / "PKU_Skeleton_Renew", labels)) == 4


def test_a_folder_without_labels_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"Split: has no labels|cross-subject\.txt: is not a recording"
    ):
        PkuMmd(root / "PKU_Skeleton_Renew", tmp_path / "Split")
