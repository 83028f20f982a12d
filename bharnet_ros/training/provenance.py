"""Provenance in a bundle: the clips it was trained on, their people and their licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from bharnet_ros.bags.labelled import LabelledRecordings
from bharnet_ros.datasets.arguments import SplitProtocol
from bharnet_ros.datasets.base import EVERYBODY, ClipDataset
from bharnet_ros.datasets.readers.holistic_wild import read_subject_licences
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import Indices
from bharnet_ros.types.errors import InputError


def describe(
    settings: TrainingSettings,
    data: ClipDataset,
    trained_on: Indices,
    sources: Sequence[Path],
    kind: str,
    protocol: SplitProtocol,
    only_licences: Sequence[str] | None = None,
) -> BundleDescription:
    """Return the description of the bundle that a training run will produce.

    Args:
        settings: Settings of the run, with the names of its classes.
        data: All clips.
        trained_on: Indices of the clips to train on.
        sources: Path of the data set, or of each recording.
        kind: Kind of the data set.
        protocol: Protocol that divided the clips.
        only_licences: Licences that `under_licences` chose the clips by; None for any.

    Raises:
        InputError: The sources.csv of the folds cannot be used; names file and line.
        OSError: The sources.csv cannot be read.
    """
    people = sorted(set(data.subjects[trained_on].tolist()) - {""})
    fold = {} if protocol.fold is None else {"held_out_fold": protocol.fold}
    chosen = {} if only_licences is None else {"only_licences": list(only_licences)}
    by_person = protocol.fold is not None or protocol.name == EVERYBODY
    licences = _licences(protocol.file, people) if by_person else {}
    tested = {"tested_on": list(data.tested)} if isinstance(data, LabelledRecordings) else {}
    return replace(
        settings.bundle_description(),
        training={
            "data": ", ".join(path.name for path in sources),
            "kind": kind,
            "protocol": protocol.name,
            "split": protocol.file.name if protocol.file else None,
            **fold,
            **chosen,
            **tested,
            "clips": len(trained_on),
            "people": len(people),
            "labels": np.unique(data.labels[trained_on]).tolist(),
            "licences_of_sources": licences,
            "settings": asdict(settings),
        },
    )


def under_licences(
    data: ClipDataset, clips: Indices, sources: Path | None, licences: list[str]
) -> Indices:
    """Return the clips of people who published only under these licences.

    Args:
        data: All clips.
        clips: Indices of the clips to choose from.
        sources: The sources.csv with the licence of each source.
        licences: Names of licences, spelled as in that file.

    Raises:
        InputError: `sources` is None or cannot be used, or nobody published under one of the
            licences.
        OSError: The file cannot be read.
    """
    if sources is None:
        raise InputError("--licences: needs the sources.csv of --subjects-from")
    licences_of = read_subject_licences(sources)
    for name in licences:
        if not any(name in found for found in licences_of.values()):
            raise InputError(f"--licences: nobody in {sources} published under {name!r}")
    people = {person for person, found in licences_of.items() if found <= set(licences)}
    return clips[np.isin(data.subjects[clips], sorted(people))]


def _licences(sources: Path | None, people: list[str]) -> dict[str, int]:
    """Return the number of people for each licence in the sources.csv of the folds."""
    if sources is None:
        return {}
    licences_of = read_subject_licences(sources)
    licences = (" and ".join(sorted(licences_of.get(one, {"unknown"}))) for one in people)
    return dict(Counter(licences))
