"""Fuses the logits of the body expert and the hand expert into one decision."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.settings import InteractionSettings


class Fusion(nn.Module):
    """Fuses both experts by the sum of logits or by noisy or, weighted by reliability r.

    - `sum`: logits are added, as in arXiv 2503.14960.
    - `noisy_or`: p = 1 - (1 - r_body p_body) (1 - r_hand p_hand). A class is rejected only if both
      experts reject it (arXiv 2601.00369). The logarithm of p is returned, so that a softmax
      normalises it.

    An expert that saw nothing has r = 0 and therefore no influence. A body that was seen has r = 1.
    With presence awareness the hands have r = 1 - exp(-g s), where s is the share of frames that
    show a hand and g > 0 is learned, so r grows with s. Without it, r is 1 if any hand was seen.
    """

    def __init__(self, settings: InteractionSettings) -> None:
        """Build the fusion of these settings."""
        super().__init__()
        self.rule = settings.fusion
        # softplus(3) is about 3: initially, a hand seen in a third of the frames has r = 0.64.
        self.growth = nn.Parameter(torch.tensor(3.0)) if settings.presence_aware else None

    def reliability(self, hand_share: Tensor) -> Tensor:
        """Return the reliability r of the hands, (N,) in 0..1, for shares of frames (N,)."""
        if self.growth is None:
            return (hand_share > 0).to(hand_share.dtype)
        return -torch.expm1(-nn.functional.softplus(self.growth) * hand_share)

    def forward(self, body: Tensor, hand: Tensor, body_seen: Tensor, hand_share: Tensor) -> Tensor:
        """Return fused logits (N, K); all classes are equal where neither expert saw anything.

        Args:
            body: (N, K) logits of the body expert, zero where no body was seen.
            hand: (N, K) logits of the hand expert, zero where no hand was seen.
            body_seen: (N,) bool, whether a body was seen.
            hand_share: (N,) share 0..1 of frames that show a hand.
        """
        reliability = self.reliability(hand_share)
        if self.rule == "sum":
            return body + reliability.unsqueeze(1) * hand
        # In logarithms: 1 - (1 - p) would lose a small p, and its gradient with it.
        log_body = _log_reliable(body, body_seen.to(body.dtype))
        log_hand = _log_reliable(hand, reliability)
        eps = torch.finfo(body.dtype).eps
        log_missed = (1 - log_body.exp()).clamp(min=eps).log()
        return torch.logaddexp(log_body, log_missed + log_hand)


def _log_reliable(logits: Tensor, reliability: Tensor) -> Tensor:
    """Return log(r p) for logits (N, K) and reliabilities (N,), very low but finite for r = 0."""
    lowest = torch.finfo(reliability.dtype).tiny
    return logits.log_softmax(1) + reliability.clamp(min=lowest).log().unsqueeze(1)
