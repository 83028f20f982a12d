"""Multi-scale temporal convolution with learnable sampling offsets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.types.errors import InputError


class SampledTemporalConvolution(nn.Module):
    """Temporal convolution whose taps sit at learnable real-valued distances from the centre.

    Between two frames a tap interpolates linearly; outside the window it reads zero. The distances
    are the same for every frame, so interpolating the input equals interpolating the kernel. The
    layer is therefore an ordinary convolution with the kernel that `kernel` returns, and can be
    folded into one exactly.

    Source: after DeGCN (IEEE TIP 2024) and deformable convolution (arXiv 1703.06211).
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, taps: int, dilation: int, stride: int
    ) -> None:
        """Build the layer with taps at multiples of `dilation` around the centre, in frames."""
        super().__init__()
        centred = torch.arange(taps, dtype=torch.float32) - (taps - 1) / 2
        self.stride = stride
        # The outermost taps may move outwards by one frame.
        self.reach = (taps - 1) * dilation // 2 + 1
        self.offsets = nn.Parameter(centred * dilation)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, taps))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def kernel(self) -> Tensor:
        """Return the (C_out, C_in, 2 * reach + 1) kernel that equals the taps.

        A tap divides its weight between the frame before its position and the frame after. Rounding
        down to find the frame before gives a gradient everywhere, even on whole frames.
        """
        offsets = self.offsets.clamp(-self.reach, self.reach)
        before = offsets.detach().floor()
        after_share = (offsets - before).unsqueeze(1)
        places = torch.arange(
            -self.reach, self.reach + 1, device=offsets.device, dtype=offsets.dtype
        )
        at_before = (places == before.unsqueeze(1)).to(offsets.dtype)
        at_after = (places == before.unsqueeze(1) + 1).to(offsets.dtype)
        return self.weight @ (at_before * (1 - after_share) + at_after * after_share)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, V, T) to (N, C_out, V, ceil(T / stride))."""
        return nn.functional.conv2d(
            x,
            self.kernel().unsqueeze(2),
            stride=(1, self.stride),
            padding=(0, self.reach),
        )


class MultiScaleTemporalConvolution(nn.Module):
    """Branches of different temporal reach side by side: sampled taps, maximum, plain.

    Source: the multi-scale temporal module of CTR-GCN (arXiv 2107.12213, section 3.4), with sampled
    taps in place of fixed dilations.
    """

    def __init__(
        self,
        channels: int,
        *,
        stride: int = 1,
        dilations: tuple[int, ...] = (1, 2),
        taps: int = 5,
    ) -> None:
        """Build the branches.

        Args:
            channels: C of input and output; must be divisible by the number of branches.
            stride: Frames between outputs.
            dilations: Initial distance between the taps of each sampled branch, in frames.
            taps: Number of taps of each sampled branch.

        Raises:
            InputError: The channels cannot be divided among the branches.
        """
        super().__init__()
        branches = len(dilations) + 2
        if channels % branches:
            raise InputError(f"channels: {channels} cannot be divided among {branches} branches")
        width = channels // branches
        self.width = width
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )
        self.sampled = nn.ModuleList(
            SampledTemporalConvolution(width, width, taps=taps, dilation=dilation, stride=stride)
            for dilation in dilations
        )
        self.maximum = nn.MaxPool2d((1, 3), stride=(1, stride), padding=(0, 1))
        self.stride = stride
        self.normalise = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, V, T) to (N, C, V, ceil(T / stride))."""
        reduced = self.reduce(x)
        *parts, plain = reduced.split(self.width, dim=1)
        taken = [
            branch(torch.relu(part)) for branch, part in zip(self.sampled, parts, strict=False)
        ]
        highest = self.maximum(torch.relu(parts[-1]))
        return self.normalise(torch.cat([*taken, highest, plain[..., :: self.stride]], dim=1))
