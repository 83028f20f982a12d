"""Keypoints of whole clips, and their files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bharnet_ros.cli import BAD_INPUT, main
from bharnet_ros.datasets.create.extract import extract_clip
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints

pytestmark = pytest.mark.mediapipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with a puppet in the first three pictures and no person in the last."""
    path = tmp_path_factory.mktemp("pictures")
    source = open_puppet("hello", fps=10.0)
    for number in range(4):
        image = source.frame(12 + number).image
        image = image if number < 3 else np.full_like(image, 90)
        cv2.imwrite(str(path / f"{number}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return path


def keypoints(frames: int = 2) -> ClipKeypoints:
    body = np.arange(frames * 33 * 4, dtype=np.float32).reshape(frames, 33, 4)
    hands = np.full((frames, 2, 21, 3), np.nan, dtype=np.float32)
    scores = np.zeros((frames, 2), dtype=np.float32)
    return ClipKeypoints(np.arange(frames) / 30, body, hands, scores, 640, 480)


def test_file_has_one_row_per_frame_and_nan_where_nothing_was_found(folder, tmp_path, capsys):
    out = tmp_path / "keypoints.npz"
    assert main(["data", "extract", str(folder), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "4 frames, body in 3" in printed.out
    assert "4/4" in printed.err
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["body"].shape == (4, 33, 4)
        assert arrays["hands"].shape == (4, 2, 21, 3)
        np.testing.assert_allclose(arrays["stamp"], np.arange(4) / 30)
        assert np.isfinite(arrays["body"][:3]).all()
        assert np.isnan(arrays["body"][3, :, :3]).all() and not arrays["body"][3, :, 3].any()
        assert np.isnan(arrays["hands"][3]).all() and not arrays["hand_scores"][3].any()
        assert (int(arrays["width"]), int(arrays["height"])) == (640, 480)
    assert [file.name for file in tmp_path.iterdir()] == ["keypoints.npz"]


def test_a_saved_clip_loads_unchanged(tmp_path):
    saved = keypoints()
    saved.save(tmp_path / "a.npz")
    loaded = ClipKeypoints.load(tmp_path / "a.npz")
    for name in ("stamp", "body", "hands", "hand_scores"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(saved, name))
    assert (loaded.width, loaded.height) == (640, 480)
    sequence = loaded.sequence()
    assert len(sequence) == len(loaded) == 2 and sequence.duration == pytest.approx(1 / 30)


def test_failed_save_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    keypoints(2).save(path)

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        keypoints(3).save(path)
    assert len(ClipKeypoints.load(path)) == 2
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", b"PK\x03\x04cut", b"PK\x05\x06" + b"\xff" * 18]
)
def test_a_file_that_is_not_a_clip_is_refused_by_name(tmp_path, content):
    (tmp_path / "odd.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.npz"):
        ClipKeypoints.load(tmp_path / "odd.npz")


def test_a_damaged_file_is_refused_by_name(tmp_path):
    path = tmp_path / "a.npz"
    keypoints().save(path)
    content = path.read_bytes()
    for place in range(40, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        # Some bytes, such as dates, do not matter.
        with suppress(InputError):
            ClipKeypoints.load(path)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("stamp", np.asarray(["a", "b"]), "stamp: expected numbers"),
        ("width", np.asarray([640, 480]), "not the keypoints of a clip"),
        ("height", np.inf, "not the keypoints of a clip"),
    ],
)
def test_a_wrong_array_is_refused_by_name(tmp_path, name, value, complaint):
    arrays = {one: array for one, array in vars(keypoints()).items() if array is not None}
    np.savez(tmp_path / "a.npz", **{**arrays, name: value})
    with pytest.raises(InputError, match=rf"a\.npz: .*{complaint}"):
        ClipKeypoints.load(tmp_path / "a.npz")


def test_file_without_hands_is_refused_by_name(tmp_path):
    np.savez(tmp_path / "half.npz", stamp=np.zeros(1), body=np.zeros((1, 33, 4)))
    with pytest.raises(ValueError, match=r"half\.npz.*hands"):
        ClipKeypoints.load(tmp_path / "half.npz")


def test_wrong_shapes_and_stamps_are_refused():
    with pytest.raises(ValueError, match="hand_scores"):
        replace(keypoints(), hand_scores=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="stamp"):
        replace(keypoints(), stamp=np.zeros(2))


@pytest.mark.parametrize(
    ("clip", "out", "message"),
    [
        ("nowhere.mp4", "a.npz", "'nowhere.mp4' does not exist"),
        ("puppet:rest", "a.txt", "must end in .npz"),
        ("puppet:rest", "nowhere/a.npz", "does not exist"),
    ],
)
def test_bad_request_fails_with_a_message(tmp_path, capsys, clip, out, message):
    assert main(["data", "extract", clip, "--out", str(tmp_path / out)]) == BAD_INPUT
    assert message in capsys.readouterr().err


def test_clip_that_changes_its_size_is_refused(folder, tmp_path):
    for number, size in enumerate(((64, 48), (32, 24))):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((*size, 3), np.uint8))
    with pytest.raises(ValueError, match=r"changes its size at 0\.033 s"):
        extract_clip(tmp_path, progress=False)


def test_extraction_overwrites_nothing_unless_forced(folder, tmp_path, capsys):
    out = tmp_path / "keypoints.npz"
    out.write_bytes(b"mine")
    assert main(["data", "extract", str(folder), "--out", str(out)]) == BAD_INPUT
    assert f"error: {out} exists already; --force overwrites it" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"
    assert main(["data", "extract", str(folder), "--out", str(out), "--force"]) == 0
    assert len(ClipKeypoints.load(out)) == 4
