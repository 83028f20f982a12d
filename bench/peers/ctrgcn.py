"""CTR-GCN: a graph that is refined for each channel and input.

Source: Channel-wise Topology Refinement Graph Convolution for Skeleton-Based Action Recognition,
arXiv 2107.12213, sections 3.2 to 3.4. What the paper leaves open follows the authors' code, of
which nothing was copied: joints are compared after the linear maps of all frames, not before, and
relations have an eighth of the channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.peers.network import SkeletonNetwork, convolution, normalised, shortcut

_LEAST_RELATIONS = 8
_REDUCTION = 8
_TAPS = 5
_DILATIONS = (1, 2)


class RefinedTopology(nn.Module):
    """One subset of the graph: mixes joints by a V x V matrix for each channel and input."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Build the linear maps."""
        super().__init__()
        relations = max(in_channels // _REDUCTION, _LEAST_RELATIONS)
        self.source = convolution(in_channels, relations)
        self.target = convolution(in_channels, relations)
        self.feature = convolution(in_channels, out_channels)
        self.refine = convolution(relations, out_channels)

    def forward(self, x: Tensor, shared: Tensor, strength: Tensor) -> Tensor:
        """Map (N, C_in, T, V) to (N, C_out, T, V); `shared` is the (V, V) graph of all inputs."""
        source, target = self.source(x).mean(2), self.target(x).mean(2)
        relation = torch.tanh(source.unsqueeze(3) - target.unsqueeze(2))
        topology = shared + strength * self.refine(relation)
        return torch.einsum("ncuv,nctv->nctu", topology, self.feature(x))


class GraphConvolution(nn.Module):
    """The sum over the subsets, normalised, with a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, partition: Tensor) -> None:
        """Build a layer for each subset; `partition` (S, V, V) initialises the learned graphs."""
        super().__init__()
        self.shared = nn.Parameter(partition.clone())
        self.strength = nn.Parameter(torch.zeros(1))
        self.subsets = nn.ModuleList(
            RefinedTopology(in_channels, out_channels) for _ in range(len(partition))
        )
        self.normalise = nn.BatchNorm2d(out_channels)
        self.shortcut = shortcut(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, T, V) to (N, C_out, T, V)."""
        mixed: Tensor | None = None
        for subset, shared in zip(self.subsets, self.shared, strict=True):
            part = subset(x, shared, self.strength)
            mixed = part if mixed is None else mixed + part
        return torch.relu(self.normalise(mixed) + self.shortcut(x))


class MultiScaleTemporal(nn.Module):
    """Four branches of a quarter of the channels: two dilated, a maximum, a linear map."""

    def __init__(self, channels: int, stride: int) -> None:
        """Build the branches."""
        super().__init__()
        width = channels // (len(_DILATIONS) + 2)
        self.branches = nn.ModuleList(
            nn.Sequential(
                *normalised(convolution(channels, width)),
                nn.ReLU(),
                *normalised(
                    convolution(width, width, taps=_TAPS, stride=stride, dilation=dilation)
                ),
            )
            for dilation in _DILATIONS
        )
        self.branches.append(
            nn.Sequential(
                *normalised(convolution(channels, width)),
                nn.ReLU(),
                nn.MaxPool2d((3, 1), stride=(stride, 1), padding=(1, 0)),
                nn.BatchNorm2d(width),
            )
        )
        self.branches.append(normalised(convolution(channels, width, stride=stride)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, V) to (N, C, T / stride, V)."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class CTRGCN(SkeletonNetwork):
    """The network for one modality; the published ensemble is the sum of four."""

    def make_spatial(self, in_channels: int, out_channels: int, partition: Tensor) -> nn.Module:
        """Build the spatial layer of a block for a graph in subsets (S, V, V)."""
        return GraphConvolution(in_channels, out_channels, partition)

    def make_temporal(self, channels: int, stride: int) -> nn.Module:
        """Build the temporal layer of a block."""
        return MultiScaleTemporal(channels, stride)
