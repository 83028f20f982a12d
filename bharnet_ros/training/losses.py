"""The ensemble loss that makes the experts complement each other."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy

from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.types.errors import InputError


@dataclass(frozen=True)
class LossSettings:
    """What the loss is made of; a weight of zero switches a part off.

    Attributes:
        ensemble_weight: Weight of L_cpl, which judges what both streams decide together.
        body_weight: Weight of L_B, which judges the body stream alone.
        hand_weight: Weight of L_H, which judges the hand stream alone.
        skeleton_weight: Weight of what judges body and hands without further streams; counts only
            where there are any.
        stream_weight: Weight of what judges each further stream alone.
        label_smoothing: Share 0..1 of each target that is spread over all classes.
    """

    ensemble_weight: float = 1.0
    body_weight: float = 0.5
    hand_weight: float = 0.5
    skeleton_weight: float = 0.5
    stream_weight: float = 0.5
    label_smoothing: float = 0.1

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A weight is negative, or all are zero; names the field.
        """
        weights = ("ensemble_weight", "body_weight", "hand_weight")
        for name in (*weights, "skeleton_weight", "stream_weight"):
            if getattr(self, name) < 0:
                raise InputError(f"{name}: must not be negative, got {getattr(self, name)}")
        if not any(getattr(self, name) for name in weights):
            raise InputError(f"{', '.join(weights)}: at least one must be positive")


def ensemble_loss(logits: ExpertLogits, classes: Tensor, settings: LossSettings) -> Tensor:
    """Return the weighted sum of L_cpl, L_B and L_H, each a cross-entropy.

    The hand stream is judged only where it had a hand to see. Where there are further streams, each
    has a loss of its own where it saw anything, and body and hands have one together.

    Args:
        logits: What the network says of N windows.
        classes: (N,) class of each.
        settings: Weights and label smoothing.

    Source: arXiv 2503.14960, ensemble (complementary) loss.
    """
    seen = logits.hand_seen
    parts = [
        (settings.ensemble_weight, logits.ensemble, classes),
        (settings.body_weight, logits.body_head, classes),
        (settings.hand_weight, logits.hand_head[seen], classes[seen]),
    ]
    for number in range(logits.streams.shape[1]):
        saw = logits.stream_seen[:, number]
        parts.append((settings.stream_weight, logits.streams[saw, number], classes[saw]))
    if logits.streams.shape[1]:
        parts.append((settings.skeleton_weight, logits.skeleton, classes))
    total = logits.ensemble.new_zeros(())
    for weight, judged, truth in parts:
        if weight and len(truth):
            total = total + weight * cross_entropy(
                judged, truth, label_smoothing=settings.label_smoothing
            )
    return total
