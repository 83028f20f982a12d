"""Reads the network of a bundle into PyTorch, and writes bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.recognition.background import BACKGROUND_FILE, Background, write_background
from bharnet_ros.recognition.bundle import (
    EXPORTED,
    WEIGHTS,
    ModelBundle,
    check_hash,
    hash_of,
    read_checked,
)
from bharnet_ros.recognition.description import (
    DESCRIPTION,
    BundleDescription,
    BundleError,
    write_description,
)
from bharnet_ros.types.files import write_whole


def load_network(bundle: ModelBundle) -> BHaRNet:
    """Return the network of a bundle with its weights, on the CPU, in evaluation mode.

    Raises:
        BundleError: The weights are missing, truncated, changed, a pickle, or of another network;
            names the file.
    """
    description, weights_path = bundle.description, bundle.path / WEIGHTS
    tensors = _read_weights(weights_path, description.weights_sha256)
    try:
        network = build_network(description.network_settings())
    except (ValueError, RuntimeError) as error:
        # A RuntimeError: sizes that torch cannot allocate.
        raise BundleError(f"{bundle.path / DESCRIPTION}: {error}") from error
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise BundleError(f"{weights_path}: does not fit {DESCRIPTION}: {reason}") from error
    if bundle.background is not None:
        space = bundle.background.space
        channels = len(space.body.centre), len(space.hand.centre)
        if channels != network.feature_channels:
            raise BundleError(
                f"{bundle.path / BACKGROUND_FILE}: is for {channels} body and hand features, the "
                f"network has {network.feature_channels}"
            )
    return network.eval()


def write_bundle(
    folder: Path,
    description: BundleDescription,
    weights: Mapping[str, Tensor],
    card: str,
    background: Background | None = None,
) -> None:
    """Write a model bundle without an exported network, and fill in the hashes of its files.

    Args:
        folder: Folder of the bundle; created if needed.
        description: Content of `model.json`.
        weights: State of the network.
        card: Text of the model card, written to README.md.
        background: Embedding space and background; None leaves them out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    # Not by `save_file`, whose files only their owner may read.
    write_whole(folder / WEIGHTS, safetensors.torch.save(tensors))
    (folder / BACKGROUND_FILE).unlink(missing_ok=True)
    (folder / EXPORTED).unlink(missing_ok=True)
    background_sha256 = ""
    if background is not None:
        write_background(folder / BACKGROUND_FILE, background)
        background_sha256 = hash_of((folder / BACKGROUND_FILE).read_bytes())
    finished = replace(
        description,
        weights_sha256=hash_of((folder / WEIGHTS).read_bytes()),
        background_sha256=background_sha256,
        exported_sha256="",
    )
    write_description(folder, finished)
    (folder / "README.md").write_text(card, encoding="utf-8")


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read tensors from a safetensors file; refuse any other format, such as a pickle."""
    content = read_checked(path, "")
    try:
        tensors = safetensors.torch.load(content)
    except (SafetensorError, OSError, ValueError) as error:
        raise BundleError(
            f"{path}: not a safetensors file (truncated, or another format such as a pickle): "
            f"{error}"
        ) from error
    check_hash(path, content, sha256)
    for name, tensor in tensors.items():
        try:
            finite = bool(torch.isfinite(tensor).all())
        except NotImplementedError:
            raise BundleError(f"{path}: {name}: cannot use values of type {tensor.dtype}") from None
        if not finite:
            raise BundleError(f"{path}: {name}: holds values that are not finite")
    return tensors
