"""Cross-attention between experts, or from the body to a further stream."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.types.errors import InputError


class CrossAttention(nn.Module):
    """Updates tokens by attention to the tokens of another expert or stream, the context.

    The update is scaled by a learned factor for each channel. It starts small, so that training
    begins almost without interaction. The tokens of a sample without context stay exactly as they
    are.

    Source: multi-head attention, arXiv 1706.03762; factors as in arXiv 2103.17239.
    """

    def __init__(self, channels: int, context_channels: int, heads: int) -> None:
        """Build the layer.

        Args:
            channels: C of the tokens that attend.
            context_channels: C of the tokens that they attend to.
            heads: Number of heads.

        Raises:
            InputError: The heads do not divide the channels.
        """
        super().__init__()
        if channels % heads:
            raise InputError(f"heads: {heads} do not divide {channels} channels")
        self.normalise = nn.LayerNorm(channels)
        self.normalise_context = nn.LayerNorm(context_channels)
        # The added zero token lets a query take nothing, and keeps rows without context finite.
        self.attend = nn.MultiheadAttention(
            channels,
            heads,
            kdim=context_channels,
            vdim=context_channels,
            add_zero_attn=True,
            batch_first=True,
        )
        self.scale = nn.Parameter(torch.full((channels,), 0.1))

    def forward(self, tokens: Tensor, context: Tensor, context_present: Tensor) -> Tensor:
        """Return the updated tokens (N, Q, C); arguments as for `update`."""
        return tokens + self.update(tokens, context, context_present)

    def update(self, tokens: Tensor, context: Tensor, context_present: Tensor) -> Tensor:
        """Return the update of the tokens, (N, Q, C), zero where there is no context.

        Args:
            tokens: (N, Q, C).
            context: (N, L, C_context).
            context_present: (N, L) 1 where a token of the context is present, else 0.
        """
        normalised = self.normalise_context(context)
        taken, _ = self.attend(
            self.normalise(tokens),
            normalised,
            normalised,
            key_padding_mask=context_present == 0,
            need_weights=False,
        )
        any_context = (context_present > 0).any(dim=1).to(tokens.dtype)
        scaled: Tensor = taken * self.scale * any_context[:, None, None]
        return scaled
