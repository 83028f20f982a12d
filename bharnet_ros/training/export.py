"""Writes the network of a bundle for ONNX Runtime."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.network.export import example_input, export_network
from bharnet_ros.recognition.bundle import EXPORTED, ModelBundle, hash_of, load_bundle
from bharnet_ros.recognition.description import write_description
from bharnet_ros.recognition.exported import ExportedNetwork
from bharnet_ros.recognition.pytorch import TorchNetwork, embedding_layer
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import write_whole

AGREEMENT = 1e-5
"""Largest difference between the outputs of both networks, as a share of the greatest output."""

_SIZES = ((1, 1), (2, 1), (3, 2))
"""Windows and people in each, for which the outputs are compared."""


def export_bundle(folder: Path) -> Path:
    """Write the network of a bundle as ONNX into the bundle, and check that it computes the same.

    Returns:
        The written file.

    Raises:
        BundleError: The bundle cannot be used; names the file.
        InputError: The model cannot be exported, or an export needs a package that is missing, or
            the exported network differs; the bundle is then as it was.
        OSError: A file cannot be written.
    """
    bundle = load_bundle(folder)
    path = folder / EXPORTED
    space = None if bundle.background is None else bundle.background.space
    content = export_network(
        load_network(bundle),
        bundle.description.frames,
        None if space is None else embedding_layer(space),
    )
    finished = replace(
        bundle, description=replace(bundle.description, exported_sha256=hash_of(content))
    )
    kept = path.with_name(f".{path.name}.{os.getpid()}.kept")
    if path.exists():
        try:
            os.link(path, kept)
        except OSError:  # not every file system can
            shutil.copy2(path, kept)
    try:
        write_whole(path, content)
        _compare(finished)
        write_description(folder, finished.description)
    except BaseException:
        # A full disk has room for another name of a file, not for another file.
        kept.replace(path) if kept.exists() else path.unlink(missing_ok=True)
        raise
    kept.unlink(missing_ok=True)
    return path


def _compare(bundle: ModelBundle) -> None:
    """Compare the outputs of both networks.

    Raises:
        InputError: They differ.
    """
    settings, frames = bundle.description.network_settings(), bundle.description.frames
    original, exported = TorchNetwork(bundle, "cpu"), ExportedNetwork(bundle, threads=1)
    for windows, people in _SIZES:
        example = example_input(settings, windows, frames, people=people)
        inputs = NetworkInput(*(tensor.numpy() for tensor in example))
        expected, found = (each.run(inputs, {}) for each in (original, exported))
        pairs = [(expected.ensemble, found.ensemble), (expected.body, found.body)]
        pairs.append((expected.hand, found.hand))
        if expected.embeddings is not None and found.embeddings is not None:
            pairs.append((expected.embeddings.vectors, found.embeddings.vectors))
        for first, second in pairs:
            apart = float(np.abs(first - second).max() / max(np.abs(first).max(), 1e-9))
            if not apart <= AGREEMENT:
                raise InputError(
                    f"{bundle.path}: the exported network differs from the original by {apart:.1e} "
                    "of the greatest output"
                )
