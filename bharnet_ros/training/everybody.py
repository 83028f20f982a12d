"""Measures for a model trained on everybody: those of models of the same settings, fold by fold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bharnet_ros.datasets.base import ClipDataset, split
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.events.parameters import OF_MODEL
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.training.module import WholeClips
from bharnet_ros.training.outputs import whole_clip_output
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import ClipStore, Indices
from bharnet_ros.training.streams import TrainingStream
from bharnet_ros.training.targets import ClipTargets
from bharnet_ros.types.errors import InputError

_OF_EVENTS = (*OF_MODEL, "class_parameters", "least_hand_share")


def load_fold_bundles(
    folders: Sequence[Path], settings: TrainingSettings
) -> dict[int, ModelBundle]:
    """Load models of the same settings that were each trained without one fold, by that fold.

    What only decides events may differ: it is often chosen on these very models.

    Raises:
        InputError: A bundle cannot be used, names no fold, shares its fold with another, or comes
            from other settings; names the bundle.
    """
    expected = _comparable(asdict(settings))
    bundles: dict[int, ModelBundle] = {}
    for folder in folders:
        bundle = load_bundle(folder)
        training = bundle.description.training
        fold = training.get("held_out_fold")
        if not isinstance(fold, int):
            raise InputError(f"--everybody: {folder}: was not trained without one fold of people")
        if fold in bundles:
            raise InputError(
                f"--everybody: {folder}: holds out fold {fold}, and so does {bundles[fold].path}"
            )
        found = _comparable(training.get("settings", {}))
        different = [name for name in expected if found.get(name) != expected[name]]
        if different:
            raise InputError(
                f"--everybody: {folder}: was trained with another value of {different[0]}"
            )
        bundles[fold] = bundle
    return dict(sorted(bundles.items()))


def _comparable(settings: object) -> dict[str, object]:
    """Return the settings that shape the weights, as they are read from JSON."""
    content: dict[str, object] = json.loads(json.dumps(settings))
    return {name: value for name, value in content.items() if name not in _OF_EVENTS}


def measure_folds(
    bundles: dict[int, ModelBundle],
    data: ClipDataset,
    store: ClipStore,
    targets: ClipTargets,
    folds: Path,
    batch_size: int,
    device: str,
    streams: Mapping[str, TrainingStream],
) -> tuple[ExpertOutput, Indices]:
    """Run each model on the people that it was not trained on.

    Args:
        bundles: Models by the fold that they were trained without.
        data: All clips.
        store: Keypoints of all clips.
        targets: Targets of all clips.
        folds: The sources.csv with the fold of each person.
        batch_size: Clips per batch.
        device: As for `whole_clip_output`.
        streams: Sources of input for further streams, by name.

    Returns:
        The output, not calibrated, and the indices of the clips, fold by fold.

    Raises:
        InputError: The file of the folds does not fit the clips; names it.
        OSError: It cannot be read.
    """
    outputs, rows = [], []
    for fold, bundle in bundles.items():
        _, held_out = split(data, f"fold_{fold}", folds)
        features = bundle.description.features
        clips = WholeClips(store, held_out, targets, features, batch_size, streams)
        outputs.append(whole_clip_output(load_network(bundle), clips, device))
        rows.append(held_out)
    return ExpertOutput.join(outputs), np.concatenate(rows)
