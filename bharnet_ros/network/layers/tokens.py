"""Tokens: features of instances in frames, of crops or of readings, for cross-attention."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from bharnet_ros.network.layers.instances import Instances


class Tokens(NamedTuple):
    """Tokens of N samples.

    Attributes:
        values: (N, L, C) features.
        present: (N, L) 1 where something was seen, else 0.
    """

    values: Tensor
    present: Tensor


def frame_tokens(instances: Instances, features: Tensor) -> Tokens:
    """Return a token for each instance and frame, (N, I * T, C), from features (B, C, T, V)."""
    values = instances.spread(features.mean(dim=3)).transpose(2, 3)
    present = instances.presence(features.shape[2])
    return Tokens(values.flatten(1, 2), present.flatten(1, 2))


def no_tokens(logits: Tensor) -> Tokens:
    """Return empty tokens (L = 0) for the samples of logits (N, K)."""
    return Tokens(logits.new_zeros(len(logits), 0, 1), logits.new_zeros(len(logits), 0))
