"""Embeddings made by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.recognition.embedding import Embeddings


def near(directions: list[int], *, noise: float = 0.1, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return vectors (N, 8) of length 1 near axes."""
    vectors = np.eye(8)[directions]
    vectors = vectors + noise * np.random.default_rng(seed).standard_normal(vectors.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def embedded(vectors: npt.NDArray[np.float32]) -> Embeddings:
    """Return embeddings whose first four numbers are of the body; what is not zero was seen."""
    return Embeddings(vectors, 4, vectors[:, :4].any(1), vectors[:, 4:].any(1))
