"""Recorded clips and splits refuse parts that do not fit together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.datasets.base import ClipDataset, RecordedClip, metric_sequence, split


class Halves(ClipDataset):
    """Four clips; the protocols train on the first ones."""

    labels = np.asarray(["wave", "point", "wave", "nod"])
    protocols = ("halves", "all")

    def clip(self, index: int) -> RecordedClip:
        return RecordedClip(f"clip_{index}", (standing(),), str(self.labels[index]))

    def parts(self, protocol: str, file: Path | None) -> tuple[np.ndarray, np.ndarray]:
        training = np.arange(4) < (2 if protocol == "halves" else 4)
        return training, ~training


def standing(frames: int = 3) -> object:
    return metric_sequence(
        np.ones((frames, 25, 3)), np.arange(frames) / 30, "kinect_v2", "wave", "ann"
    )


def test_a_split_gives_indices() -> None:
    training, testing = split(Halves(), "halves")
    assert (training.tolist(), testing.tolist()) == ([0, 1], [2, 3])


def test_an_unknown_protocol_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'x_sub' is unknown here; known are: halves, all"):
        split(Halves(), "x_sub")


def test_a_split_with_an_empty_part_is_refused() -> None:
    with pytest.raises(ValueError, match="protocol: all leaves no clips to test on"):
        split(Halves(), "all")


def test_class_names_list_each_label_once() -> None:
    assert Halves().class_names == ("nod", "point", "wave")


def test_a_clip_without_people_is_refused() -> None:
    with pytest.raises(ValueError, match="people: clip shows nobody"):
        RecordedClip("clip", (), "wave")


def test_people_of_a_clip_must_have_the_same_stamps() -> None:
    with pytest.raises(ValueError, match="people: clip: stamps differ between people"):
        RecordedClip("clip", (standing(3), standing(4)), "wave")
