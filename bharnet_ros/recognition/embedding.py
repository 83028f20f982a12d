"""Embeddings of motions: one vector of unit length from the features of both experts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError

FloatArray = npt.NDArray[np.float32]


class Parts(NamedTuple):
    """Which parts of a person count."""

    body: bool = True
    hand: bool = True


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of N windows.

    Attributes:
        vectors: (N, D) the body part, then the hand part; of length 1 together. A part that was
            not seen is zero.
        body_size: D of the body part.
        body_seen: (N,) bool, whether a body was seen.
        hand_seen: (N,) bool, whether a hand was seen.
    """

    vectors: FloatArray
    body_size: int
    body_seen: npt.NDArray[np.bool_]
    hand_seen: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of windows N."""
        return len(self.vectors)

    def of_parts(self, parts: Parts) -> FloatArray:
        """Return vectors (N, D) of length 1 in which only these parts count.

        They are zero where none of these parts was seen.
        """
        if all(parts):
            return self.vectors
        kept = self.vectors.copy()
        kept[:, : self.body_size] *= parts.body
        kept[:, self.body_size :] *= parts.hand
        return _of_length_one(kept)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Embeddings:
        """Return the embeddings of some of the windows."""
        return Embeddings(
            self.vectors[rows], self.body_size, self.body_seen[rows], self.hand_seen[rows]
        )

    @classmethod
    def join(cls, parts: Sequence[Embeddings]) -> Embeddings:
        """Return the embeddings of all windows, in order; at least one part is needed."""
        return cls(
            np.concatenate([one.vectors for one in parts]),
            parts[0].body_size,
            np.concatenate([one.body_seen for one in parts]),
            np.concatenate([one.hand_seen for one in parts]),
        )

    @property
    def body(self) -> FloatArray:
        """The body parts, (N, D_body)."""
        return self.vectors[:, : self.body_size]

    @property
    def hand(self) -> FloatArray:
        """The hand parts, (N, D_hand)."""
        return self.vectors[:, self.body_size :]


@dataclass(frozen=True, eq=False)
class PartSpace:
    """A linear map of one expert's features to its part of the embedding.

    Attributes:
        centre: (C,) features that map to zero.
        projection: (C, D).
    """

    centre: FloatArray
    projection: FloatArray

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            InputError: They do not fit.
        """
        if self.projection.ndim != 2 or self.centre.shape != self.projection.shape[:1]:
            raise InputError(
                f"centre {self.centre.shape} and projection {self.projection.shape} do not fit"
            )


@dataclass(frozen=True, eq=False)
class EmbeddingSpace:
    """Maps the features of both experts to embeddings; `network.embedding` computes them.

    The maps are fitted so that one unit is the usual distance between two clips of the same person
    and label (`training.embedding`).

    Attributes:
        body: Map of the body features.
        hand: Map of the hand features.
    """

    body: PartSpace
    hand: PartSpace

    @property
    def body_size(self) -> int:
        """D of the body part."""
        return self.body.projection.shape[1]

    @property
    def size(self) -> int:
        """D of the embeddings."""
        return self.body_size + self.hand.projection.shape[1]


def _of_length_one(vectors: FloatArray) -> FloatArray:
    """Scale vectors (N, D) to length 1; zero stays zero."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    scaled: FloatArray = vectors / np.maximum(length, 1e-9)[:, None]
    return scaled.astype(np.float32, copy=False)
