"""Any data set opens by its path, and all have the same interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_data

from bharnet_ros.datasets.base import ClipDataset
from bharnet_ros.datasets.opening import KINDS, open_dataset
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild
from bharnet_ros.datasets.readers.ntu.reader import Ntu
from bharnet_ros.datasets.readers.nucla import Nucla
from bharnet_ros.datasets.readers.pku_mmd.reader import PkuMmd
from bharnet_ros.types.keypoint_file import ClipKeypoints

JOINT = "0.1 0.2 3 0 0 0 0 0 0 0 0 2\n"


def holistic_wild(folder: Path) -> Path:
    arrays = tiny_data.tiny_arrays(("wave", "point"), ("ann", "bob"))
    path: Path = tiny_data.write_clips(folder / "clips.npz", arrays)
    return path


def nucla_archive(folder: Path) -> Path:
    path = folder / "nucla.npz"
    names = np.asarray(["a01_s01_e00_v01", "a02_s02_e00_v03"])
    np.savez(path, skeletons=np.ones((4, 20, 3)), offsets=[0, 2, 4], labels=[1, 2], names=names)
    return path


def nucla_folder(folder: Path) -> Path:
    for name, label in (("a01_s01_e00_v01", 1), ("a02_s02_e00_v03", 2)):
        content = {"file_name": name, "skeletons": np.ones((2, 20, 3)).tolist(), "label": label}
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def ntu(folder: Path) -> Path:
    text = "1\n1\n1 0 0 0 0 0 0 0 0 2\n25\n" + JOINT * 25
    for name in ("S001C001P001R001A001", "S001C002P003R001A002"):
        (folder / f"{name}.skeleton").write_text(text, encoding="utf-8")
    return folder


def pku_mmd(folder: Path) -> Path:
    for kind, text in (("skeleton", "1 " * 150 + "\n"), ("label", "1,0,0,2\n")):
        (folder / kind).mkdir()
        for name in ("0002-L", "0003-R"):
            (folder / kind / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


Writer = Callable[[Path], Path]
every_data_set = pytest.mark.parametrize(
    ("write", "kind", "expected"),
    [
        (holistic_wild, "holistic_wild", HolisticWild),
        (nucla_archive, "nucla", Nucla),
        (nucla_folder, "nucla", Nucla),
        (ntu, "ntu", Ntu),
        (pku_mmd, "pku_mmd", PkuMmd),
    ],
)


@every_data_set
def test_a_data_set_opens_by_its_kind_or_by_its_files(
    tmp_path: Path, write: Writer, kind: str, expected: type[ClipDataset]
) -> None:
    path = write(tmp_path)
    assert isinstance(open_dataset(path, kind), expected)
    assert isinstance(open_dataset(path), expected)


@every_data_set
def test_all_data_sets_have_the_same_interface(
    tmp_path: Path, write: Writer, kind: str, expected: type[ClipDataset]
) -> None:
    data = open_dataset(write(tmp_path))
    assert len(data) == len(data.names) == len(data.labels) == len(data.subjects) == 2
    assert len(set(data.names.tolist())) == 2
    assert set(data.labels.tolist()) <= set(data.class_names)
    assert data.protocols
    for index, clip in zip((1, 0), data.clips(np.asarray([1, 0])), strict=True):
        assert clip.name == data.names[index]
        assert clip.label == data.labels[index]
        assert clip.subject == data.subjects[index]
        assert clip.people[0].label == clip.label


@pytest.mark.parametrize(("kind", "edition"), [("ntu", 60), ("ntu60", 60), ("ntu120", 120)])
def test_the_kind_chooses_the_edition_of_ntu(tmp_path: Path, kind: str, edition: int) -> None:
    data = open_dataset(ntu(tmp_path), kind)
    assert isinstance(data, Ntu)
    assert data.edition == edition


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (nucla_archive, "a01_s01_e00_v01"),
        (ntu, "S001C001P001R001A001_rgb"),
        (pku_mmd, "0002-L"),
    ],
)
def test_hands_come_from_files_named_after_clips(tmp_path: Path, write: Writer, name: str) -> None:
    hands = tmp_path / "hands"
    hands.mkdir()
    ClipKeypoints(
        stamp=np.zeros(1),
        body=np.zeros((1, 33, 4), dtype=np.float32),
        hands=np.full((1, 2, 21, 3), 7.0, dtype=np.float32),
        hand_scores=np.ones((1, 2), dtype=np.float32),
        width=640,
        height=480,
    ).save(hands / f"{name}.npz")
    data = tmp_path / "data"
    data.mkdir()
    first, second = open_dataset(write(data), hands=hands).clips([0, 1])
    assert (first.people[0].hands == 7.0).all()
    assert np.isnan(second.people[0].hands).all()


def test_ntu_takes_a_list_of_missing_skeletons(tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    missing.write_text("One sample:\n\nS001C001P001R001A001\n", encoding="utf-8")
    data = open_dataset(ntu(tmp_path), missing=missing)
    assert data.names.tolist() == ["S001C002P003R001A002"]


def test_options_of_another_data_set_are_refused(tmp_path: Path) -> None:
    path = holistic_wild(tmp_path)
    with pytest.raises(ValueError, match="hands: does not apply to holistic_wild"):
        open_dataset(path, hands=tmp_path)
    with pytest.raises(ValueError, match="missing: does not apply to holistic_wild"):
        open_dataset(path, missing=tmp_path)


def test_an_unrecognised_path_is_named_with_the_known_kinds(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    (tmp_path / "other.txt").touch()
    for path in (tmp_path, tmp_path / "other.npz", tmp_path / "other.txt"):
        with pytest.raises(ValueError, match=f"{path}: cannot tell what data set this is") as error:
            open_dataset(path)
        assert all(kind in str(error.value) for kind in KINDS)


def test_an_unknown_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind: 'kinetics' is unknown; known are: holistic_wild"):
        open_dataset(tmp_path, "kinetics")


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        open_dataset(tmp_path / "nowhere")


def test_a_file_that_is_not_an_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clips.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"clips\.npz: cannot be read"):
        open_dataset(path)
