"""Clips scored by the models of a cross-validation, each on people it was not trained on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bharnet_ros.datasets.clip import RecordedClip, split
from bharnet_ros.datasets.holistic_wild import HolisticWild, read_holistic_wild
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.clips import (
    ClipMetrics,
    ClipModel,
    ClipSource,
    add_weights,
    clip_logits,
    count_metrics,
    gesture_classes,
    true_gestures,
)
from bharnet_ros.evaluation.late_ensemble import LateEnsemble, check_same_classes
from bharnet_ros.evaluation.perturbations import Perturbation
from bharnet_ros.evaluation.report import add_report_arguments
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.resources import find_model


@dataclass(frozen=True, eq=False)
class FoldModel:
    """A model, or a late ensemble, that was trained on all folds but one.

    Attributes:
        fold: The fold of people that it was not trained on.
        model: What to score clips with.
        parameters: Of its networks.
        bundles: Folders of its bundles.
    """

    fold: int
    model: ClipModel
    parameters: int
    bundles: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class OutOfFoldScores:
    """What models say of N clips of people whom they were not trained on.

    Attributes:
        class_names: (K,) in the order of the logits.
        logits: (N, K) of ensemble, body and hand expert, not calibrated.
        temperatures: (N,) of the model that scored each clip.
        rejection_thresholds: (N,) of that model.
        labels: (N,) true names, also such that are no class.
        subjects: (N,) person in each clip.
        folds: (N,) fold of that person.
        clips: (N,) index of the clip in the data set.
        hand_share: (N,) share 0..1 of the recorded frames that show a hand.
        streams: Names of the models' further streams, in the order of the logits.
    """

    class_names: tuple[str, ...]
    logits: ExpertLogits
    temperatures: npt.NDArray[np.floating]
    rejection_thresholds: npt.NDArray[np.floating]
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]
    folds: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]
    hand_share: npt.NDArray[np.floating]
    streams: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of clips N."""
        return len(self.labels)

    @property
    def gestures(self) -> list[str]:
        """Names of the classes other than background."""
        return gesture_classes(self.class_names)[0]

    def truth(self) -> npt.NDArray[np.int64]:
        """Return the index (N,) of each label among the gestures, -1 where it is none."""
        return true_gestures(self.labels, self.gestures)

    def chosen(self) -> npt.NDArray[np.int64]:
        """Return the index (N,) of the gesture that the ensemble prefers, background left out."""
        columns = gesture_classes(self.class_names)[1]
        return self.logits.ensemble[:, columns].argmax(1).numpy()

    def probabilities(self) -> Tensor:
        """Return what each clip's own model makes of the ensemble's logits, (N, K)."""
        temperatures = torch.from_numpy(self.temperatures).to(self.logits.ensemble.dtype)
        return torch.softmax(self.logits.ensemble / temperatures[:, None], dim=1)

    def subset(self, chosen: npt.NDArray[np.bool_]) -> OutOfFoldScores:
        """Return the clips for which `chosen` (N,) is true."""
        index = np.flatnonzero(chosen)
        rows = torch.from_numpy(index)
        return OutOfFoldScores(
            self.class_names,
            ExpertLogits(*(tensor[rows] for tensor in self.logits)),
            self.temperatures[index],
            self.rejection_thresholds[index],
            self.labels[index],
            self.subjects[index],
            self.folds[index],
            self.clips[index],
            self.hand_share[index],
            self.streams,
        )

    def of_body_alone(self) -> OutOfFoldScores:
        """Return the scores in which the body expert decides in the place of the ensemble."""
        return replace(self, logits=self.logits._replace(ensemble=self.logits.body))

    def metrics(self) -> ClipMetrics:
        """Count over all clips together.

        Raises:
            ValueError: No label is a class.
        """
        return count_metrics(
            self.logits,
            self.probabilities(),
            self.labels,
            self.subjects,
            class_names=self.class_names,
            rejection_threshold=self.rejection_thresholds,
            streams=self.streams,
        )


class PerturbedClips:
    """The clips of a data set, each changed by chance of its own, whichever are read with it."""

    def __init__(self, data: ClipSource, perturb: Perturbation, seed: int) -> None:
        """Perturb the clips of `data`; the same seed and clip give the same result."""
        self._data = data
        self._perturb = perturb
        self._seed = seed

    def clips(self, indices: npt.NDArray[np.integer]) -> Iterator[RecordedClip]:
        """Yield the clips of these indices, perturbed; the same befalls all people of a clip."""
        for index, clip in zip(indices, self._data.clips(indices), strict=True):
            seed = (self._seed, int(index))
            people = (self._perturb(one, np.random.default_rng(seed)) for one in clip.people)
            yield replace(clip, people=tuple(people))


