"""Channel-topology-refining graph convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.types.errors import InputError


class TopologyRefiningGraphConvolution(nn.Module):
    """Mixes joints along a learned skeleton graph that is refined by channel for each input.

    Groups of `channels_per_topology` channels share a refined graph; with 1, each channel has its
    own, as published. Memory traffic limits the speed of the layer, and groups cost a fraction of
    it.

    Source: CTR-GC, arXiv 2107.12213, sections 3.2 and 3.3. The subsets of the partition share one
    convolution each for features and relations, computed together.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        partition: Tensor,
        *,
        relation_channels: int,
        channels_per_topology: int,
    ) -> None:
        """Build the layer.

        Args:
            in_channels: C of the input.
            out_channels: C of the output.
            partition: (S, V, V) adjacency of each subset, from which learning starts.
            relation_channels: Number of channels in which joints are compared.
            channels_per_topology: Number of output channels that share a graph.

        Raises:
            InputError: The output channels cannot be divided into such groups.
        """
        super().__init__()
        if out_channels % channels_per_topology:
            raise InputError(
                f"channels_per_topology: {out_channels} channels cannot be divided into groups of "
                f"{channels_per_topology}"
            )
        subsets = partition.shape[0]
        groups = out_channels // channels_per_topology
        self.groups = groups
        self.subsets = subsets
        self.out_channels = out_channels
        self.adjacency = nn.Parameter(partition.clone().float())
        self.source = nn.Conv1d(in_channels, subsets * relation_channels, 1)
        self.target = nn.Conv1d(in_channels, subsets * relation_channels, 1)
        self.relation = nn.Conv2d(
            subsets * relation_channels, subsets * groups, 1, groups=subsets, bias=False
        )
        # Refinement starts at zero, so that training begins with the plain skeleton.
        nn.init.zeros_(self.relation.weight)
        self.feature = nn.Conv2d(in_channels, subsets * out_channels, 1, bias=False)
        self.normalise: nn.Module = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, V, T) to (N, C_out, V, T)."""
        count, _, joints, frames = x.shape
        topology = self._topology(x)
        feature = self.feature(x).permute(0, 2, 3, 1)
        feature = feature.view(count, joints, frames, self.subsets, self.groups, -1)
        feature = feature.permute(0, 4, 3, 1, 2, 5).reshape(
            count * self.groups, self.subsets * joints, -1
        )
        mixed = torch.bmm(topology, feature)
        mixed = mixed.view(count, self.groups, joints, frames, -1).permute(0, 2, 3, 1, 4)
        mixed = mixed.reshape(count, joints, frames, self.out_channels).permute(0, 3, 1, 2)
        return self.normalise(mixed).add_(self.shortcut(x)).relu_()

    def _topology(self, x: Tensor) -> Tensor:
        """Return the graph (N * G, V, S * V), target first, refined for input (N, C_in, V, T)."""
        pooled = x.mean(dim=3)
        compared = (self.source(pooled).unsqueeze(-1) - self.target(pooled).unsqueeze(-2)).tanh_()
        count, _, joints, _ = compared.shape
        weight = self.relation.weight.view(self.subsets, self.groups, -1)
        refined = weight @ compared.view(count, self.subsets, -1, joints * joints)
        refined = refined.view(count, self.subsets, self.groups, joints, joints)
        topology = refined.add_(self.adjacency.unsqueeze(1)).permute(0, 2, 4, 1, 3)
        return topology.reshape(count * self.groups, joints, self.subsets * joints)
