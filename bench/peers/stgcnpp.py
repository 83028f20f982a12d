"""ST-GCN++: learned graphs that are the same for all inputs, six temporal branches.

Source: PYSKL: Towards Good Practices for Skeleton Action Recognition, arXiv 2205.09443. The widths
of the branches follow the authors' code, of which nothing was copied: a sixth of the channels each,
and the remainder for the first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.peers.network import SkeletonNetwork, convolution, normalised, shortcut

_BRANCHES = 6
_TAPS = 3
_DILATIONS = (1, 2, 3, 4)


class GraphConvolution(nn.Module):
    """Mixes joints by a learned matrix for each subset, with a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, partition: Tensor) -> None:
        """Build the layer; `partition` (S, V, V) initialises the learned graphs."""
        super().__init__()
        self.adjacency = nn.Parameter(partition.clone())
        self.feature = convolution(in_channels, len(partition) * out_channels)
        self.normalise = nn.BatchNorm2d(out_channels)
        self.shortcut = shortcut(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, T, V) to (N, C_out, T, V)."""
        feature = self.feature(x).unflatten(1, (len(self.adjacency), -1))
        mixed = torch.einsum("nsctv,svw->nctw", feature, self.adjacency)
        return torch.relu(self.normalise(mixed.contiguous()) + self.shortcut(x))


class MultiScaleTemporal(nn.Module):
    """Six branches (four dilated, a maximum, a linear map), then a linear map of all of them."""

    def __init__(self, channels: int, stride: int) -> None:
        """Build the branches and the map."""
        super().__init__()
        width = channels // _BRANCHES
        first = channels - width * (_BRANCHES - 1)
        self.branches = nn.ModuleList()
        for dilation in _DILATIONS:
            branch_width = first if dilation == 1 else width
            self.branches.append(
                nn.Sequential(
                    *normalised(convolution(channels, branch_width)),
                    nn.ReLU(),
                    convolution(
                        branch_width, branch_width, taps=_TAPS, stride=stride, dilation=dilation
                    ),
                )
            )
        self.branches.append(
            nn.Sequential(
                *normalised(convolution(channels, width)),
                nn.ReLU(),
                nn.MaxPool2d((3, 1), stride=(stride, 1), padding=(1, 0)),
            )
        )
        self.branches.append(convolution(channels, width, stride=stride))
        self.transform = nn.Sequential(
            nn.BatchNorm2d(channels), nn.ReLU(), *normalised(convolution(channels, channels))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, V) to (N, C, T / stride, V)."""
        return self.transform(torch.cat([branch(x) for branch in self.branches], dim=1))


class STGCNPP(SkeletonNetwork):
    """The network for one modality."""

    def make_spatial(self, in_channels: int, out_channels: int, partition: Tensor) -> nn.Module:
        """Build the spatial layer of a block for a graph in subsets (S, V, V)."""
        return GraphConvolution(in_channels, out_channels, partition)

    def make_temporal(self, channels: int, stride: int) -> nn.Module:
        """Build the temporal layer of a block."""
        return MultiScaleTemporal(channels, stride)
