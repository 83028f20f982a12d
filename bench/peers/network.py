"""The architecture that both peers share: ten blocks of the same channels and strides."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

_STAGES = ((64, 4), (128, 3), (256, 3))
"""Channels and blocks of each stage; a stage after the first begins with stride 2."""


def convolution(
    in_channels: int, out_channels: int, *, taps: int = 1, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """Return a convolution over time, (N, C_in, T, V) to (N, C_out, T / stride, V)."""
    return nn.Conv2d(
        in_channels,
        out_channels,
        (taps, 1),
        stride=(stride, 1),
        padding=(dilation * (taps - 1) // 2, 0),
        dilation=(dilation, 1),
    )


def normalised(layer: nn.Conv2d) -> nn.Sequential:
    """Return a convolution followed by batch normalisation."""
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels))


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Return the shortcut around a layer: the identity if the shape stays, else a convolution."""
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return normalised(convolution(in_channels, out_channels, stride=stride))


class Block(nn.Module):
    """A spatial and a temporal layer, with a shortcut around both except in the first block."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        spatial: nn.Module,
        temporal: nn.Module,
    ) -> None:
        """Build the shortcut. The first block, which takes coordinates, has none."""
        super().__init__()
        self.spatial = spatial
        self.temporal = temporal
        has_shortcut = in_channels >= _STAGES[0][0]
        self.shortcut = shortcut(in_channels, out_channels, stride) if has_shortcut else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, T, V) to (N, C_out, T / stride, V)."""
        mixed = self.temporal(self.spatial(x))
        return torch.relu(mixed if self.shortcut is None else mixed + self.shortcut(x))


class SkeletonNetwork(nn.Module, ABC):
    """Batch normalisation of the coordinates, ten blocks, a global mean, a linear layer."""

    def __init__(
        self, partition: Tensor, classes: int, *, coordinates: int = 3, people: int = 1
    ) -> None:
        """Build the network for one modality.

        Args:
            partition: (S, V, V) adjacency of the graph in subsets.
            classes: Classes K.
            coordinates: Coordinates C of a joint.
            people: Number of people that are normalised separately; 1 normalises all people alike.
        """
        super().__init__()
        self.people = people
        self.normalise = nn.BatchNorm1d(people * partition.shape[1] * coordinates)
        blocks: list[nn.Module] = []
        width = coordinates
        for stage, (channels, depth) in enumerate(_STAGES):
            for position in range(depth):
                stride = 2 if stage > 0 and position == 0 else 1
                spatial = self.make_spatial(width, channels, partition)
                temporal = self.make_temporal(channels, stride)
                blocks.append(Block(width, channels, stride, spatial, temporal))
                width = channels
        self.blocks = nn.Sequential(*blocks)
        self.classify = nn.Linear(width, classes)

    @abstractmethod
    def make_spatial(self, in_channels: int, out_channels: int, partition: Tensor) -> nn.Module:
        """Build the spatial layer of a block for a graph in subsets (S, V, V)."""

    @abstractmethod
    def make_temporal(self, channels: int, stride: int) -> nn.Module:
        """Build the temporal layer of a block."""

    def forward(self, x: Tensor) -> Tensor:
        """Score N windows (N, C, T, V, M) of M people: logits (N, K)."""
        count, channels, frames, joints, people = x.shape
        x = x.permute(0, 4, 3, 1, 2)
        grouped = x.reshape(count * people // self.people, -1, frames)
        x = self.normalise(grouped).view(count * people, joints, channels, frames)
        x = self.blocks(x.permute(0, 2, 3, 1).contiguous())
        return self.classify(x.view(count, people, x.shape[1], -1).mean((1, 3)))
