"""Weights that training starts from: a backbone for crops, or those of another bundle."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from bharnet_ros.datasets.base import EVERYBODY
from bharnet_ros.features.rgb_settings import RGB, RgbSettings
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.rgb import RgbStream, last_layer
from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.types.errors import InputError

_UNREADABLE = (
    *(pickle.UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, LookupError),
    *(AttributeError, AssertionError, OverflowError, struct.error),
)
"""What torch.load raises for a file that is damaged or not a pickle of tensors."""

_HEAD = "classify"
"""Name of the layer of `Classifier` that tells classes apart."""


def take_backbone(network: BHaRNet, file: Path, description: BundleDescription) -> None:
    """Load weights from a file into the backbone of the stream `rgb`.

    The classification layer of the file is left out. The weights are trained further like all
    others.

    Args:
        network: The network whose backbone gets the weights.
        file: Weights of the torchvision network that the option `backbone` names, as torchvision
            publishes them (.pth) or as safetensors.
        description: The bundle that the network is for.

    Raises:
        InputError: There is no stream `rgb`, or the file has no weights or those of another
            network; names the file.
        OSError: The file cannot be read.
    """
    if not isinstance(network, Multimodal) or RGB not in network.streams:
        raise InputError(f"backbone_from: there is no stream {RGB!r} with a backbone")
    stream = network.streams[RGB].stream
    assert isinstance(stream, RgbStream)
    classifier = f"{last_layer(RgbSettings.of(description.streams[RGB]).backbone)}."
    weights = {
        name: tensor for name, tensor in _read(file).items() if not name.startswith(classifier)
    }
    try:
        stream.backbone.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise InputError(f"backbone_from: {file}: is of another network: {reason}") from error


def _read(file: Path) -> dict[str, Tensor]:
    """Return tensors by name; a pickle may hold nothing else."""
    complaint = f"backbone_from: {file}: has no weights"
    if file.suffix == ".safetensors":
        try:
            return dict(load_file(file))
        except (SafetensorError, *_UNREADABLE) as error:
            raise InputError(f"{complaint}: {error}") from error
    content = load_pickle(file, complaint)
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise InputError(f"{complaint}, or not only weights")
    return dict(content)


def load_pickle(file: Path, complaint: str) -> Any:
    """Load a pickle of tensors and plain values onto the CPU, without running code from it.

    Args:
        file: The pickle.
        complaint: What is wrong with the file if it cannot be loaded, for the message.

    Raises:
        InputError: The file is damaged, or holds something else.
        OSError: The file cannot be read.
    """
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise InputError(f"{complaint}: {error}") from error


def take_weights(network: BHaRNet, folder: Path, description: BundleDescription) -> None:
    """Copy the weights of a bundle into a network of other classes, as a start.

    What tells classes apart is copied for the classes that both have.

    Args:
        network: The network that gets the weights.
        folder: Folder of the bundle.
        description: The bundle that the network is for.

    Raises:
        BundleError: The folder is not a model bundle.
        InputError: The bundle has another network or features, or was trained on clips that are
            now held out; names what differs.
    """
    bundle = load_bundle(folder)
    for name in ("variant", "features", "interaction", "streams"):
        found, expected = getattr(bundle.description, name), getattr(description, name)
        if found != expected:
            raise InputError(f"weights_from: {folder}: {name}: is {found}, must be {expected}")
    if description.training.get("protocol") != EVERYBODY:
        _check_held_out("weights_from", folder, bundle.description, description)
    known, wanted = bundle.description.class_names, description.class_names
    shared = [name for name in wanted if name in known]
    rows = [wanted.index(name) for name in shared]
    old_rows = [known.index(name) for name in shared]
    weights, trained = network.state_dict(), load_network(bundle).state_dict()
    for name in sorted(weights.keys() ^ trained.keys()):
        raise InputError(f"weights_from: {folder}: is of another network: {name}")
    for name, values in weights.items():
        old = trained[name]
        is_head = name.rpartition(".")[0].endswith(_HEAD)
        # Classes lie in the rows of heads.
        if old.shape[is_head:] != values.shape[is_head:]:
            raise InputError(
                f"weights_from: {folder}: is of another network: {name} is {tuple(old.shape)}, "
                f"must be {tuple(values.shape)}"
            )
        if is_head:
            values[rows] = old[old_rows]
        else:
            values.copy_(old)


def take_skeleton(network: BHaRNet, folder: Path, description: BundleDescription) -> None:
    """Copy the trained skeleton network of a bundle into a network with further streams; freeze it.

    Args:
        network: The network that gets the skeleton.
        folder: Folder of the bundle.
        description: The bundle that the network is for.

    Raises:
        BundleError: The folder is not a model bundle.
        InputError: There are no further streams to train, the bundle has another network, other
            classes, features or interaction, or was trained on clips that are now held out.
    """
    if not isinstance(network, Multimodal):
        raise InputError("skeleton_from: there are no further streams, so nothing would be trained")
    bundle = load_bundle(folder)
    # Weights of the same shapes do not show these differences.
    for name in ("class_names", "features", "interaction"):
        found, expected = getattr(bundle.description, name), getattr(description, name)
        if found != expected:
            raise InputError(f"skeleton_from: {folder}: {name}: is {found}, must be {expected}")
    _check_held_out("skeleton_from", folder, bundle.description, description)
    trained = load_network(bundle)
    if isinstance(trained, Multimodal):
        trained = trained.skeleton
    try:
        network.skeleton.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise InputError(f"skeleton_from: {folder}: is of another network: {reason}") from error
    network.freeze_skeleton()


def _check_held_out(
    setting: str, folder: Path, trained: BundleDescription, wanted: BundleDescription
) -> None:
    """Check that a bundle was not trained on clips of the same data that are now held out.

    Raises:
        InputError: It was; names the setting and the folder.
    """
    before, now = trained.training, wanted.training
    same_data = all(before.get(name) == now.get(name) for name in ("data", "kind"))
    if same_data and before.get("protocol") != now.get("protocol"):
        raise InputError(
            f"{setting}: {folder}: was trained with protocol {before.get('protocol')}, so on "
            f"clips that {now.get('protocol')} holds out"
        )
