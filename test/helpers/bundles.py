"""A small model bundle with random weights, for tests that need a model of any accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.build import build_network
from bharnet_ros.network.layers.backbone import BackboneSettings
from bharnet_ros.recognition.bundle import BundleDescription, write_bundle

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
