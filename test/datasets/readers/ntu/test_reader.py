"""NTU RGB+D: files in the format of the data set are read back, and broken ones are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.readers.ntu.actions import (
    NTU60_HAND_ACTIONS,
    NTU60_TRAINING_SUBJECTS,
    NTU120_HAND_ACTIONS,
    NTU120_TRAINING_SUBJECTS,
    NTU_ACTIONS,
)
from bharnet_ros.datasets.readers.ntu.reader import Ntu, read_missing, read_ntu, read_skeleton

Frame = Sequence[tuple[str, npt.NDArray[np.floating]]]
ANN, BOB = "72057594037931101", "72057594037931102"


def standing(frames: int, x: float = 0.0, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return (F, 25, 3) metres of an upright person who moves a little."""
    random = np.random.default_rng(seed)
    body = random.uniform((x - 0.3, -0.9, 2.8), (x + 0.3, 0.9, 3.2), (25, 3))
    return (body + random.normal(0, 0.02, (frames, 25, 3)).cumsum(0)).astype(np.float32)


def skeleton_text(frames: Sequence[Frame], states: npt.NDArray[np.integer] | None = None) -> str:
    """Return a .skeleton file of the bodies (identity, joints (25, 3)) in each frame.

    Args:
        frames: Bodies of each frame.
        states: (25,) tracking state of each joint, 2 where none is given.
    """
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for identity, joints in frame:
            lines += [f"{identity} 0 1 1 1 1 0 0.02764709 0.05745083 2", "25"]
            for joint, (x, y, z) in enumerate(joints):
                state = 2 if states is None else states[joint]
                lines.append(
                    f"{x:.7g} {y:.7g} {z:.7g} 277.419 191.8218 1036.233 519.1677 "
                    f"-0.2059419 0.05349901 0.9692109 -0.1239193 {state}"
                )
    return "\r\n".join(lines) + "\r\n"


