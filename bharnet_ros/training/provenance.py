"""What a bundle says of its training: which clips, of which people, under which licences."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from bharnet_ros.datasets.arguments import SplitProtocol
from bharnet_ros.datasets.base import ClipDataset
from bharnet_ros.datasets.readers.holistic_wild import read_subject_licences
from bharnet_ros.recognition.bundle import BundleDescription
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import Indices
from bharnet_ros.types.errors import InputError


def describe(
    settings: TrainingSettings,
    data: ClipDataset,
    trained_on: Indices,
    path: Path,
    kind: str,
    protocol: SplitProtocol,
) -> BundleDescription:
    """Return the description of the bundle that a training run will yield.

    Args:
        settings: What is trained, with the names of its classes.
        data: All clips.
        trained_on: Indices of the clips to learn from.
        path: Of the data set.
        kind: Of the data set.
        protocol: Which divided the clips.
    """
    people = sorted(set(data.subjects[trained_on].tolist()) - {""})
    fold = {} if protocol.fold is None else {"held_out_fold": protocol.fold}
    licences = {} if protocol.fold is None else _licences(protocol.file, people)
    return replace(
        settings.bundle_description(),
        training={
            "data": path.name,
            "kind": kind,
            "protocol": protocol.name,
            "split": protocol.file.name if protocol.file else None,
            **fold,
            "clips": len(trained_on),
            "people": len(people),
            "licences_of_sources": licences,
            "settings": asdict(settings),
        },
    )


def under_licences(
    data: ClipDataset, clips: Indices, sources: Path | None, licences: list[str]
) -> Indices:
    """Return those of the clips whose people published them under these licences alone.

    Args:
        data: All clips.
        clips: Indices of the clips to choose from.
        sources: The sources.csv with the licence of each person's sources.
        licences: Names of licences as that file has them.

    Raises:
        InputError: There is no such file, or nobody published under one of the licences.
    """
    if sources is None:
        raise InputError("--licences: needs the sources.csv of --subjects-from")
    of_people = read_subject_licences(sources)
    for name in licences:
        if not any(name in found for found in of_people.values()):
            raise InputError(f"--licences: nobody in {sources} published under {name!r}")
    chosen = {one for one, found in of_people.items() if found <= set(licences)}
    return clips[np.isin(data.subjects[clips], sorted(chosen))]


def _licences(sources: Path | None, people: list[str]) -> dict[str, int]:
    """Return how many people published under each licence, by the sources.csv of the folds."""
    if sources is None:
        return {}
    licences = read_subject_licences(sources)
    told = (" and ".join(sorted(licences.get(one, {"unknown"}))) for one in people)
    return dict(Counter(told))
