"""How the logits of the body stream and the hand stream become one decision."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.settings import InteractionSettings


class Fusion(nn.Module):
    """Joins two streams by the sum of logits or by noisy or, aware of how much the hands showed.

    - `sum`: logits are added, as in arXiv 2503.14960.
    - `noisy_or`: p = 1 - (1 - r_body p_body) (1 - r_hand p_hand): a class is off only if both
      streams miss it (arXiv 2601.00369). The logarithm of p is returned, so that a softmax
      normalises it.

    A stream that saw nothing has r = 0, and so no say. A body that was seen has r = 1. With
    presence awareness the hands have r = 1 - exp(-g s), where s is the share of frames that show a
    hand and g > 0 is learned: more the more was seen. Without it, theirs is 1 where any was seen.
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

    def forward(self, body: Tensor, hand: Tensor, body_seen: Tensor, hand_share: Tensor) -> Tensor:
        """Return logits (N, K) of both; all the same where neither stream saw anything.

        Args:
            body: (N, K) logits of the body stream, zero where no body was seen.
            hand: (N, K) logits of the hand stream, zero where no hand was seen.
            body_seen: (N,) bool, whether a body was seen.
            hand_share: (N,) share 0..1 of frames that show a hand.
        """
        reliability = self.reliability(hand_share)
        if self.rule == "sum":
            return body + reliability.unsqueeze(1) * hand
        # In logarithms: 1 - (1 - p) would lose a small p, and its gradient with it.
        body_says = _log_share(body, body_seen.to(body.dtype))
        hand_says = _log_share(hand, reliability)
        eps = torch.finfo(body.dtype).eps
        missed = (1 - body_says.exp()).clamp(min=eps).log()
        return torch.logaddexp(body_says, missed + hand_says)


def _log_share(logits: Tensor, reliability: Tensor) -> Tensor:
    """Return log(r p) of logits (N, K) and reliabilities (N,), very low but finite for r = 0."""
    lowest = torch.finfo(reliability.dtype).tiny
    return logits.log_softmax(1) + reliability.clamp(min=lowest).log().unsqueeze(1)
