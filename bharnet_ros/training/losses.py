"""The ensemble loss that makes the experts complement each other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.types.errors import InputError

IGNORED = -100
"""Target of a window that a loss leaves out; the default `ignore_index` of torch."""

NEVER = -1e4
"""Logit of what does not come into question; unlike minus infinity, its gradients are finite."""


@dataclass(frozen=True)
class LossSettings:
    """Weights of the parts of the loss; a weight of zero switches a part off.

    Attributes:
        ensemble_weight: Weight of L_cpl, the loss of the joint decision.
        body_weight: Weight of L_B, the loss of the body stream alone.
        hand_weight: Weight of L_H, the loss of the hand stream alone.
        skeleton_weight: Weight of the loss of body and hands without further streams; counts only
            if there are further streams.
        stream_weight: Weight of the loss of each further stream alone.
        label_smoothing: Share 0..1 of each target that is spread over all classes.
        label_weight: Weight of the loss over every label that people in training showed.
        own_label_weight: Weight of the loss that tells apart the labels of the same person.
        contrast_weight: Weight of the loss that draws clips of the same person and label together
            and apart from other labels; every clip is then drawn with another of its kind.
        contrast_temperature: Divides the cosine similarities in that loss.
    """

    ensemble_weight: float = 1.0
    body_weight: float = 0.5
    hand_weight: float = 0.5
    skeleton_weight: float = 0.5
    stream_weight: float = 0.5
    label_smoothing: float = 0.1
    label_weight: float = 0.0
    own_label_weight: float = 0.0
    contrast_weight: float = 0.0
    contrast_temperature: float = 0.1

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A weight is negative, all are zero, or the smoothing is out of range; names
                the field.
        """
        weights = ("ensemble_weight", "body_weight", "hand_weight")
        of_labels = ("label_weight", "own_label_weight", "contrast_weight")
        for name in (*weights, "skeleton_weight", "stream_weight", *of_labels):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}: must not be negative, got {getattr(self, name)}")
        if not any(getattr(self, name) for name in weights):
            raise InputError(f"{', '.join(weights)}: at least one must be positive")
        if not self.contrast_temperature > 0:
            raise InputError(
                f"contrast_temperature: must be positive, got {self.contrast_temperature}"
            )
        if not 0.0 <= self.label_smoothing <= 1.0:
            raise InputError(f"label_smoothing: must lie in 0..1, got {self.label_smoothing}")


def ensemble_loss(logits: ExpertOutput, classes: Tensor, settings: LossSettings) -> Tensor:
    """Return the weighted sum of L_cpl, L_B and L_H, each a cross-entropy.

    Windows without a class (`IGNORED`) do not count. The hand stream counts only in windows that
    show a hand. With further streams, each of them has
    a loss of its own for the windows in which it has input, and body and hands have one together.

    Args:
        logits: Output of the network for N windows.
        classes: (N,) class of each window, or `IGNORED`.
        settings: Weights and label smoothing.

    Source: arXiv 2503.14960, ensemble (complementary) loss.
    """
    has_hand = logits.hand_seen
    parts = [
        (settings.ensemble_weight, logits.ensemble, classes),
        (settings.body_weight, logits.body_head, classes),
        (settings.hand_weight, logits.hand_head[has_hand], classes[has_hand]),
    ]
    for number in range(logits.streams.shape[1]):
        has_input = logits.stream_seen[:, number]
        stream = logits.streams[has_input, number]
        parts.append((settings.stream_weight, stream, classes[has_input]))
    if logits.streams.shape[1]:
        parts.append((settings.skeleton_weight, logits.skeleton, classes))
    total = logits.ensemble.new_zeros(())
    for weight, predicted, truth in parts:
        given = truth != IGNORED
        if weight and given.any():
            total = total + weight * cross_entropy(
                predicted[given], truth[given], label_smoothing=settings.label_smoothing
            )
    return total


def contrastive_loss(
    features: Tensor, labels: Tensor, own_labels: Tensor, temperature: float
) -> Tensor:
    """Return the mean supervised contrastive loss of the windows that have a positive.

    Positives are windows of the same person and label. Windows of the same label by other people
    are neither positive nor negative: the same word may be another sign.

    Args:
        features: (N, C).
        labels: (N,) label of each window, or `IGNORED`.
        own_labels: (N,) pair of person and label of each window.
        temperature: Divides the cosine similarities.

    Source: arXiv 2004.11362, L_out.
    """
    vectors = normalize(features, dim=1)
    itself = torch.eye(len(vectors), dtype=torch.bool, device=features.device)
    positive = (own_labels[:, None] == own_labels[None]) & ~itself
    same = (labels[:, None] == labels[None]) & (labels != IGNORED)[:, None]
    left_out = itself | (same & ~positive)
    similarity = (vectors @ vectors.T / temperature).masked_fill(left_out, NEVER)
    log_share = (similarity - similarity.logsumexp(1, keepdim=True)).masked_fill(~positive, 0.0)
    count = positive.sum(1)
    losses = -log_share.sum(1) / count.clamp(min=1)
    return losses[count > 0].mean() if bool((count > 0).any()) else features.new_zeros(())
