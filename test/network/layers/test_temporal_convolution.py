"""The temporal convolution: results and gradients of its sampled taps, and its branches."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from bharnet_ros.network.layers.temporal_convolution import (
    MultiScaleTemporalConvolution,
    SampledTemporalConvolution,
)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_taps_at_whole_frames_are_a_dilated_convolution(dilation: int, stride: int) -> None:
    layer = SampledTemporalConvolution(3, 4, taps=5, dilation=dilation, stride=stride)
    x = torch.randn(2, 3, 5, 20)
    expected = functional.conv2d(
        x,
        layer.weight.unsqueeze(2),
        stride=(1, stride),
        padding=(0, 2 * dilation),
        dilation=(1, dilation),
    )
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=0)


def test_taps_between_frames_interpolate_linearly() -> None:
    layer = SampledTemporalConvolution(3, 4, taps=5, dilation=2, stride=1)
    offsets = [-4.75, -1.5, 0.25, 2.1, 4.6]
    layer.offsets.data = torch.tensor(offsets)
    x = torch.randn(2, 3, 5, 20)
    # Zeros around the window, as many as the outermost tap can reach.
    padded = functional.pad(x, (6, 6))
    expected = torch.zeros(2, 4, 5, 20)
    for tap, offset in enumerate(offsets):
        below = int(offset // 1)
        share = offset - below
        read = (1 - share) * padded[..., 6 + below : 26 + below]
        read = read + share * padded[..., 7 + below : 27 + below]
        expected += torch.einsum("oc,ncvt->novt", layer.weight[:, :, tap], read)
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=0)


def test_taps_stay_within_their_reach() -> None:
    layer = SampledTemporalConvolution(1, 1, taps=3, dilation=1, stride=1)
    layer.weight.data.fill_(1.0)
    layer.offsets.data = torch.tensor([-50.0, 0.0, 50.0])
    assert layer.kernel().flatten().tolist() == [1.0, 0.0, 1.0, 0.0, 1.0]


def test_a_tap_on_a_whole_frame_learns_to_move() -> None:
    layer = SampledTemporalConvolution(1, 1, taps=3, dilation=2, stride=1)
    layer.weight.data.fill_(1.0)
    # A ramp: the value that a tap reads grows by one for each frame that the tap moves.
    x = torch.arange(20.0).view(1, 1, 1, 20)
    layer(x)[..., 10].sum().backward()
    assert layer.offsets.grad is not None
    assert layer.offsets.grad.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("stride", "frames_left"), [(1, 13), (2, 7)])
def test_branches_keep_the_channels_and_divide_the_frames(stride: int, frames_left: int) -> None:
    layer = MultiScaleTemporalConvolution(8, stride=stride)
    assert layer(torch.randn(2, 8, 5, 13)).shape == (2, 8, 5, frames_left)


def test_one_branch_takes_the_maximum_and_one_is_the_identity() -> None:
    layer = MultiScaleTemporalConvolution(8, stride=2).eval()
    x = torch.randn(2, 8, 5, 12)
    reduced = layer.reduce(x)
    result = layer(x) * (1 + layer.normalise.eps) ** 0.5
    highest = functional.pad(reduced[:, 4:6].relu(), (1, 1)).unfold(3, 3, 2).amax(-1)
    torch.testing.assert_close(result[:, 4:6], highest)
    torch.testing.assert_close(result[:, 6:], reduced[:, 6:, :, ::2])


def test_channels_must_divide_among_branches() -> None:
    with pytest.raises(ValueError, match=r"channels: 6 .* 4 branches"):
        MultiScaleTemporalConvolution(6)
