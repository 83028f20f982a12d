"""Folding: simpler layers give the same results, and the network itself does not change."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.layers.temporal_convolution import SampledTemporalConvolution
from bharnet_ros.network.settings import BackboneSettings, NetworkSettings

pytestmark = pytest.mark.slow

MakeNetwork = Callable[[NetworkSettings], BHaRNet]


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    """Return how many layers of that kind a network has."""
    return sum(isinstance(module, kind) for module in network.modules())


def test_the_folded_network_gives_the_same_logits(
    any_network: BHaRNet, make_clips: Callable[..., Any]
) -> None:
    body, body_mask, hands, hand_mask = make_clips(3, people=2)
    hand_mask[0] = 0
    body_mask[1, :, 0] = 0
    expected = any_network(body, body_mask, hands, hand_mask)
    folded = fold_for_inference(any_network)(body, body_mask, hands, hand_mask)
    for one, other in zip(folded, expected, strict=True):
        # Features may be large.
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-6)


# Has blocks whose shortcuts are not convolutions, and a stage of them that halves the frames.
DEEP = BackboneSettings(channels=(8, 8, 16), depths=(2, 2, 1), dropout=0.5)


def test_deeper_folded_networks_give_the_same_logits(
    base_settings: NetworkSettings, make_network: MakeNetwork, make_clips: Callable[..., Any]
) -> None:
    network = make_network(dataclasses.replace(base_settings, body=DEEP, hand=DEEP))
    clips = make_clips(2)
    expected = network(*clips)
    folded = fold_for_inference(network)(*clips)
    torch.testing.assert_close(folded.ensemble, expected.ensemble, atol=1e-5, rtol=0)


def test_no_layer_that_can_be_folded_is_left(any_network: BHaRNet) -> None:
    folded = fold_for_inference(any_network.train())
    for kind in (SampledTemporalConvolution, nn.Dropout, nn.Sequential):
        assert count(any_network, kind) > 0
        assert count(folded, kind) == 0
    assert not folded.training
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    # Besides the input's, only the normalisation at the end of each temporal module is left, where
    # different branches are joined.
    modules = sum(type(one).__name__ == "MultiScaleTemporalConvolution" for one in folded.modules())
    assert count(folded, nn.BatchNorm2d) == modules


@pytest.mark.parametrize("training", [False, True])
def test_folding_does_not_change_the_network(any_network: BHaRNet, training: bool) -> None:
    any_network.train(training)
    before = copy.deepcopy(any_network.state_dict())
    fold_for_inference(any_network)
    assert any_network.training == training
    assert all(parameter.requires_grad for parameter in any_network.parameters())
    for name, value in any_network.state_dict().items():
        assert torch.equal(value, before[name]), name
