"""A small model bundle with random weights, for tests that need a model of any accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.build import build_network
from bharnet_ros.network.settings import BackboneSettings
from bharnet_ros.recognition.background import Background
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.embedding import EmbeddingSpace, PartSpace
from bharnet_ros.recognition.weights import load_network, write_bundle

CLASS_NAMES = ("wave", "point", "background")


def make_bundle(
    folder: Path,
    *,
    name: str = "tiny",
    seed: int = 0,
    class_names: tuple[str, ...] = CLASS_NAMES,
    modalities: tuple[str, ...] = FeatureSettings.modalities,
    body_layout: str = FeatureSettings.body_layout,
    temperature: float = 1.0,
    held_out_fold: int | None = None,
    streams: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write a bundle with random weights and return its folder."""
    size = BackboneSettings(channels=(8, 16), depths=(1, 1))
    description = BundleDescription(
        name=name,
        variant="base",
        class_names=class_names,
        features=FeatureSettings(frames=8, modalities=modalities, body_layout=body_layout),
        body=size,
        hand=size,
        window_s=1.0,
        stride_s=0.1,
        temperature=temperature,
        streams=streams or {},
        training={} if held_out_fold is None else {"held_out_fold": held_out_fold},
    )
    torch.manual_seed(seed)
    network = build_network(description.network_settings())
    write_bundle(folder, description, network.state_dict(), "# A model with random weights\n")
    return folder


def embedding_bundle(folder: Path, fold: int = 0, labels: list[str] | None = None) -> Path:
    """Write a bundle with random weights and an embedding space.

    Args:
        folder: The new folder.
        fold: Held-out fold, and seed of the weights.
        labels: Labels that the model says it was trained on, if any.
    """
    plain = load_bundle(make_bundle(folder, seed=fold, held_out_fold=fold))
    training = dict(plain.description.training)
    if labels is not None:
        training["labels"] = labels
    parts = [
        PartSpace(np.zeros(size, np.float32), np.eye(size, dtype=np.float32))
        for size in load_network(plain).feature_channels
    ]
    space = EmbeddingSpace(*parts)
    background = Background(space, np.zeros((1, space.size), np.float32), np.zeros(1, np.uint8))
    description = replace(plain.description, training=training)
    write_bundle(folder, description, load_network(plain).state_dict(), "", background)
    return folder
