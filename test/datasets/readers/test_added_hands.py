"""Hands extracted from videos are matched to clips by name and to frames by time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.datasets.base import metric_sequence
from bharnet_ros.datasets.readers.added_hands import HandFiles, with_hands
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import KeypointSequence


def body(frames: int = 10, first: int = 0) -> KeypointSequence:
    """Return a person seen by a depth camera, starting at a frame of the recording."""
    stamps = np.arange(first, first + frames) / 30
    return metric_sequence(np.ones((frames, 25, 3)), stamps, "kinect_v2", "wave", "ann")


def video(frames: int = 10, rate: float = 30.0) -> ClipKeypoints:
    """Return hands whose coordinates are 100 times the time; the right hand has a lower score."""
    stamp = np.arange(frames) / rate
    hands = np.broadcast_to(100 * stamp[:, None, None, None], (frames, 2, 21, 3))
    return ClipKeypoints(
        stamp=stamp,
        body=np.zeros((frames, 33, 4), dtype=np.float32),
        hands=hands.astype(np.float32),
        hand_scores=np.tile(np.float32([0.9, 0.6]), (frames, 1)),
        width=1920,
        height=1080,
    )


def saved(clip: ClipKeypoints, folder: Path, name: str = "clip") -> Path:
    path = folder / f"{name}.npz"
    clip.save(path)
    return path


def test_hands_of_the_same_frames_are_unchanged(tmp_path: Path) -> None:
    sequence, clip = body(), video()
    given = with_hands(sequence, saved(clip, tmp_path))
    np.testing.assert_allclose(given.hands, clip.hands, rtol=1e-6)
    np.testing.assert_allclose(given.hand_scores, clip.hand_scores, rtol=1e-6)
    assert (given.width, given.height) == (1920, 1080)
    assert np.array_equal(given.body, sequence.body)
    assert (given.label, given.subject, given.body_layout) == ("wave", "ann", "kinect_v2")


@pytest.mark.parametrize("first", [0, 31])
def test_time_counts_from_the_start_of_the_recording(tmp_path: Path, first: int) -> None:
    sequence = body(first=first)
    given = with_hands(sequence, saved(video(frames=60, rate=25.0), tmp_path))
    np.testing.assert_allclose(given.hands[:, 1, 20, 2], 100 * sequence.stamps, rtol=1e-5)


def test_a_hand_that_was_not_found_stays_absent(tmp_path: Path) -> None:
    clip = video()
    clip.hands[3:6, 1] = np.nan
    clip.hand_scores[3:6, 1] = 0.0
    given = with_hands(body(), saved(clip, tmp_path))
    assert np.isnan(given.hands[3:6, 1]).all()
    assert not given.hand_scores[3:6, 1].any()
    assert np.isfinite(given.hands[:, 0]).all()


def test_hands_are_absent_after_the_end_of_the_video(tmp_path: Path) -> None:
    given = with_hands(body(frames=20), saved(video(frames=10), tmp_path))
    seen = np.isfinite(given.hands).all((1, 2, 3))
    assert seen[:12].all(), "less than a tenth of a second behind the end is bridged"
    assert not seen[13:].any()
    np.testing.assert_array_equal(given.hand_scores.all(1), seen)


def test_files_are_found_by_name(tmp_path: Path) -> None:
    saved(video(), tmp_path, "S001C001P001R001A001_rgb")
    saved(video(), tmp_path, "0002-L")
    saved(video(), tmp_path, "somebody_else")
    names = ["S001C001P001R001A001", "0002-L", "without"]
    files = HandFiles.of(tmp_path, names)
    assert set(files.files) == set(names[:2])
    people = (body(), dataclasses.replace(body(), subject=None))
    first, second = files.given_to(people, "0002-L")
    assert np.isfinite(first.hands).all()
    assert second is people[1]
    assert files.given_to(people, "without") is people
    assert HandFiles.of(None, names).given_to(people, "0002-L") is people


def test_a_folder_that_matches_no_clip_is_named(tmp_path: Path) -> None:
    saved(video(), tmp_path, "other")
    with pytest.raises(
        ValueError, match=rf"{tmp_path}: no file is named after a clip, such as 0002-L"
    ):
        HandFiles.of(tmp_path, ["0002-L"])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="hands: no such folder"):
        HandFiles.of(tmp_path / "hands", ["0002-L"])


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "0002-L.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"0002-L\.npz: not the keypoints of a clip"):
        with_hands(body(), path)
