"""The ensemble loss that makes the experts complement each other."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from bharnet_ros.network.bharnet import ExpertLogits


def ensemble_loss(
    logits: ExpertLogits, classes: Tensor, *, expert_weight: float, label_smoothing: float = 0.0
) -> Tensor:
    """Return L_cpl + λ (L_B + L_H): cross-entropy of the summed logits and of each expert.

    The hand expert is judged only where it had a hand to see.

    Args:
        logits: What the network says of N windows.
        classes: (N,) class of each.
        expert_weight: λ.
        label_smoothing: Share 0..1 of each target that is spread over all classes.

    Source: arXiv 2503.14960, ensemble (complementary) loss.
    """
    together = cross_entropy(logits.ensemble, classes, label_smoothing=label_smoothing)
    body = cross_entropy(logits.body, classes, label_smoothing=label_smoothing)
    seen = logits.hand_seen
    if bool(seen.any()):
        hand = cross_entropy(logits.hand[seen], classes[seen], label_smoothing=label_smoothing)
    else:
        hand = together.new_zeros(())
    return together + expert_weight * (body + hand)
