"""What training asks of each clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.training.losses import IGNORED
from bharnet_ros.training.targets import ClipTargets, clip_targets, read_doubtful
from bharnet_ros.types.errors import InputError

LABELS = np.asarray(["wave", "nod", "wave", "nod", "bow", "bow"])
SUBJECTS = np.asarray(["ada", "ada", "bob", "bob", "bob", "eve"])


@pytest.fixture
def targets() -> ClipTargets:
    return clip_targets(LABELS, SUBJECTS, ("wave", "background"), np.arange(4))


def test_labels_that_nobody_in_training_showed_are_ignored(targets: ClipTargets) -> None:
    found = targets.of(np.arange(6))
    assert targets.label_count == 2
    assert found.labels.tolist() == [1, 0, 1, 0, IGNORED, IGNORED]
    assert found.classes.tolist() == [0, 1, 0, 1, 1, 1]


def test_the_same_label_of_another_person_is_another_own_label(targets: ClipTargets) -> None:
    own = targets.of(np.arange(6)).own_labels.tolist()
    assert len(set(own[:4])) == 4
    assert own[4:] == [IGNORED, IGNORED]
    owners = targets.owners[own[:4]]
    assert owners[0] == owners[1] != owners[2] == owners[3]


def test_a_mirrored_person_is_another_person(targets: ClipTargets) -> None:
    clips = np.asarray([0, 0, 1, 1])
    found = targets.of(clips, mirrored=np.asarray([False, True, False, True]))
    own = found.own_labels.numpy()
    assert len(set(own.tolist())) == 4
    owners = targets.owners[own]
    assert owners[0] == owners[2] != owners[1] == owners[3]
    # The word stays the same.
    assert found.labels.tolist() == [1, 1, 0, 0]


def test_rest_is_background_and_a_label_of_nobody(targets: ClipTargets) -> None:
    found = targets.of(np.asarray([0, 1]), only_rest=np.asarray([True, False]))
    assert found.classes.tolist() == [1, 1]
    assert found.labels.tolist() == [targets.label_count, 0]
    assert found.own_labels[0] == IGNORED
    assert found.own_labels[1] != IGNORED


def test_every_own_label_has_an_owner(targets: ClipTargets) -> None:
    mirrored = targets.of(np.arange(4), mirrored=np.ones(4, dtype=bool)).own_labels
    assert int(mirrored.max()) < len(targets.owners)
    assert len(np.unique(targets.owners)) == 4


def test_a_doubtful_label_is_still_a_persons_own() -> None:
    pairs = {("ada", "wave"), ("eve", "bow")}
    found = clip_targets(LABELS, SUBJECTS, ("wave", "background"), np.arange(4), pairs).of(
        np.arange(6), only_rest=np.asarray([False] * 6)
    )
    assert found.classes.tolist() == [IGNORED, 1, 0, 1, 1, 1]
    assert found.labels[0] == IGNORED
    assert found.own_labels[0] != IGNORED
    # Clips that are not trained on are tested with the labels they have.
    assert found.classes[5] == 1


def test_doubtful_pairs_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "doubtful.csv"
    file.write_text("subject,label,clips\nada,wave,20\nbob,no,4\n", encoding="utf-8")
    assert read_doubtful(file) == {("ada", "wave"), ("bob", "no")}
    file.write_text("subject,word\nada,wave\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"doubtful\.csv: column label is missing"):
        read_doubtful(file)