def write(folder: Path, name: str, text: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.skeleton"
    path.write_text(
        text or skeleton_text([[(ANN, joints)] for joints in standing(4)]), encoding="utf-8"
    )
    return path


def test_coordinates_are_read_back_exactly(tmp_path: Path) -> None:
    joints = standing(4)
    joints[2, 7] = 0.0
    states = np.full(25, 2)
    states[[3, 9]] = 1, 0
    write(tmp_path, "S001C002P003R002A013", skeleton_text([[(ANN, one)] for one in joints], states))

    clip = read_ntu(tmp_path).clip(0)

    assert (clip.name, clip.label, clip.subject) == (
        "S001C002P003R002A013",
        "tear up paper",
        "P003",
    )
    assert (clip.camera, clip.setup) == ("C002", "S001")
    (person,) = clip.people
    assert (person.body_layout, person.label, person.subject) == (
        "kinect_v2",
        "tear up paper",
        "P003",
    )
    np.testing.assert_allclose(person.stamps, np.arange(4) / 30)
    joints[:, 9] = np.nan
    joints[2, 7] = np.nan
    np.testing.assert_allclose(person.body[..., :3], joints, rtol=1e-6)
    assert person.body[0, [0, 3, 9], 3].tolist() == [1.0, 0.5, 0.0]
    assert person.body[2, 7, 3] == 0
    assert np.isnan(person.hands).all() and not person.hand_scores.any()


def test_two_people_share_stamps_and_are_absent_where_not_tracked(tmp_path: Path) -> None:
    ann, bob = standing(20), standing(20, x=0.8, seed=1)
    bob[:, :, 0] += np.linspace(0, 1, 20)[:, None]
    frames: list[Frame] = [[(ANN, ann[at]), (BOB, bob[at])] for at in range(20)]
    frames[0] = frames[1] = frames[19] = []
    frames[5] = [(ANN, ann[5])]
    write(tmp_path, "S001C001P001R001A050", skeleton_text(frames))

    clip = read_ntu(tmp_path).clip(0)

    first, second = clip.people
    np.testing.assert_allclose(first.stamps, np.arange(2, 19) / 30)
    np.testing.assert_array_equal(first.stamps, second.stamps)
    bob[5] = np.nan
    np.testing.assert_allclose(first.body[..., :3], bob[2:19], rtol=1e-5)
    np.testing.assert_allclose(second.body[..., :3], ann[2:19], rtol=1e-5)
    assert (first.subject, second.subject) == ("P001", "")


def listed(tmp_path: Path, *names: str, edition: int | None = None) -> Ntu:
    """Return a data set with these names; its files are never read."""
    for name in names:
        write(tmp_path / "nturgb+d_skeletons", name, "none of this is read")
    return read_ntu(tmp_path, edition=edition)


def test_a_file_is_read_only_when_its_clip_is_requested(tmp_path: Path) -> None:
    data = listed(tmp_path, "S018C001P041R001A061", "S001C003P002R001A010")
    assert data.edition == 120
    assert data.names.tolist() == ["S001C003P002R001A010", "S018C001P041R001A061"]
    assert data.labels.tolist() == ["clapping", "put on headphone"]
    assert data.subjects.tolist() == ["P002", "P041"]
    with pytest.raises(ValueError, match=r"S001C003P002R001A010\.skeleton: line 1: "):
        data.clip(0)


def test_the_older_edition_leaves_out_newer_clips(tmp_path: Path) -> None:
    names = ("S001C001P001R001A060", "S018C001P041R001A061")
    assert listed(tmp_path, *names, edition=60).names.tolist() == [names[0]]
    assert listed(tmp_path, *names).class_names == NTU_ACTIONS
    assert listed(tmp_path, *names).hand_actions == NTU120_HAND_ACTIONS
    assert listed(tmp_path, *names, edition=60).class_names == NTU_ACTIONS[:60]
    assert listed(tmp_path, *names, edition=60).hand_actions == NTU60_HAND_ACTIONS


def test_without_newer_clips_the_edition_is_60(tmp_path: Path) -> None:
    assert listed(tmp_path, "S017C001P001R001A060").edition == 60


NAMES = ("S001C001P001R001A001", "S002C002P003R001A001", "S003C003P038R001A001")


@pytest.mark.parametrize(
    ("edition", "protocol", "training"),
    [
        (60, "x_sub", [0, 2]),
        (60, "x_view", [1, 2]),
        (120, "x_sub", [0, 2, 3]),
        (120, "x_set", [1, 4]),
    ],
)
def test_protocols_are_the_published_ones(
    tmp_path: Path, edition: int, protocol: str, training: list[int]
) -> None:
    newer = ("S019C001P103R001A061", "S020C001P106R001A120")
    data = listed(tmp_path, *NAMES, *newer, edition=edition)
    assert protocol in data.protocols
    trained, tested = split(data, protocol)
    assert trained.tolist() == training
    assert sorted([*trained, *tested]) == list(range(len(data)))


def test_protocols_of_the_other_edition_are_unknown(tmp_path: Path) -> None:
    data = listed(tmp_path, *NAMES, edition=60)
    with pytest.raises(ValueError, match="'x_set' is unknown here; known are: x_sub, x_view"):
        split(data, "x_set")


def test_lists_are_as_long_as_published() -> None:
    assert len(NTU_ACTIONS) == len(set(NTU_ACTIONS)) == 120
    assert len(NTU60_TRAINING_SUBJECTS) == 20
    assert len(NTU120_TRAINING_SUBJECTS) == 53
    assert {max(NTU60_TRAINING_SUBJECTS), max(NTU120_TRAINING_SUBJECTS)} == {38, 103}
    assert set(NTU60_HAND_ACTIONS) < set(NTU120_HAND_ACTIONS) < set(NTU_ACTIONS)
    assert set(NTU60_HAND_ACTIONS) <= set(NTU_ACTIONS[:60])
    assert {"make ok sign", "snapping fingers", "counting money", "writing"} < set(
        NTU120_HAND_ACTIONS
    )
    assert not {"kicking something", "hugging other person", "squat down"} & set(
        NTU120_HAND_ACTIONS
    )


MISSING = (
    '2 of the captured samples in the "NTU RGB+D" dataset have missing or incomplete skeleton '
    "data.\nIf you are working on skeleton-based analysis, please ignore these files in your "
    "training and testing procedures.\n\nS001C002P005R002A008\nS002C002P003R001A001\n"
)


def test_samples_with_missing_skeletons_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt"
    path.write_text(MISSING, encoding="utf-8")
    assert read_missing(path) == {"S001C002P005R002A008", "S002C002P003R001A001"}
    listed(tmp_path, *NAMES)
    assert read_ntu(tmp_path, missing=path).names.tolist() == [NAMES[0], NAMES[2]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (MISSING + "S001C002\n", "line 6: 'S001C002' is not the name of a clip"),
        ("nothing is missing\n", "has no names of clips"),
    ],
)
def test_a_wrong_list_of_missing_skeletons_is_named(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "missing.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"missing\.txt: {complaint}"):
        read_missing(path)


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{tmp_path}: has no clips, files like S001"):
        read_ntu(tmp_path)


@pytest.mark.parametrize("name", ["S001C001P001R001", "S001C001P001R001A121", "clip"])
def test_a_file_that_is_not_named_like_a_clip_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}\.skeleton: is not a clip name of NTU"):
        listed(tmp_path, name)


