"""The ensemble loss that makes the experts complement each other."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy

from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.types.errors import InputError


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
    """

    ensemble_weight: float = 1.0
    body_weight: float = 0.5
    hand_weight: float = 0.5
    skeleton_weight: float = 0.5
    stream_weight: float = 0.5
    label_smoothing: float = 0.1
    label_weight: float = 0.0
    own_label_weight: float = 0.0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A weight is negative, all are zero, or the smoothing is out of range; names
                the field.
        """
        weights = ("ensemble_weight", "body_weight", "hand_weight")
        others = ("skeleton_weight", "stream_weight", "label_weight", "own_label_weight")
        for name in (*weights, *others):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}: must not be negative, got {getattr(self, name)}")
        if not any(getattr(self, name) for name in weights):
            raise InputError(f"{', '.join(weights)}: at least one must be positive")
        if not 0.0 <= self.label_smoothing <= 1.0:
            raise InputError(f"label_smoothing: must lie in 0..1, got {self.label_smoothing}")


def ensemble_loss(logits: ExpertOutput, classes: Tensor, settings: LossSettings) -> Tensor:
    """Return the weighted sum of L_cpl, L_B and L_H, each a cross-entropy.

    The hand stream counts only in windows that show a hand. With further streams, each of them has
    a loss of its own for the windows in which it has input, and body and hands have one together.

    Args:
        logits: Output of the network for N windows.
        classes: (N,) class of each window.
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
        if weight and len(truth):
            total = total + weight * cross_entropy(
                predicted, truth, label_smoothing=settings.label_smoothing
            )
    return total
