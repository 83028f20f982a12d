"""How the logits of the body stream and the hand stream become one decision."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.settings import InteractionSettings


class Fusion(nn.Module):
    """Joins two streams by the sum of logits or by noisy or, aware of how much the hands showed.

    - `sum`: logits are added, as in arXiv 2503.14960.
    - `noisy_or`: p = 1 - (1 - p_body) (1 - r p_hand): a class is off only if both streams miss it
      (arXiv 2601.00369). The logarithm of p is returned, so that a softmax normalises it.

    With presence awareness the hand stream counts r = 1 - exp(-g s), where s is the share of
    frames that show a hand and g > 0 is learned: nothing without hands, and more the more was
    seen. Without it, r is 1 where any hand was seen.
    """

    def __init__(self, settings: InteractionSettings) -> None:
        """Build the fusion of these settings."""
        super().__init__()
        self.rule = settings.fusion
        # softplus(3) is about 3: at the start a hand seen in a third of the frames counts 0.64.
        self.growth = nn.Parameter(torch.tensor(3.0)) if settings.presence_aware else None

    def reliability(self, hand_share: Tensor) -> Tensor:
        """Return how much the hand stream counts, (N,) in 0..1, for shares of frames (N,)."""
        if self.growth is None:
            return (hand_share > 0).to(hand_share.dtype)
        return -torch.expm1(-nn.functional.softplus(self.growth) * hand_share)

    def forward(self, body: Tensor, hand: Tensor, hand_share: Tensor) -> Tensor:
        """Return logits (N, K) of both.

        Args:
            body: (N, K) logits of the body stream.
            hand: (N, K) logits of the hand stream, any value where no hand was seen.
            hand_share: (N,) share 0..1 of frames that show a hand.
        """
        reliability = self.reliability(hand_share).unsqueeze(1)
        if self.rule == "sum":
            return body + reliability * hand
        missed = (1 - body.softmax(1)) * (1 - reliability * hand.softmax(1))
        return torch.log((1 - missed).clamp(min=torch.finfo(body.dtype).tiny))
