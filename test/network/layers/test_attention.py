"""Cross-attention: absent context has no effect."""

from __future__ import annotations

import pytest
import torch

from bharnet_ros.network.layers.attention import CrossAttention


def test_without_context_tokens_stay_exactly_as_they_are() -> None:
    attention = CrossAttention(8, 6, 2)
    tokens = torch.randn(3, 5, 8)
    present = torch.ones(3, 4)
    present[1] = 0
    updated = attention(tokens, torch.randn(3, 4, 6), present)
    assert torch.equal(updated[1], tokens[1])
    for row in (0, 2):
        assert not torch.isclose(updated[row], tokens[row]).all()
    updated.sum().backward()
    for name, parameter in attention.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_absent_context_and_the_order_of_context_do_not_matter() -> None:
    attention = CrossAttention(8, 6, 2)
    tokens, context = torch.randn(2, 5, 8), torch.randn(2, 4, 6)
    present = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0]])
    expected = attention(tokens, context, present)
    other = torch.where(present.unsqueeze(2) > 0, context, 50.0)
    torch.testing.assert_close(attention(tokens, other, present), expected)
    order = [2, 0, 3, 1]
    shuffled = attention(tokens, context[:, order], present[:, order])
    torch.testing.assert_close(shuffled, expected)


def test_heads_must_divide_the_channels() -> None:
    with pytest.raises(ValueError, match="heads: 3 do not divide 8 channels"):
        CrossAttention(8, 6, 3)
