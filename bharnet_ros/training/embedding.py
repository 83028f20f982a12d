"""Fits the embedding space of a trained network, and embeds what is no gesture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.features.tensors import network_tensors
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.recognition.background import KINDS, Background
from bharnet_ros.recognition.embedding import EmbeddingSpace, PartSpace
from bharnet_ros.recognition.pytorch import embed
from bharnet_ros.training.augmentation.keypoints import augmented_batch
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.losses import IGNORED
from bharnet_ros.training.module import WholeClips
from bharnet_ros.training.outputs import run_network, whole_clip_output
from bharnet_ros.training.store.clips import ClipStore, Indices
from bharnet_ros.training.targets import ClipTargets
from bharnet_ros.types.layouts import get_layout

_MOST_CLIPS = 6000
"""Training clips that the space is fitted to; more changed nothing."""

_OF_EACH_KIND = 512
"""Background windows of each kind."""

_BATCH = 32

_BODY_SIZE, _HAND_SIZE = 32, 96
"""Largest sizes of the parts of an embedding; larger ones gained nothing."""

_SHRINKAGE = 0.3
"""Share of a multiple of the identity in the covariance, which has few clips a label behind it."""


def make_background(
    network: BHaRNet,
    store: ClipStore,
    targets: ClipTargets,
    trained_on: Indices,
    features: FeatureSettings,
    augmentation: AugmentationSettings,
    seed: int,
) -> Background:
    """Fit the embedding space of a network and embed background windows of its training clips.

    Bodies in metres never rest in training; their background is unknown motion only.

    Args:
        network: In evaluation mode, on the CPU.
        store: Keypoints of all clips.
        targets: Targets of all clips.
        trained_on: Indices of the clips that the network was trained on.
        features: Input features of the network.
        augmentation: How clips were varied in training.
        seed: Seed of the choice of clips and of their variation.
    """
    random = np.random.default_rng(seed)
    fitted_to = _some(trained_on, _MOST_CLIPS, random)
    whole = WholeClips(store, fitted_to, targets, features, _BATCH)
    space = fit_space(whole_clip_output(network, whole, "cpu"), targets.own_labels[fitted_to])
    background = trained_on[targets.classes[trained_on] == targets.background_id]
    unknown = WholeClips(store, _one_of_each(background, targets), targets, features, _BATCH)
    found = {"unknown": whole_clip_output(network, unknown, "cpu")}
    if get_layout(features.body_layout).dimensions == 2:
        only_rest = {"background_rest_probability": 1.0}
        in_part = {
            "background_rest_probability": 0.0,
            "rest_probability": 1.0,
            "rest_share": (0.5, 0.8),
        }
        for kind, changes in (("rest", only_rest), ("transition", in_part)):
            clips = _some(trained_on, _OF_EACH_KIND, random)
            found[kind] = _varied_clips(
                network, store, clips, features, replace(augmentation, **changes), random
            )
    vectors, kinds = [], []
    for kind, output in found.items():
        embedded = embed(space, output)
        vectors.append(embedded.vectors[embedded.body_seen | embedded.hand_seen])
        kinds.append(np.full(len(vectors[-1]), KINDS.index(kind), dtype=np.uint8))
    return Background(space, np.concatenate(vectors), np.concatenate(kinds))


def _some(clips: Indices, most: int, random: np.random.Generator) -> Indices:
    """Return at most this many of the clips."""
    return clips if len(clips) <= most else random.choice(clips, most, replace=False)


def _one_of_each(clips: Indices, targets: ClipTargets) -> Indices:
    """Return the first clip of each person and label, at most as many as a kind has."""
    _, first = np.unique(targets.own_labels[clips], return_index=True)
    chosen = clips[first]
    places = np.linspace(0, len(chosen) - 1, min(len(chosen), _OF_EACH_KIND)).astype(np.int64)
    return chosen[places]


def _varied_clips(
    network: BHaRNet,
    store: ClipStore,
    clips: Indices,
    features: FeatureSettings,
    augmentation: AugmentationSettings,
    random: np.random.Generator,
) -> ExpertOutput:
    """Return the output for varied clips."""
    layout = get_layout(features.body_layout)
    varied = (
        augmented_batch(
            store, clips[start : start + _BATCH], features.frames, layout, augmentation, random
        )[0]
        for start in range(0, len(clips), _BATCH)
    )
    return run_network(
        network, (network_tensors(network_input(batch, features), {}) for batch in varied)
    )


def fit_space(output: ExpertOutput, own_labels: Indices) -> EmbeddingSpace:
    """Fit the embedding space to the features of training clips.

    Args:
        output: The network's output for N whole clips.
        own_labels: (N,) pair of person and label of each clip, `IGNORED` where there is none.
    """
    parts = []
    for features, size in ((output.body_features, _BODY_SIZE), (output.hand_features, _HAND_SIZE)):
        values = features.numpy().astype(np.float64)
        chosen = values.any(axis=1) & (own_labels != IGNORED)
        parts.append(_discriminant(values[chosen], own_labels[chosen], size))
    return EmbeddingSpace(*parts)


def _discriminant(features: npt.NDArray[np.float64], own_labels: Indices, size: int) -> PartSpace:
    """Fit a linear discriminant analysis with a shrunk covariance.

    It scales features so that the clips of one label of one person have unit variance in every
    direction, and keeps the directions in which labels differ most.

    Args:
        features: (N, C).
        own_labels: (N,) pair of person and label.
        size: Most directions to keep.
    """
    channels = features.shape[1]
    if channels == 0 or len(features) == 0:
        nothing = np.zeros((channels, 0 if channels == 0 else min(size, channels)), np.float32)
        return PartSpace(np.zeros(channels, dtype=np.float32), nothing)
    scale = features.std(0) + 1e-6
    scaled = features / scale
    _, label, clips = np.unique(own_labels, return_inverse=True, return_counts=True)
    means = np.zeros((len(clips), channels))
    np.add.at(means, label, scaled)
    means /= clips[:, None]
    # Every label weighs the same, however many clips it has.
    weight = 1.0 / clips[label]
    within = (scaled - means[label]) * np.sqrt(weight)[:, None]
    covariance = within.T @ within / len(clips)
    level = max(np.trace(covariance) / channels, 1e-6)
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * level * np.eye(channels)
    values, directions = np.linalg.eigh(covariance)
    whitening = directions / np.sqrt(values)
    centre = means.mean(0)
    spread = (means - centre) @ whitening
    _, between = np.linalg.eigh(spread.T @ spread)
    kept = between[:, ::-1][:, : min(size, channels)]
    projection = (whitening @ kept) / scale[:, None]
    return PartSpace((centre * scale).astype(np.float32), projection.astype(np.float32))
