"""Cross-attention: what one stream learns from looking at the other."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.types.errors import InputError


class CrossAttention(nn.Module):
    """Tokens of one stream look at the tokens of the other and take from them.

    The update is scaled by a learned factor for each channel that starts small, so that training
    begins close to two streams that do not interact. A sample whose other stream shows nothing is
    left exactly as it is.

    Source: multi-head attention, arXiv 1706.03762; factors as in arXiv 2103.17239.
    """

    def __init__(self, channels: int, context_channels: int, heads: int) -> None:
        """Build the layer.

        Args:
            channels: C of the tokens that look.
            context_channels: C of the tokens they look at.
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
        """Return the updated tokens (N, Q, C); arguments as for `look`."""
        return tokens + self.look(tokens, context, context_present)

    def look(self, tokens: Tensor, context: Tensor, context_present: Tensor) -> Tensor:
        """Return what tokens take from the others, (N, Q, C), zero where there are none.

        Args:
            tokens: (N, Q, C).
            context: (N, L, C_context).
            context_present: (N, L) 1 where there is something to look at, 0 where not.
        """
        looked_at = self.normalise_context(context)
        taken, _ = self.attend(
            self.normalise(tokens),
            looked_at,
            looked_at,
            key_padding_mask=context_present == 0,
            need_weights=False,
        )
        any_context = (context_present > 0).any(dim=1).to(tokens.dtype)
        scaled: Tensor = taken * self.scale * any_context[:, None, None]
        return scaled
