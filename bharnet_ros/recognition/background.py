"""What is no gesture to a model: embeddings of rest, transitions and unknown motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from bharnet_ros.recognition.embedding import EmbeddingSpace, FloatArray, PartSpace
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import write_whole

BACKGROUND_FILE = "background.safetensors"

KINDS = ("rest", "transition", "unknown")
"""What a background window shows: rest, part of a motion before or after rest, or a motion that is
none of the model's classes."""

_PARTS = ("body", "hand")


@dataclass(frozen=True, eq=False)
class Background:
    """The embedding space of a model, and what is no gesture in it.

    Attributes:
        space: Maps features of the network to embeddings.
        vectors: (M, D) embeddings of background windows of many people.
        kinds: (M,) index into `KINDS`.
    """

    space: EmbeddingSpace
    vectors: FloatArray
    kinds: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check that the parts fit.

        Raises:
            InputError: They do not.
        """
        if self.vectors.ndim != 2 or self.vectors.shape[1] != self.space.size:
            raise InputError(f"vectors: expected (M, {self.space.size}), got {self.vectors.shape}")
        if self.kinds.shape != (len(self.vectors),) or (self.kinds >= len(KINDS)).any():
            raise InputError("kinds: expected the kind of each vector")

    def of_kind(self, kind: str) -> FloatArray:
        """Return the vectors of this kind, one of `KINDS`."""
        return self.vectors[self.kinds == KINDS.index(kind)]


def write_background(path: Path, background: Background) -> None:
    """Write a background file; vectors are stored in half precision.

    Raises:
        OSError: The file cannot be written.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "vectors": background.vectors.astype(np.float16),
        "kinds": background.kinds.astype(np.uint8),
    }
    for name in _PARTS:
        part: PartSpace = getattr(background.space, name)
        arrays[f"{name}.centre"] = part.centre.astype(np.float32)
        arrays[f"{name}.projection"] = part.projection.astype(np.float32)
    # Not by `save_file`, whose files only their owner may read.
    write_whole(path, save({name: np.ascontiguousarray(one) for name, one in arrays.items()}))


def read_background(path: Path) -> Background:
    """Read a background file.

    Raises:
        InputError: The file is broken, or its arrays do not fit; names the file.
    """
    try:
        arrays = load_file(path)
        background = Background(
            EmbeddingSpace(
                *(
                    PartSpace(arrays[f"{name}.centre"], arrays[f"{name}.projection"])
                    for name in _PARTS
                )
            ),
            arrays["vectors"].astype(np.float32),
            arrays["kinds"],
        )
    except KeyError as error:
        raise InputError(f"{path}: {error.args[0]} is missing") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be used: {error}") from error
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise InputError(f"{path}: {name}: holds values that are not finite")
    return background
