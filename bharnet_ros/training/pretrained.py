"""Weights from elsewhere that training begins with: the network of crops, from photographs."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from bharnet_ros.network.base import BHaRNet
from bharnet_ros.network.multimodal import Multimodal
from bharnet_ros.network.rgb import RgbStream, last_layer
from bharnet_ros.network.rgb_settings import RGB, RgbSettings
from bharnet_ros.recognition.bundle import BundleDescription


def take_backbone(network: BHaRNet, file: Path, description: BundleDescription) -> None:
    """Give the stream `rgb` of a network the weights that a file has for its backbone.

    What classifies in them is left out. They are trained on like all others.

    Args:
        network: Whose backbone it becomes.
        file: Weights of the network of torchvision that `backbone` names, as torchvision publishes
            them (.pth), or safetensors.
        description: The bundle that the network is for.

    Raises:
        ValueError: There is no stream `rgb`, or the file has no weights or those of another
            network; names it.
        OSError: The file cannot be read.
    """
    if not isinstance(network, Multimodal) or RGB not in network.streams:
        raise ValueError(f"backbone_from: there is no stream {RGB!r} that has a backbone")
    stream = network.streams[RGB].stream
    assert isinstance(stream, RgbStream)
    classifies = f"{last_layer(RgbSettings.of(description.streams[RGB]).backbone)}."
    weights = {
        name: tensor for name, tensor in _read(file).items() if not name.startswith(classifies)
    }
    try:
        stream.backbone.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise ValueError(f"backbone_from: {file}: is another network: {reason}") from error


def _read(file: Path) -> dict[str, Tensor]:
    """Return tensors by name; a pickle may hold nothing else."""
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"backbone_from: {file}: has no weights: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(one, Tensor) for one in found.values()):
        raise ValueError(f"backbone_from: {file}: has no weights, or not only weights")
    return dict(found)