def test_an_edition_must_be_one_of_the_two(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="edition: must be 60 or 120, got 80"):
        read_ntu(tmp_path, edition=80)


JOINT = 4
"""Index of the line of the first joint, after the counts and the line of the body."""


@pytest.mark.parametrize(
    ("line", "text", "complaint"),
    [
        (0, "many", "line 1: 'many' is not the number of frames"),
        (0, "3", "line 86: expected the end of the file after 3 frames"),
        (0, "1" + 15 * "0", "line 1: the file is too short for 10{15} frames"),
        (0, "5", "line 114: the file ends where the number of bodies of frame 5 of 5 was expected"),
        (1, "-1", "line 2: '-1' is not the number of bodies of frame 1 of 4"),
        (2, f"{ANN} 0 1 1", "line 3: expected 10 values of a body, got 4"),
        (3, "20", "line 4: expected 25 joints"),
        (3, "joints", "line 4: 'joints' is not the number of joints"),
        (JOINT + 1, "0.1 0.2 0.3", "line 6: expected 12 numbers, got 3"),
        (JOINT + 2, "0.1 0.2 y 4 5 6 7 8 9 10 11 2", "line 7: 'y' is not a number"),
        (JOINT + 3, "1 2 3 4 5 6 7 8 9 10 11 3", "line 8: the last value .tracking. must be"),
        (JOINT + 3, "1 2 3 4 5 6 7 8 9 10 11 nan", "line 8: the last value .tracking. must be"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: int, text: str, complaint: str) -> None:
    lines = skeleton_text([[(ANN, joints)] for joints in standing(4)]).splitlines()
    lines[line] = text
    path = write(tmp_path, NAMES[0], "\n".join(lines))
    with pytest.raises(ValueError, match=rf"{NAMES[0]}\.skeleton: {complaint}"):
        read_skeleton(path)


@pytest.mark.parametrize(
    ("kept", "complaint"),
    [
        (0, "line 1: the file is empty"),
        (2, "line 3: the file ends where a body was expected"),
        (3, "line 4: the file ends where the number of joints was expected"),
        (20, "line 21: the file ends in the middle of a body"),
        (29, "line 30: the file ends where the number of bodies of frame 2 of 4 was expected"),
    ],
)
def test_a_file_that_ends_too_soon_is_named(tmp_path: Path, kept: int, complaint: str) -> None:
    lines = skeleton_text([[(ANN, joints)] for joints in standing(4)]).splitlines()
    path = write(tmp_path, NAMES[0], "\n".join(lines[:kept]) + "\n")
    with pytest.raises(ValueError, match=rf"{NAMES[0]}\.skeleton: {complaint}"):
        read_skeleton(path)


def test_a_clip_without_bodies_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, NAMES[0], skeleton_text([[], [(ANN, np.zeros((25, 3)))]]))
    with pytest.raises(ValueError, match=r"A001\.skeleton: has no body in any of its 2 frames"):
        read_skeleton(path)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / f"{NAMES[0]}.skeleton"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"A001\.skeleton: is not a text file"):
        read_skeleton(path)
