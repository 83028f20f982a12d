"""The graph convolution: its result, and the start of its training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.network.build import build_network
from bharnet_ros.network.layers.expert import partition_of
from bharnet_ros.network.layers.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.network.settings import NetworkSettings


@pytest.mark.parametrize("channels_per_topology", [1, 2, 8])
@pytest.mark.parametrize("in_channels", [3, 8])
def test_joints_are_mixed_as_published(in_channels: int, channels_per_topology: int) -> None:
    partition = partition_of("mediapipe_hand")
    layer = TopologyRefiningGraphConvolution(
        in_channels,
        8,
        partition,
        relation_channels=4,
        channels_per_topology=channels_per_topology,
    ).eval()
    torch.nn.init.normal_(layer.relation.weight)
    torch.nn.init.normal_(layer.normalise.weight)
    subsets = len(partition)
    x = torch.randn(2, in_channels, 21, 5)

    # CTR-GC (arXiv 2107.12213), by subset and channel. In a graph, features go from the joint of a
    # row to the joint of a column.
    expected = torch.zeros(2, 8, 21, 5)
    pooled = x.mean(3)
    for subset in range(subsets):
        rows = slice(4 * subset, 4 * subset + 4)
        source, target = (
            torch.einsum("oi,niv->nov", conv.weight[rows, :, 0], pooled) + conv.bias[rows, None]
            for conv in (layer.source, layer.target)
            if conv.bias is not None
        )
        compared = torch.tanh(source[:, :, :, None] - target[:, :, None, :])
        for channel in range(8):
            group = layer.groups * subset + channel // channels_per_topology
            weight = layer.relation.weight[group, :, 0, 0]
            graph = layer.adjacency[subset] + torch.einsum("r,nruv->nuv", weight, compared)
            feature = torch.einsum(
                "i,nivt->nvt", layer.feature.weight[8 * subset + channel, :, 0, 0], x
            )
            expected[:, channel] += torch.einsum("nuv,nut->nvt", graph, feature)
    expected = torch.relu(layer.normalise(expected) + layer.shortcut(x))
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)


def test_training_starts_at_the_plain_skeleton(
    base_settings: NetworkSettings, make_clips: Callable[..., Any]
) -> None:
    network = build_network(base_settings)
    cross_entropy(network(*make_clips(4)).ensemble, torch.arange(4)).backward()
    layers = [m for m in network.modules() if isinstance(m, TopologyRefiningGraphConvolution)]
    assert len(layers) == 4
    for layer in layers:
        assert layer.relation.weight.grad is not None
        assert layer.relation.weight.grad.any()
        assert layer.source.weight.grad is not None
        assert not layer.source.weight.grad.any()
