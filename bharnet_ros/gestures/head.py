"""Names a person's own gestures, from embeddings of a few examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.recognition.embedding import Embeddings, FloatArray, Parts, product
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
            logits = product(embeddings.of_parts(one), weight)
        else:
            logits = np.empty((len(embeddings), len(self.names)), dtype=np.float32)
            for columns, one, weight in self._blocks:
                logits[:, columns] = product(embeddings.of_parts(one), weight)
        logits += self.bias
        logits -= logits.max(1, keepdims=True)
        likely: FloatArray = np.exp(logits, out=logits)
        likely /= likely.sum(1, keepdims=True)
        return likely

    @cached_property
    def _blocks(self) -> list[tuple[list[int], Parts, torch.Tensor]]:
        """Columns of gestures for which the same parts count, these parts, and their weights."""
        return [
            (columns, one, torch.from_numpy(_SCALE * self.weight[:, columns]))
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
        torch.from_numpy(gesture),
        torch.ones(len(gesture)) if weights is None else torch.from_numpy(weights),
        examples.vectors.shape[1],
    )
    return GestureHead(tuple(names.tolist()), counting, weight, bias)


_Inputs = tuple[tuple[list[int], torch.Tensor], ...]
"""Columns of gestures for which the same parts count, with the vectors (N, D) of these parts."""


def _inputs(embeddings: Embeddings, parts: tuple[Parts, ...]) -> _Inputs:
    return tuple(
        (columns, torch.from_numpy(_SCALE * embeddings.of_parts(one)))
        for columns, one in _groups(parts)
    )


def _groups(parts: tuple[Parts, ...]) -> list[tuple[list[int], Parts]]:
    """Return the columns of gestures for which the same parts count, with these parts."""
    return [
        ([column for column, other in enumerate(parts) if other == one], one)
        for one in sorted(set(parts))
    ]


def _logits(inputs: _Inputs, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return the logits (N, K)."""
    if len(inputs) == 1:
        return inputs[0][1] @ weight + bias
    columns = [column for group, _ in inputs for column in group]
    apart = torch.cat([vectors @ weight[:, group] for group, vectors in inputs], dim=1)
    return apart[:, np.argsort(columns).tolist()] + bias


def _fit_layer(
    inputs: _Inputs, wanted: torch.Tensor, weights: torch.Tensor, size: int
) -> tuple[FloatArray, FloatArray]:
    """Return weight (D, K) and bias (K,) that minimise the penalised cross-entropy."""
    count = int(wanted.max()) + 1
    weight = torch.zeros(size, count, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe", history_size=10
    )

    def loss() -> float:
        optimiser.zero_grad()
        errors = cross_entropy(_logits(inputs, weight, bias), wanted, reduction="none")
        total = errors @ weights + 0.5 * weight.square().sum()
        total.backward()
        return float(total.detach())

    optimiser.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()
