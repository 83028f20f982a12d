"""The embedding of a motion: one vector of unit length from the features of both experts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST_LENGTH = 1e-9


class Embedding(nn.Module):
    """Maps the features of both experts linearly, and scales the result to length 1.

    Features of what was not seen are exactly zero, and only those: their part stays zero.
    """

    def __init__(
        self,
        body_centre: Tensor,
        body_projection: Tensor,
        hand_centre: Tensor,
        hand_projection: Tensor,
    ) -> None:
        """Keep the maps: centre (C,) and projection (C, D) of each expert."""
        super().__init__()
        self.body_centre: Tensor
        self.body_projection: Tensor
        self.hand_centre: Tensor
        self.hand_projection: Tensor
        self.register_buffer("body_centre", body_centre)
        self.register_buffer("body_projection", body_projection)
        self.register_buffer("hand_centre", hand_centre)
        self.register_buffer("hand_projection", hand_projection)

    def forward(self, body: Tensor, hand: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map features of the body (N, C_body) and of the hands (N, C_hand).

        Returns:
            Vectors (N, D), the body part first; whether a body was seen (N,), and a hand (N,).
        """
        body_seen, hand_seen = (body != 0).any(1), (hand != 0).any(1)
        parts = [
            (body - self.body_centre) @ self.body_projection * body_seen.unsqueeze(1),
            (hand - self.hand_centre) @ self.hand_projection * hand_seen.unsqueeze(1),
        ]
        joined = torch.cat(parts, dim=1)
        length = joined.square().sum(1, keepdim=True).sqrt().clamp(min=_LEAST_LENGTH)
        return joined / length, body_seen, hand_seen
