"""Names a person's own gestures, and tells unknown motion, from embeddings of a few examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.recognition.embedding import FloatArray
from bharnet_ros.types.errors import InputError

_SCALE = 10.0
"""Factor on embeddings, whose length is 1: with it, a penalty of 1 suits one to ten examples."""

_STEPS = 100


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Tells how near a motion is to any of the examples.

    Attributes:
        examples: (M, D) embeddings of the examples.
        centres: (K, D) mean embedding of each gesture's examples, of length 1.
    """

    examples: FloatArray
    centres: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray, labels: Sequence[str]) -> Familiarity:
        """Return the familiarity with examples (M, D) of gestures (M,)."""
        names, gesture = np.unique(np.asarray(labels), return_inverse=True)
        centres = np.stack([vectors[gesture == number].mean(0) for number in range(len(names))])
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
        return cls(vectors, centres)

    def measure(self, vectors: FloatArray) -> FloatArray:
        """Return how near embeddings (N, D) are to the examples, -1..1.

        It is the mean of the cosines to the nearest example and to the nearest centre.
        """
        nearest = (vectors @ self.examples.T).max(1)
        centre = (vectors @ self.centres.T).max(1)
        near: FloatArray = (nearest + centre) / 2
        return near


@dataclass(frozen=True, eq=False)
class GestureHead:
    """Names gestures.

    Attributes:
        names: K gestures.
        weight: (D, K) of the logistic layer.
        bias: (K,).
    """

    names: tuple[str, ...]
    weight: FloatArray
    bias: FloatArray

    def probabilities(self, vectors: FloatArray) -> FloatArray:
        """Return the probability (N, K) of each gesture, if it is one of them."""
        logits = torch.from_numpy(_SCALE * vectors @ self.weight + self.bias)
        probabilities: FloatArray = logits.softmax(1).numpy()
        return probabilities


def fit_head(vectors: FloatArray, labels: Sequence[str]) -> GestureHead:
    """Fit a logistic layer to examples.

    Args:
        vectors: (M, D) embeddings of the examples.
        labels: (M,) gesture of each.

    Raises:
        InputError: There are no examples, or not one label for each.
    """
    if len(vectors) == 0 or len(vectors) != len(labels):
        raise InputError(f"examples: got {len(vectors)} embeddings and {len(labels)} labels")
    names, gesture = np.unique(np.asarray(labels), return_inverse=True)
    weight, bias = _fit_layer(_SCALE * vectors, gesture, vectors.shape[1], len(names))
    return GestureHead(tuple(names.tolist()), weight, bias)


def _fit_layer(
    vectors: FloatArray, gesture: npt.NDArray[np.int64], size: int, count: int
) -> tuple[FloatArray, FloatArray]:
    """Return weight (D, K) and bias (K,) that minimise the penalised cross-entropy."""
    inputs, wanted = torch.from_numpy(vectors.astype(np.float32)), torch.from_numpy(gesture)
    weight = torch.zeros(size, count, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe", history_size=10
    )

    def loss() -> float:
        optimiser.zero_grad()
        error = cross_entropy(inputs @ weight + bias, wanted, reduction="sum")
        total = error + 0.5 * weight.square().sum()
        total.backward()
        return float(total.detach())

    optimiser.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()
