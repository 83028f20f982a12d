"""The backbone of each expert: spatio-temporal blocks over one skeleton graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.layers.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.network.layers.temporal_convolution import MultiScaleTemporalConvolution
from bharnet_ros.network.settings import BackboneSettings
from bharnet_ros.types.errors import InputError


class SpatioTemporalBlock(nn.Module):
    """Graph convolution, then multi-scale temporal convolution, with a shortcut around both."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        partition: Tensor,
        *,
        stride: int,
        channels_per_topology: int,
    ) -> None:
        """Build the block; `partition` is (S, V, V), `stride` is in frames."""
        super().__init__()
        self.out_channels = out_channels
        self.stride = stride
        self.spatial = TopologyRefiningGraphConvolution(
            in_channels,
            out_channels,
            partition,
            relation_channels=max(out_channels // 8, 4),
            channels_per_topology=channels_per_topology,
        )
        self.temporal = MultiScaleTemporalConvolution(out_channels, stride=stride)
        self.shortcut: nn.Module = (
            nn.Identity()
            if in_channels == out_channels and stride == 1
            else nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=(1, stride), bias=False),
                nn.BatchNorm2d(out_channels),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, V, T) to (N, C_out, V, ceil(T / stride))."""
        return self.temporal(self.spatial(x)).add_(self.shortcut(x)).relu_()


def _build_blocks(
    blocks: list[tuple[int, int, int]], partition: Tensor, settings: BackboneSettings
) -> nn.ModuleList:
    """Build blocks with the given channels in, channels out and strides."""
    return nn.ModuleList(
        SpatioTemporalBlock(
            in_channels,
            out_channels,
            partition,
            stride=stride,
            channels_per_topology=settings.channels_per_topology,
        )
        for in_channels, out_channels, stride in blocks
    )


def _run_blocks(blocks: nn.ModuleList, x: Tensor) -> Tensor:
    """Map (B, C, V, T) to features (B, C_out, T_out, V)."""
    # Not `len(x)`: with it, an export would only work for this number of instances.
    if x.shape[0] == 0:
        # Batch normalisation cannot train on an empty batch.
        frames, channels = x.shape[3], x.shape[1]
        for block in blocks:
            assert isinstance(block, SpatioTemporalBlock)
            frames, channels = -(-frames // block.stride), block.out_channels
        return x.new_zeros(0, channels, frames, x.shape[2])
    for block in blocks:
        x = block(x)
    return x.transpose(2, 3)


class Branch(nn.Module):
    """The last blocks of a backbone, applied to features that several branches share."""

    def __init__(
        self, in_channels: int, partition: Tensor, settings: BackboneSettings, blocks: int
    ) -> None:
        """Build the last `blocks` blocks; `in_channels` and `partition` are the backbone's."""
        super().__init__()
        self.blocks = _build_blocks(settings.blocks(in_channels)[-blocks:], partition, settings)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, C, T, V) to (B, C_out, T_out, V)."""
        return _run_blocks(self.blocks, features.transpose(2, 3))


class Backbone(nn.Module):
    """Spatio-temporal blocks over instances (people, or hands) of one skeleton.

    Inside, joints come before frames, and channels are last in memory. Mixing joints is then a
    matrix product with little copying, and convolutions of few channels are several times as fast.
    """

    def __init__(
        self,
        in_channels: int,
        partition: Tensor,
        settings: BackboneSettings,
        *,
        last_blocks_left_out: int = 0,
    ) -> None:
        """Build the blocks.

        Args:
            in_channels: C of the input.
            partition: (S, V, V) adjacency of the skeleton.
            settings: Size.
            last_blocks_left_out: Number of blocks at the end that a `Branch` has instead.

        Raises:
            InputError: No block would be left.
        """
        super().__init__()
        blocks = settings.blocks(in_channels)
        if last_blocks_left_out >= len(blocks):
            raise InputError(
                f"branch_blocks: a branch of {last_blocks_left_out} of {len(blocks)} blocks leaves "
                "no trunk"
            )
        blocks = blocks[: len(blocks) - last_blocks_left_out]
        self.normalise = nn.BatchNorm1d(in_channels * partition.shape[-1])
        self.blocks = _build_blocks(blocks, partition, settings)
        self.out_channels = blocks[-1][1]

    def forward(self, x: Tensor) -> Tensor:
        """Map instances (B, C, T, V) to features (B, C_out, T_out, V)."""
        x = x.transpose(2, 3)
        if x.shape[0] > 0:
            x = self.normalise(x.flatten(1, 2)).view(x.shape)
        return _run_blocks(self.blocks, x.contiguous(memory_format=torch.channels_last))