def load_fold_models(
    names: Sequence[str],
    device: str = "auto",
    *,
    ensemble: bool = False,
    weights: Sequence[float] | None = None,
) -> list[FoldModel]:
    """Load bundles that were each trained without one fold; ordered by fold.

    Args:
        names: Folders or names of bundles.
        device: Where to compute.
        ensemble: Whether bundles with the same held-out fold decide together. Without it, each
            fold may have one bundle only.
        weights: How much each bundle of a fold counts, in the order in which they are named.

    Raises:
        ValueError: A bundle cannot be used, does not say its held-out fold, has other classes
            than the first, or shares its fold with another; the message names it.
    """
    if weights and not ensemble:
        raise ValueError("--weights needs --ensemble")
    bundles = [load_bundle(find_model(name)) for name in names]
    check_same_classes(bundles)
    groups: dict[int, list[ModelBundle]] = {}
    for bundle in bundles:
        group = groups.setdefault(held_out_fold(bundle), [])
        if group and not ensemble:
            raise ValueError(
                f"{bundle.path}: holds out fold {held_out_fold(bundle)}, as {group[0].path} does; "
                "--ensemble lets them decide together"
            )
        group.append(bundle)
    models = []
    for fold, group in sorted(groups.items()):
        parameters = [one for bundle in group for one in bundle.network.parameters()]
        model: ClipModel = (
            LateEnsemble(group, device, weights) if ensemble else ClipRecognizer(group[0], device)
        )
        count = sum(parameter.numel() for parameter in parameters)
        models.append(FoldModel(fold, model, count, tuple(bundle.path for bundle in group)))
    return models


def score_folds(
    models: Sequence[FoldModel],
    data: HolisticWild,
    sources: Path,
    *,
    known_only: bool = False,
    every: int = 1,
    perturb: Perturbation | None = None,
    seed: int = 0,
    progress: bool = False,
) -> OutOfFoldScores:
    """Score the clips of each model's held-out fold, in the order of the folds.

    Args:
        models: At most one for each fold.
        data: All clips.
        sources: sources.csv with the fold of each subject.
        known_only: Leave out the clips whose label is no class.
        every: Score each `every`-th clip of a fold only.
        perturb: What befalls each clip before it is scored.
        seed: Seed of the perturbation.
        progress: Whether to show a bar on the terminal.

    Raises:
        ValueError: A subject has no fold, a fold has no clips, models differ in their further
            streams, or `every` is not positive.
        OSError: The file of folds cannot be read.
    """
    if every < 1:
        raise ValueError(f"every: must be at least 1, got {every}")
    class_names = models[0].model.description.class_names
    streams = [tuple(model.model.description.streams) for model in models]
    for model, found in zip(models, streams, strict=True):
        if found != streams[0]:
            raise ValueError(
                f"models: that of fold {model.fold} has the streams {', '.join(found) or 'none'}, "
                f"that of fold {models[0].fold} {', '.join(streams[0]) or 'none'}"
            )
    source: ClipSource = data if perturb is None else PerturbedClips(data, perturb, seed)
    parts, chosen = [], []
    for model in models:
        _, clips = split(data, f"fold_{model.fold}", sources)
        if known_only:
            clips = clips[np.isin(data.labels[clips], gesture_classes(class_names)[0])]
        clips = clips[::every]
        if not len(clips):
            raise ValueError(f"fold {model.fold}: no clip has a label that the model knows")
        chosen.append(clips)
        parts.append(clip_logits(model.model, source, clips, progress=progress))
    clips = np.concatenate(chosen)
    lengths = [len(part) for part in chosen]
    descriptions = [model.model.description for model in models]
    return OutOfFoldScores(
        class_names=class_names,
        logits=ExpertLogits(*(torch.cat(column) for column in zip(*parts, strict=True))),
        temperatures=np.repeat([one.temperature for one in descriptions], lengths),
        rejection_thresholds=np.repeat([one.rejection_threshold for one in descriptions], lengths),
        labels=data.labels[clips],
        subjects=data.subjects[clips],
        folds=np.repeat([model.fold for model in models], lengths),
        clips=clips,
        hand_share=_hand_share(data)[clips],
        streams=streams[0],
    )


