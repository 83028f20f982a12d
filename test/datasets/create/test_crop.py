"""`bharnet data crop`: videos to clips with crops, with the real MediaPipe."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bharnet_ros.cli import main
from bharnet_ros.datasets.create.crop import contact_sheet, crop_folder
from bharnet_ros.datasets.readers.cropped import CroppedClips, read_cropped
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.crops import CropSequence, CropSettings

pytestmark = pytest.mark.mediapipe

SETTINGS = CropSettings(size=24)


def film(path: Path, script: str, frames: int = 6) -> Path:
    """Write a short video of the puppet, from the middle of its script."""
    puppet = open_puppet(script, width=320, height=240, fps=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10.0, (320, 240))
    for number in range(frames):
        image = puppet.frame(len(puppet) // 2 - frames // 2 + number).image
        writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Return a folder of labelled videos, one of them broken."""
    root = tmp_path / "videos"
    film(root / "train" / "cup" / "a.mp4", "holding_cup")
    film(root / "test" / "book" / "b.mp4", "holding_book")
    (root / "test" / "book" / "broken.mp4").write_bytes(b"no video")
    (root / "test" / "book" / "notes.txt").write_text("no video either")
    return root


def test_broken_videos_are_skipped_and_a_second_run_continues(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cropped"
    people = tmp_path / "people.csv"
    people.write_text("a.mp4,ann\n")
    assert crop_folder(videos, out, SETTINGS, 0.2, people) == 1
    printed = capsys.readouterr()
    assert "skipped: " in printed.err and "broken.mp4" in printed.err
    assert "2 of 3 videos are in" in printed.out

    data = CroppedClips(out)
    assert data.names.tolist() == ["test/book/b", "train/cup/a"]
    assert data.subjects.tolist() == ["", "ann"]
    clip = data.clip(1).people[0]
    assert len(clip) == 6
    assert clip.crops is not None
    np.testing.assert_allclose(clip.crops.stamps, [0.0, 0.2, 0.4])
    assert clip.crops.pixels.shape == (3, 2, 24, 24, 3)
    assert clip.crops.present[:, 1].all()

    # Existing files are kept; new videos are cropped.
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    (videos / "test" / "book" / "broken.mp4").unlink()
    film(videos / "train" / "book" / "c.mp4", "holding_book")
    assert crop_folder(videos, out, SETTINGS, 0.2) == 0
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    assert set(after) - set(before) == {out / "train" / "book" / "c.npz"}
    assert {path: after[path] for path in before} == before


def test_files_cropped_with_other_settings_are_not_mixed(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "cropped"
    crop_folder(videos, out, SETTINGS, 0.2)
    assert json.loads((out / "crop.json").read_text())["size"] == 24
    with pytest.raises(ValueError, match=r"was cropped with .*'size': 24.*use another --out"):
        crop_folder(videos, out, CropSettings(size=32), 0.2)


def test_a_folder_without_usable_videos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(ValueError, match="none of 1 videos could be used"):
        crop_folder(tmp_path, tmp_path / "out", SETTINGS, 0.2)
    with pytest.raises(ValueError, match="holds no videos"):
        crop_folder(tmp_path / "out", tmp_path / "other", SETTINGS, 0.2)


def test_one_video_gives_a_file_and_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, sheet = film(tmp_path / "clip.mp4", "holding_cup"), tmp_path / "sheet.png"
    arguments = ["data", "crop", str(video), "--out", str(tmp_path), "--sheet", str(sheet)]
    assert main([*arguments, "--size", "24"]) == 0
    assert "6 frames, 6 of them cropped" in capsys.readouterr().out
    crops = read_cropped(tmp_path / "clip.npz").crops
    assert crops is not None
    picture = cv2.imread(str(sheet))
    assert picture.shape == (2 * 24, 16 * 24, 3)
    np.testing.assert_array_equal(picture[24:48, :24, ::-1], crops.pixels[0, 1])


def test_a_long_sheet_has_more_lines() -> None:
    crops = read_of_times(20)
    assert contact_sheet(crops, columns=8).shape == (3 * 2 * 4, 8 * 4, 3)


def read_of_times(count: int) -> CropSequence:
    """Return black crops of two regions at so many times."""

    pixels = np.zeros((count, 2, 4, 4, 3), dtype=np.uint8)
    return CropSequence(np.arange(count) / 10, pixels, np.ones((count, 2), dtype=bool))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["clip.mp4"], "needs --out, --sheet or both"),
        (["clip.mp4", "--sheet", "x.png", "--every", "0"], "--every: must be positive"),
        (["clip.mp4", "--sheet", "x.png", "--size", "2"], "size: must be at least"),
        (["missing.mp4", "--sheet", "x.png"], "missing.mp4"),
        (["puppet:rest", "--every", "9", "--sheet", "x.doc"], "--sheet: x.doc: cannot be written"),
    ],
)
def test_bad_arguments_are_named(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "crop", *arguments]) == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (b"a.mp4,ann\nb.mp4\n", ":2: expected a file name and a subject"),
        (b"\xff.mp4,ann\n", ": is not a text file"),
        (b'a.mp4,ann\n"' + b"x" * 200_000, ":2: is not CSV: field larger"),
    ],
)
def test_a_wrong_line_of_subjects_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: bytes, complaint: str
) -> None:
    film(tmp_path / "cup" / "a.mp4", "holding_cup", frames=2)
    names = tmp_path / "people.csv"
    names.write_bytes(lines)
    arguments = [str(tmp_path), "--out", str(tmp_path / "out"), "--subjects", str(names)]
    assert main(["data", "crop", *arguments]) == 2
    assert f"{names}{complaint}" in capsys.readouterr().err
