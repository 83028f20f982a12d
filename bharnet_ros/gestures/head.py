"""Names a person's own gestures, from embeddings of a few examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bharnet_ros.recognition.embedding import Embeddings, FloatArray, Parts
from bharnet_ros.recognition.output import softmax
from bharnet_ros.types.errors import InputError

_SCALE = 10.0
"""Factor on embeddings, whose length is 1: with it, a penalty of 1 suits one to ten examples."""

_STEPS = 100


@dataclass(frozen=True, eq=False)
class GestureHead:
    """Names gestures.

    Attributes:
        names: K gestures.
        parts: What counts for each gesture.
        weight: (D, K) of the logistic layer.
        bias: (K,).
    """

    names: tuple[str, ...]
    parts: tuple[Parts, ...]
    weight: FloatArray
    bias: FloatArray

    def probabilities(self, embeddings: Embeddings) -> FloatArray:
        """Return the probability (N, K) of each gesture, if it is one of them."""
        if len(self._blocks) == 1:
            ((_, one, weight),) = self._blocks
            logits = embeddings.of_parts(one) @ weight
        else:
            logits = np.empty((len(embeddings), len(self.names)), dtype=np.float32)
            for columns, one, weight in self._blocks:
                logits[:, columns] = embeddings.of_parts(one) @ weight
        logits += self.bias
        return softmax(logits)

    @cached_property
    def _blocks(self) -> list[tuple[list[int], Parts, FloatArray]]:
        """Columns of gestures for which the same parts count, these parts, and their weights."""
        return [
            (columns, one, np.float32(_SCALE) * self.weight[:, columns])
            for columns, one in _groups(self.parts)
        ]

    def in_order(self, names: Sequence[str]) -> GestureHead:
        """Return the same head with its gestures in this order."""
        places = [self.names.index(name) for name in names]
        return GestureHead(
            tuple(names),
            tuple(self.parts[place] for place in places),
            self.weight[:, places],
            self.bias[places],
        )


def fit_head(
    examples: Embeddings,
    labels: Sequence[str],
    *,
    weights: FloatArray | None = None,
    parts: Mapping[str, Parts] | None = None,
) -> GestureHead:
    """Fit a logistic layer to examples.

    Args:
        examples: M windows of examples.
        labels: (M,) gesture of each.
        weights: (M,) how much each counts; None lets each count as one example.
        parts: What counts for each gesture; body and hand for those that are not named.

    Raises:
        InputError: There are no examples, or not one label for each.
    """
    if len(examples) == 0 or len(examples) != len(labels):
        raise InputError(f"examples: got {len(examples)} embeddings and {len(labels)} labels")
    names, gesture = np.unique(np.asarray(labels), return_inverse=True)
    counting = tuple((parts or {}).get(name, Parts()) for name in names.tolist())
    weight, bias = _fit_layer(
        _inputs(examples, counting),
        gesture,
        np.ones(len(gesture)) if weights is None else weights,
        examples.vectors.shape[1],
    )
    return GestureHead(tuple(names.tolist()), counting, weight, bias)


_Inputs = tuple[tuple[list[int], FloatArray], ...]
"""Columns of gestures for which the same parts count, with the vectors (N, D) of these parts."""


def _inputs(embeddings: Embeddings, parts: tuple[Parts, ...]) -> _Inputs:
    return tuple(
        (columns, np.float32(_SCALE) * embeddings.of_parts(one)) for columns, one in _groups(parts)
    )


def _groups(parts: tuple[Parts, ...]) -> list[tuple[list[int], Parts]]:
    """Return the columns of gestures for which the same parts count, with these parts."""
    return [
        ([column for column, other in enumerate(parts) if other == one], one)
        for one in sorted(set(parts))
    ]


def _fit_layer(
    inputs: _Inputs,
    wanted: npt.NDArray[np.integer],
    weights: npt.NDArray[np.floating],
    size: int,
) -> tuple[FloatArray, FloatArray]:
    """Return weight (D, K) and bias (K,) that minimise the penalised cross-entropy."""
    # Its import takes as long as those of all else, and most robots start without gestures.
    from scipy.optimize import minimize

    rows, count = np.arange(len(wanted)), int(wanted.max()) + 1
    target = np.zeros((len(wanted), count), dtype=np.float32)
    target[rows, wanted] = 1.0
    weights = weights.astype(np.float32)
    logits = np.empty_like(target)
    slope = np.empty((size + 1, count), dtype=np.float64)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        layer = flat.reshape(size + 1, count)
        given = layer.astype(np.float32)
        for columns, vectors in inputs:
            logits[:, columns] = vectors @ given[:-1, columns]
        logits[:] += given[-1]
        logits[:] -= logits.max(1, keepdims=True)
        likely = np.exp(logits)
        total = likely.sum(1)
        errors = np.log(total) - logits[rows, wanted]
        excess = (likely / total[:, None] - target) * weights[:, None]
        for columns, vectors in inputs:
            slope[:-1, columns] = vectors.T @ excess[:, columns]
        slope[:-1] += layer[:-1]
        slope[-1] = excess.sum(0)
        penalty = 0.5 * float(np.square(layer[:-1]).sum())
        return float(errors @ weights) + penalty, slope.ravel()

    start = np.zeros((size + 1) * count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    layer = found.x.reshape(size + 1, count).astype(np.float32)
    return layer[:-1], layer[-1]