def check_same_clips(variants: Sequence[OutOfFoldScores]) -> None:
    """Check that variants scored the same clips, with the same classes.

    Raises:
        ValueError: There are no variants, or one differs from the first; names its group.
    """
    if not variants:
        raise ValueError("variants: need at least one")
    first = variants[0]
    for number, scores in enumerate(variants[1:], 2):
        if scores.class_names != first.class_names or not np.array_equal(scores.clips, first.clips):
            raise ValueError(
                f"--models: group {number} covers folds {sorted(set(scores.folds.tolist()))} with "
                f"the classes {', '.join(scores.class_names)}, the first covers "
                f"{sorted(set(first.folds.tolist()))} with {', '.join(first.class_names)}"
            )


def add_cross_validation_arguments(
    parser: argparse.ArgumentParser, *, variants: bool = False
) -> None:
    """Declare what all commands on a cross-validation take.

    Args:
        parser: Of the command.
        variants: Whether `--models` may be given several times, once for each variant.
    """
    parser.add_argument(
        "--models",
        required=True,
        nargs="+",
        action="append" if variants else "store",
        metavar="BUNDLE",
        help="folders of model bundles, each scored on the fold of people that it was not trained "
        "on" + ("; give it once for each variant of the network" if variants else ""),
    )
    parser.add_argument(
        "--ensemble",
        action="store_true",
        help="let bundles that hold out the same fold decide together",
    )
    add_weights(parser)
    parser.add_argument("--data", required=True, type=Path, help="file of the holistic_wild format")
    parser.add_argument(
        "--subjects-from", required=True, type=Path, help="sources.csv with a fold for each subject"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def add_perturbation_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what commands that perturb clips take besides."""
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="score each N-th clip of a fold only, to save time (default: 1, all of them)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of chance (default: 0)")


def load_models(arguments: argparse.Namespace, names: Sequence[str]) -> list[FoldModel]:
    """Load the bundles of these names as the arguments say.

    Args:
        arguments: Of a command that declared them by `add_cross_validation_arguments`.
        names: One use of its `--models`.

    Raises:
        ValueError: A bundle cannot be used; names it.
    """
    return load_fold_models(
        names, arguments.device, ensemble=arguments.ensemble, weights=arguments.weights
    )


def read_clips(arguments: argparse.Namespace) -> tuple[HolisticWild, Path]:
    """Read the clips; returns them and the file with the fold of each subject.

    Args:
        arguments: Of a command that declared them by `add_cross_validation_arguments`.

    Raises:
        ValueError: A file cannot be used; names it.
        OSError: A file cannot be read.
    """
    return read_holistic_wild(arguments.data), arguments.subjects_from


def score_variants(
    arguments: argparse.Namespace,
) -> tuple[list[list[FoldModel]], list[OutOfFoldScores]]:
    """Load every use of `--models` and score the clips that have a class.

    Args:
        arguments: Of a command that declared them by `add_cross_validation_arguments`.

    Raises:
        ValueError: A bundle or a file cannot be used; names it.
        OSError: A file cannot be read.
    """
    variants = [load_models(arguments, names) for names in arguments.models]
    data, sources = read_clips(arguments)
    scores = [
        score_folds(models, data, sources, known_only=True, progress=not arguments.json)
        for models in variants
    ]
    return variants, scores


def describe_models(models: Sequence[FoldModel]) -> list[dict[str, object]]:
    """Return which bundles scored which fold, for a report."""
    return [
        {
            "fold": model.fold,
            "bundles": [str(path) for path in model.bundles],
            "parameters": model.parameters,
        }
        for model in models
    ]


def held_out_fold(bundle: ModelBundle) -> int:
    """Return the fold of people that the model was not trained on.

    Raises:
        ValueError: The bundle does not say it; names the bundle.
    """
    fold = bundle.description.training.get("held_out_fold")
    if not isinstance(fold, int):
        raise ValueError(
            f"{bundle.path}: training.held_out_fold: the bundle does not say which fold of people "
            "it was not trained on"
        )
    return fold


def _hand_share(data: HolisticWild) -> npt.NDArray[np.floating]:
    """Return (N,) share of the frames of each clip that show a hand."""
    shown = data.hand_present.any(axis=1).astype(np.float64)
    return np.add.reduceat(shown, data.offsets[:-1]) / np.diff(data.offsets)
