"""Files of clips with crops, and folders of such files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.opening import open_dataset
from bharnet_ros.datasets.readers.added_hands import HandFiles
from bharnet_ros.datasets.readers.cropped import CroppedClips, read_cropped, write_cropped
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.keypoints import KeypointSequence, absent


def clip(subject: str = "ann", seconds: float = 1.0) -> KeypointSequence:
    """Return a clip of ten frames with crops at every second one."""
    random = np.random.default_rng(0)
    stamps = np.linspace(0.0, seconds, 10)
    pixels = random.integers(0, 256, (5, 2, 8, 8, 3), dtype=np.uint8)
    present = np.ones((5, 2), dtype=bool)
    present[2, 0] = False
    return KeypointSequence(
        stamps=stamps,
        body=random.uniform(0, 100, (10, 33, 4)).astype(np.float32),
        hands=random.uniform(0, 100, (10, 2, 21, 3)).astype(np.float32),
        hand_scores=np.ones((10, 2), dtype=np.float32),
        width=320,
        height=240,
        subject=subject,
        crops=CropSequence(stamps[::2], pixels, present),
    )


def test_a_written_clip_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "cup" / "one.npz"
    write_cropped(path, clip())
    found, expected = read_cropped(path), clip()
    assert (found.label, found.subject, found.width, found.height) == ("cup", "ann", 320, 240)
    for name in ("stamps", "body", "hands", "hand_scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.crops is not None and expected.crops is not None
    for name in ("stamps", "pixels", "present"):
        np.testing.assert_array_equal(
            getattr(found.crops, name), getattr(expected.crops, name), err_msg=name
        )
    assert [one.name for one in path.parent.iterdir()] == ["one.npz"]


def test_a_clip_without_crops_is_read_without_crops(tmp_path: Path) -> None:
    write_cropped(tmp_path / "cup" / "one.npz", replace(clip(), crops=None))
    assert read_cropped(tmp_path / "cup" / "one.npz").crops is None


def test_a_folder_of_labels_has_protocols_that_leave_people_out(tmp_path: Path) -> None:
    for label in ("cup", "book"):
        for subject in ("ann", "bob"):
            write_cropped(tmp_path / label / f"{subject}.npz", clip(subject))
    data = open_dataset(tmp_path)
    assert isinstance(data, CroppedClips)
    assert data.labels.tolist() == ["book", "book", "cup", "cup"]
    assert data.protocols == ("leave_one_out_ann", "leave_one_out_bob")
    training, testing = split(data, "leave_one_out_ann")
    assert data.subjects[training].tolist() == ["bob", "bob"]
    assert data.subjects[testing].tolist() == ["ann", "ann"]
    first = data.clip(0)
    assert (first.name, first.label, first.subject) == ("book/ann", "book", "ann")
    assert first.people[0].crops is not None


def test_folders_of_training_and_test_are_a_protocol(tmp_path: Path) -> None:
    write_cropped(tmp_path / "train" / "cup" / "a.npz", clip())
    write_cropped(tmp_path / "test" / "cup" / "b.npz", clip())
    data = CroppedClips(tmp_path)
    training, testing = split(data, "folders")
    assert data.names[training].tolist() == ["train/cup/a"]
    assert data.names[testing].tolist() == ["test/cup/b"]


@pytest.mark.parametrize(
    ("place", "named"),
    [("a.npz", "is not in LABEL/"), ("other/cup/a.npz", "is neither train nor test")],
)
def test_a_file_in_a_wrong_place_is_named(tmp_path: Path, place: str, named: str) -> None:
    write_cropped(tmp_path / place, clip())
    with pytest.raises(ValueError, match=named):
        CroppedClips(tmp_path)


def test_a_broken_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no \.npz files"):
        CroppedClips(tmp_path)
    broken = tmp_path / "cup" / "one.npz"
    write_cropped(broken, clip())
    broken.write_bytes(broken.read_bytes()[:200])
    for read in (read_cropped, lambda _: CroppedClips(tmp_path)):
        with pytest.raises(ValueError, match=r"one\.npz: not a clip with crops"):
            read(broken)


def test_a_depth_camera_skeleton_gets_hands_and_crops_of_its_video(tmp_path: Path) -> None:
    write_cropped(tmp_path / "S001C001P001R001A001_rgb.npz", clip(seconds=4.5))
    skeleton = KeypointSequence(
        stamps=np.linspace(1.0, 2.0, 4),
        body=absent(4, 25, 4),
        hands=absent(4, 2, 21, 3),
        hand_scores=np.zeros((4, 2), dtype=np.float32),
        body_layout="kinect_v2",
    )
    files = HandFiles.of(tmp_path, ["S001C001P001R001A001"])
    (found,) = files.given_to((skeleton,), "S001C001P001R001A001")
    assert found.crops is not None
    # Crops are half a second apart; those within this part of the recording are kept.
    np.testing.assert_allclose(found.crops.stamps, [1.0, 2.0])
    assert (found.width, found.height) == (320, 240)
    assert found.body_layout == "kinect_v2"
