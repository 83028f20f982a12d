"""What training asks of a clip: its class, its label, its label among those of its person."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bharnet_ros.training.losses import IGNORED
from bharnet_ros.training.store.clips import Indices, class_indices
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError


class Targets(NamedTuple):
    """Targets of N windows.

    Attributes:
        classes: (N,) class of the model; `IGNORED` for doubtful labels.
        labels: (N,) label among all that people in training showed; `IGNORED` for other and for
            doubtful labels.
        own_labels: (N,) label among those of the same person; `IGNORED` for rest and for people
            who are not trained on.
    """

    classes: Tensor
    labels: Tensor
    own_labels: Tensor


@dataclass(frozen=True, eq=False)
class ClipTargets:
    """Targets of all N clips of a data set.

    A mirrored person counts as another person: what the left hand did, the right hand does now.

    Attributes:
        classes: (N,) class of each clip.
        background_id: Class of windows of rest.
        labels: (N,) number of each clip's label, `IGNORED` for labels that nobody in training
            showed.
        label_count: Number of labels; number `label_count` stands for rest.
        own_labels: (N,) number of each pair of person and label, `IGNORED` outside training.
        doubtful: (N,) bool, whether a clip's label is likely wrong. Such clips still tell apart
            what their person does.
        owners: (2 P,) person of each own label: those of P pairs as recorded and mirrored in turn.
    """

    classes: Indices
    background_id: int
    labels: Indices
    label_count: int
    own_labels: Indices
    doubtful: npt.NDArray[np.bool_]
    owners: Indices

    def of(
        self,
        clips: npt.NDArray[np.integer],
        only_rest: npt.NDArray[np.bool_] | None = None,
        mirrored: npt.NDArray[np.bool_] | None = None,
    ) -> Targets:
        """Return the targets of N windows.

        Args:
            clips: (N,) clip of each window.
            only_rest: (N,) whether rest took the place of the clip; None if it never did.
            mirrored: (N,) whether left and right were swapped; None if they never were.
        """
        classes, labels, own = self.classes[clips], self.labels[clips], self.own_labels[clips]
        doubtful = self.doubtful[clips]
        classes = np.where(doubtful, IGNORED, classes)
        labels = np.where(doubtful, IGNORED, labels)
        if mirrored is None:
            mirrored = np.zeros(len(clips), dtype=np.bool_)
        own = np.where(own == IGNORED, IGNORED, 2 * own + mirrored)
        if only_rest is not None:
            classes = np.where(only_rest, self.background_id, classes)
            labels = np.where(only_rest, self.label_count, labels)
            own = np.where(only_rest, IGNORED, own)
        return Targets(*(torch.from_numpy(one) for one in (classes, labels, own)))


def clip_targets(
    labels: npt.NDArray[np.str_],
    subjects: npt.NDArray[np.str_],
    class_names: tuple[str, ...],
    trained_on: Indices,
    doubtful: Collection[tuple[str, str]] = (),
) -> ClipTargets:
    """Number the classes, labels and people of a data set.

    Args:
        labels: (N,) label of every clip.
        subjects: (N,) person in every clip, empty where not known.
        class_names: Classes of the model, background among them.
        trained_on: Indices of the clips to train on.
        doubtful: Pairs of person and label that are likely wrong; see `read_doubtful`. Clips that
            are not trained on keep their labels.
    """
    known, numbers = np.unique(labels[trained_on], return_inverse=True)
    place = {label: number for number, label in enumerate(known.tolist())}
    people, person = np.unique(subjects[trained_on], return_inverse=True)
    pairs, own = np.unique(person * len(known) + numbers, return_inverse=True)
    own_labels = np.full(len(labels), IGNORED, dtype=np.int64)
    own_labels[trained_on] = own
    owner = pairs // max(len(known), 1)
    return ClipTargets(
        classes=class_indices(labels, class_names),
        background_id=class_names.index(BACKGROUND),
        labels=np.asarray([place.get(label, IGNORED) for label in labels.tolist()], dtype=np.int64),
        label_count=len(known),
        own_labels=own_labels,
        doubtful=_doubtful(labels, subjects, doubtful) & (own_labels != IGNORED),
        owners=np.stack([owner, owner + len(people)], axis=1).reshape(-1),
    )


def _doubtful(
    labels: npt.NDArray[np.str_],
    subjects: npt.NDArray[np.str_],
    pairs: Collection[tuple[str, str]],
) -> npt.NDArray[np.bool_]:
    """Return whether the person and label of each clip (N,) are among the pairs."""
    found = [pair in pairs for pair in zip(subjects.tolist(), labels.tolist(), strict=True)]
    return np.asarray(found, dtype=np.bool_)


def read_doubtful(path: Path) -> frozenset[tuple[str, str]]:
    """Read pairs of person and label that are likely wrong from a CSV file.

    `python -m research label-ceiling --doubtful FILE` writes such a file.

    Raises:
        InputError: The file is not CSV with the columns `subject` and `label`; names it.
        OSError: The file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
            return frozenset((row["subject"], row["label"]) for row in rows)
    except KeyError as error:
        raise InputError(f"{path}: column {error.args[0]} is missing") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from error
