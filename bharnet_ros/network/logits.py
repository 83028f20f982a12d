"""What every variant returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class ExpertLogits(NamedTuple):
    """Logits (N, K) of each stream and of both together, and which samples had a hand.

    Attributes:
        ensemble: (N, K) what both streams decide together.
        body: (N, K) what the body stream alone says.
        hand: (N, K) what the hand stream alone says, zero where no hand was seen.
        hand_seen: (N,) bool, whether a hand was seen in any frame.
        body_head: (N, K) the head that L_B judges: `body`, unless the stream has several heads.
        hand_head: (N, K) the head that L_H judges.
    """

    ensemble: Tensor
    body: Tensor
    hand: Tensor
    hand_seen: Tensor
    body_head: Tensor
    hand_head: Tensor

    @classmethod
    def of_single_heads(
        cls, ensemble: Tensor, body: Tensor, hand: Tensor, hand_seen: Tensor
    ) -> ExpertLogits:
        """Return the logits of streams that have one head each."""
        return cls(ensemble, body, hand, hand_seen, body, hand)
