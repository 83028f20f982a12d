"""Small networks of every variant, and random clips for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.network.layers.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.network.layers.temporal_convolution import SampledTemporalConvolution
from bharnet_ros.network.settings import (
    ATTENTION_PLACES,
    FUSIONS,
    BackboneSettings,
    InteractionSettings,
    NetworkSettings,
)
from bharnet_ros.types.layouts import get_layout

FRAMES = 12
BASE = NetworkSettings(
    variant="base",
    classes=4,
    body_channels=3,
    hand_channels=6,
    body_layout="mediapipe_upper_body",
    hand_layout="mediapipe_hand",
    # Different widths reveal an attention that mistakes one expert for the other.
    body=BackboneSettings(channels=(8, 16), depths=(1, 1)),
    hand=BackboneSettings(channels=(8, 24), depths=(1, 1), channels_per_topology=4),
)


def _kinds() -> dict[str, NetworkSettings]:
    """Return settings of each variant with every way in which its experts can interact."""
    kinds = {"unified": dataclasses.replace(BASE, variant="unified")}
    places = {"base": ("none",), "pooling": ("none", "after"), "expertized": ATTENTION_PLACES}
    for variant, attentions in places.items():
        for attention in attentions:
            for fusion in FUSIONS:
                for presence_aware in (False, True):
                    parts = [variant, attention, fusion, *["presence"] * presence_aware]
                    kinds["-".join(parts)] = dataclasses.replace(
                        BASE,
                        variant=variant,
                        interaction=InteractionSettings(
                            attention=attention, fusion=fusion, presence_aware=presence_aware
                        ),
                    )
    for variant in ("unified", *places):
        kinds[f"{variant}-readout"] = dataclasses.replace(
            BASE,
            variant=variant,
            body=dataclasses.replace(BASE.body, readout=(8, 12), maximum=True),
            hand=dataclasses.replace(BASE.hand, readout=(12, 20), maximum=True),
        )
    return kinds


KINDS = _kinds()


class Clips(NamedTuple):
    """Input of a network, in its order."""

    body: Tensor
    body_mask: Tensor
    hands: Tensor
    hand_mask: Tensor


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def base_settings() -> NetworkSettings:
    """Return the settings of a small network of variant `base`."""
    return BASE


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def any_settings(request: pytest.FixtureRequest) -> NetworkSettings:
    """Return settings of each variant, with every way of attention and fusion, in turn."""
    settings: NetworkSettings = request.param
    return settings


@pytest.fixture
def make_network() -> Callable[[NetworkSettings], BHaRNet]:
    """Return a function that builds a network in evaluation mode, as if it had been trained."""

    def make(settings: NetworkSettings) -> BHaRNet:
        network = build_network(settings)
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, TopologyRefiningGraphConvolution):
                    # It starts at zero, where the layers before it get no gradient.
                    module.relation.weight.normal_(std=0.3)
                if isinstance(module, SampledTemporalConvolution):
                    module.offsets.add_(torch.randn_like(module.offsets), alpha=0.3)
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    for values in (module.running_mean, module.weight, module.bias):
                        assert values is not None
                        values.add_(torch.randn_like(values), alpha=0.3)
                    assert module.running_var is not None
                    module.running_var.uniform_(0.5, 2.0)
        return network.eval()

    return make


@pytest.fixture
def any_network(
    any_settings: NetworkSettings, make_network: Callable[[NetworkSettings], BHaRNet]
) -> BHaRNet:
    """Return a network for each of `any_settings`, in evaluation mode."""
    return make_network(any_settings)


@pytest.fixture
def make_clips() -> Callable[..., Clips]:
    """Return a function that makes random clips of some people in which everything is seen."""

    def make(count: int = 3, people: int = 1) -> Clips:
        joints = len(get_layout(BASE.body_layout))
        return Clips(
            torch.randn(count, BASE.body_channels, FRAMES, joints, people),
            torch.ones(count, FRAMES, people),
            torch.randn(count, BASE.hand_channels, FRAMES, 21, 2 * people),
            torch.ones(count, FRAMES, 2 * people),
        )

    return make
