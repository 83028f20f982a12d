"""Model bundles: folders with weights, the exported network and everything needed to use them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bharnet_ros.recognition.background import BACKGROUND_FILE, Background, read_background
from bharnet_ros.recognition.description import (
    DESCRIPTION,
    BundleDescription,
    BundleError,
    read_description,
)
from bharnet_ros.types.errors import InputError

WEIGHTS = "weights.safetensors"
EXPORTED = "network.onnx"


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """A model: its description and background are in memory, its network is still on the disk.

    Attributes:
        path: Folder of the bundle.
        description: Content of `model.json`.
        background: Embedding space and background; None if the bundle has none.
    """

    path: Path
    description: BundleDescription
    background: Background | None = None

    @property
    def exported(self) -> bool:
        """Whether the bundle holds the network for ONNX Runtime, which needs no PyTorch."""
        return bool(self.description.exported_sha256)


def load_bundle(path: Path | str) -> ModelBundle:
    """Load a model bundle from its folder, without its network.

    Raises:
        BundleError: The folder or a file is missing, changed, broken, or of another format; names
            the file.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such model folder")
    description = read_description(folder / DESCRIPTION)
    return ModelBundle(folder, description, _load_background(folder, description))


def _load_background(folder: Path, description: BundleDescription) -> Background | None:
    """Read the background file that a description names, None if it names none."""
    if not description.background_sha256:
        return None
    path = folder / BACKGROUND_FILE
    try:
        background = read_background(path)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    except InputError as error:
        raise BundleError(str(error)) from error
    read_checked(path, description.background_sha256)
    return background


def read_checked(path: Path, sha256: str) -> bytes:
    """Return the content of a file of a bundle.

    Args:
        path: The file.
        sha256: Its hash by the description; empty if that names none.

    Raises:
        BundleError: The file cannot be read, or has another hash.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    check_hash(path, content, sha256)
    return content


def check_hash(path: Path, content: bytes, sha256: str) -> None:
    """Check the content of a file of a bundle; arguments as for `read_checked`.

    Raises:
        BundleError: It has another hash.
    """
    found = hash_of(content)
    if sha256 and found != sha256:
        raise BundleError(f"{path}: sha256 is {found}, but {DESCRIPTION} says {sha256}")


def hash_of(content: bytes) -> str:
    """Return the hash by which a description names the content of a file."""
    return hashlib.sha256(content).hexdigest()
