"""Weights from elsewhere that training begins with: the network of crops, from photographs."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from bharnet_ros.features.rgb_settings import RGB, RgbSettings
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.rgb import RgbStream, last_layer
from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.recognition.bundle import BundleDescription, load_bundle
from bharnet_ros.types.errors import InputError


def take_backbone(network: BHaRNet, file: Path, description: BundleDescription) -> None:
    """Give the stream `rgb` of a network the weights that a file has for its backbone.

    What classifies in them is left out. They are trained on like all others.

    Args:
        network: Whose backbone it becomes.
        file: Weights of the network of torchvision that `backbone` names, as torchvision publishes
            them (.pth), or safetensors.
        description: The bundle that the network is for.

    Raises:
        InputError: There is no stream `rgb`, or the file has no weights or those of another
            network; names it.
        OSError: The file cannot be read.
    """
    if not isinstance(network, Multimodal) or RGB not in network.streams:
        raise InputError(f"backbone_from: there is no stream {RGB!r} that has a backbone")
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
        raise InputError(f"backbone_from: {file}: is another network: {reason}") from error


def _read(file: Path) -> dict[str, Tensor]:
    """Return tensors by name; a pickle may hold nothing else."""
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f"backbone_from: {file}: has no weights: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(one, Tensor) for one in found.values()):
        raise InputError(f"backbone_from: {file}: has no weights, or not only weights")
    return dict(found)


def take_skeleton(network: BHaRNet, folder: Path, description: BundleDescription) -> None:
    """Give a network with further streams the trained skeleton of a bundle, and freeze it.

    Args:
        network: Whose skeleton it becomes.
        folder: Of the bundle.
        description: The bundle that the network is for.

    Raises:
        BundleError: The folder is no model bundle.
        InputError: There are no further streams to train, the bundle's network is another one or
            means something else, or it was trained on clips that are held out now.
    """
    if not isinstance(network, Multimodal):
        raise InputError("skeleton_from: there are no further streams, so nothing would be trained")
    bundle = load_bundle(folder)
    # What weights of the same shapes do not tell.
    for name in ("class_names", "features", "interaction"):
        found, expected = getattr(bundle.description, name), getattr(description, name)
        if found != expected:
            raise InputError(f"skeleton_from: {folder}: {name}: is {found}, need {expected}")
    before, now = bundle.description.training, description.training
    of_same_data = all(before.get(name) == now.get(name) for name in ("data", "kind"))
    if of_same_data and before.get("protocol") != now.get("protocol"):
        raise InputError(
            f"skeleton_from: {folder}: was trained by protocol {before.get('protocol')}, so on "
            f"clips that {now.get('protocol')} holds out"
        )
    trained = bundle.network
    if isinstance(trained, Multimodal):
        trained = trained.skeleton
    try:
        network.skeleton.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise InputError(f"skeleton_from: {folder}: is another network: {reason}") from error
    network.freeze_skeleton()
