"""The backbone of each expert: spatio-temporal blocks over one skeleton graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bharnet_ros.network.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.network.temporal_convolution import MultiScaleTemporalConvolution


@dataclass(frozen=True)
class BackboneSettings:
    """Size of a backbone.

    Attributes:
        channels: Channels of each stage.
        depths: Blocks of each stage; every stage but the first begins with temporal stride 2.
        channels_per_topology: Channels that share a refined graph; 1 as in CTR-GCN.
        dropout: Probability with which a pooled feature is dropped in training.
    """

    channels: tuple[int, ...] = (64, 128, 256)
    depths: tuple[int, ...] = (4, 3, 3)
    channels_per_topology: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: Channels and depths do not pair up or are not positive.
        """
        if len(self.channels) != len(self.depths) or not self.channels:
            raise ValueError(
                f"channels {self.channels} and depths {self.depths}: need one of each a stage"
            )
        if min(self.channels) < 1 or min(self.depths) < 1:
            raise ValueError(f"channels {self.channels}, depths {self.depths}: must be positive")


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
        """Build the block; `partition` is (S, V, V), `stride` a step in frames."""
        super().__init__()
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
                nn.Conv2d(in_channels, out_channels, 1, stride=(stride, 1), bias=False),
                nn.BatchNorm2d(out_channels),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, T, V) to (N, C_out, ceil(T / stride), V)."""
        return torch.relu(self.temporal(self.spatial(x)) + self.shortcut(x))


class Backbone(nn.Module):
    """Spatio-temporal blocks over instances (people, or hands) of one skeleton."""

    def __init__(self, in_channels: int, partition: Tensor, settings: BackboneSettings) -> None:
        """Build the blocks; `partition` is (S, V, V)."""
        super().__init__()
        joints = partition.shape[-1]
        self.normalise = nn.BatchNorm1d(in_channels * joints)
        blocks: list[nn.Module] = []
        channels = in_channels
        for stage, (width, depth) in enumerate(
            zip(settings.channels, settings.depths, strict=True)
        ):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                blocks.append(
                    SpatioTemporalBlock(
                        channels,
                        width,
                        partition,
                        stride=stride,
                        channels_per_topology=settings.channels_per_topology,
                    )
                )
                channels = width
        self.blocks = nn.ModuleList(blocks)
        self.out_channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """Map instances (B, C, T, V) to features (B, C_out, T_out, V)."""
        count, channels, frames, joints = x.shape
        flat = x.permute(0, 1, 3, 2).reshape(count, channels * joints, frames)
        x = self.normalise(flat).view(count, channels, joints, frames).permute(0, 1, 3, 2)
        x = x.contiguous()
        for block in self.blocks:
            x = block(x)
        return x
