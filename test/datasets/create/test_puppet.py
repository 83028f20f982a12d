"""Clips of the puppet holding things, which only the picture shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.cli import main
from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.create.puppet import LABELS, draw_clip
from bharnet_ros.datasets.readers.cropped import CroppedClips
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.types.crops import CropSettings
from bharnet_ros.types.keypoints import KeypointSequence

pytestmark = pytest.mark.mediapipe

SETTINGS = CropSettings(size=24)


@pytest.fixture(scope="module")
def clips() -> dict[str, KeypointSequence]:
    """Return a clip of each label, all of one seed."""
    return {label: draw_clip(label, 3, SETTINGS) for label in LABELS}


def test_keypoints_of_a_seed_are_the_same_for_all_labels(
    clips: dict[str, KeypointSequence],
) -> None:
    nothing = clips["nothing"]
    for clip in clips.values():
        for name in ("stamps", "body", "hands", "hand_scores"):
            np.testing.assert_array_equal(getattr(clip, name), getattr(nothing, name))


def test_crops_differ_between_labels(clips: dict[str, KeypointSequence]) -> None:
    middle = {}
    for label, clip in clips.items():
        assert clip.crops is not None
        assert clip.crops.present[:, 1].sum() > len(clip.crops) // 2
        middle[label] = clip.crops.pixels[len(clip.crops) // 2, 1].astype(float)
    for first in LABELS:
        for second in LABELS:
            if first < second:
                difference = np.abs(middle[first] - middle[second]).mean()
                assert difference > 4.0, (first, second)


def test_seeds_differ_in_motion_and_picture_and_repeat_exactly(
    clips: dict[str, KeypointSequence],
) -> None:
    again, other = draw_clip("cup", 3, SETTINGS), draw_clip("cup", 4, SETTINGS)
    first = clips["cup"]
    assert first.crops is not None and again.crops is not None and other.crops is not None
    np.testing.assert_array_equal(first.body, again.body)
    np.testing.assert_array_equal(first.crops.pixels, again.crops.pixels)
    assert not np.array_equal(first.body[:20], other.body[:20])
    assert not np.array_equal(first.crops.pixels[:5], other.crops.pixels[:5])


def test_mediapipe_finds_the_person_who_holds_something() -> None:
    with PoseExtractor() as extractor:
        clip = draw_clip("phone", 3, SETTINGS, extractor=extractor)
    found = np.isfinite(clip.body[:, 11, 0])
    assert found.mean() > 0.9
    exact = draw_clip("phone", 3, SETTINGS)
    rows = np.isin(exact.stamps, clip.stamps)
    apart = np.linalg.norm(clip.body[:, 11:17, :2] - exact.body[rows, 11:17, :2], axis=-1)
    width = np.linalg.norm(exact.body[0, 11, :2] - exact.body[0, 12, :2])
    assert np.nanmedian(apart) < 0.2 * width


def test_the_command_writes_a_data_set(tmp_path: Path) -> None:
    for part, seeds in (("train", ("0", "1")), ("test", ("1", "2"))):
        words = ["data", "puppet", str(tmp_path / part), "--seeds", *seeds, "--size", "16"]
        assert main(words) == 0
    data = CroppedClips(tmp_path)
    training, testing = split(data, "folders")
    assert sorted(data.labels[training].tolist()) == sorted(LABELS)
    assert set(data.subjects[training]) == {"seed0"} and set(data.subjects[testing]) == {"seed1"}


def test_bad_arguments_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "puppet", str(tmp_path), "--seeds", "4", "4"]) == 2
    assert "--seeds: FIRST must be at least 0 and less than END, got 4 4" in capsys.readouterr().err
    with pytest.raises(ValueError, match="label: 'hat' is unknown"):
        draw_clip("hat", 0, SETTINGS)
