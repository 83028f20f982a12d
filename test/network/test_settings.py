"""Settings from which no network can be built are refused by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bharnet_ros.network.build import build_network
from bharnet_ros.network.settings import BackboneSettings, InteractionSettings, NetworkSettings
from bharnet_ros.types.errors import InputError


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"attention": "sideways"}, r"attention: 'sideways' .*known are: none, before, after"),
        ({"fusion": "product"}, r"fusion: 'product' .*known are: sum, noisy_or"),
        ({"branch_blocks": 0}, r"branch_blocks: must be positive, got 0"),
        ({"heads": -1}, r"heads: must be positive, got -1"),
        ({"heads": 4.5}, r"^heads: expected a whole number, got 4.5"),
        ({"attention": ["after"]}, r"^attention: expected a text"),
        ({"presence_aware": "no"}, r"^presence_aware: expected true or false, got 'no'"),
    ],
)
def test_wrong_interaction_settings_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        InteractionSettings(**setting)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"channels": (8.0, 16.0)}, "^channels: expected a list of whole numbers"),
        ({"depths": 3}, "^depths: expected a list of whole numbers, got 3"),
        ({"channels_per_topology": 0}, "^channels_per_topology: must be positive, got 0"),
        ({"channels_per_topology": float("inf")}, "^channels_per_topology: expected a whole"),
        ({"dropout": 1.5}, "^dropout: must lie in 0..1, got 1.5"),
        ({"dropout": float("nan")}, "^dropout: must lie in 0..1, got nan"),
        ({"dropout": "some"}, "^dropout: expected a number, got 'some'"),
    ],
)
def test_wrong_backbone_settings_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        BackboneSettings(**setting)


def test_an_unknown_variant_is_refused_with_the_known_ones(base_settings: NetworkSettings) -> None:
    known = r"'cross'.*known are: base, expertized, pooling, temporal, unified"
    with pytest.raises(ValueError, match=known):
        build_network(dataclasses.replace(base_settings, variant="cross"))


@pytest.mark.parametrize(
    ("variant", "setting", "message"),
    [
        ("expertized", {"heads": 5}, "heads: 5 do not divide 16 channels"),
        ("expertized", {"heads": 16}, "heads: 16 do not divide 24 channels"),
        ("pooling", {"heads": 5}, "heads: 5 do not divide 16 channels"),
        ("expertized", {"branch_blocks": 2}, "branch_blocks: .* 2 of 2 blocks leaves no trunk"),
    ],
)
def test_interaction_settings_must_fit_the_backbones(
    base_settings: NetworkSettings, variant: str, setting: dict[str, Any], message: str
) -> None:
    interaction = InteractionSettings(**setting)
    with pytest.raises(ValueError, match=message):
        build_network(dataclasses.replace(base_settings, variant=variant, interaction=interaction))


def test_heads_do_not_matter_without_attention(base_settings: NetworkSettings) -> None:
    for variant in ("expertized", "pooling"):
        interaction = InteractionSettings(attention="none", heads=5)
        build_network(dataclasses.replace(base_settings, variant=variant, interaction=interaction))


@pytest.mark.parametrize("layout", ["mediapipe_body", "kinect_v1", "kinect_v2"])
def test_a_unified_graph_can_be_built_for_every_body_with_wrists(
    base_settings: NetworkSettings, layout: str
) -> None:
    build_network(dataclasses.replace(base_settings, variant="unified", body_layout=layout))


def test_a_unified_graph_of_a_body_without_wrists_is_refused(
    base_settings: NetworkSettings,
) -> None:
    settings = dataclasses.replace(base_settings, variant="unified", body_layout="mediapipe_hand")
    with pytest.raises(ValueError, match="body_layout: mediapipe_hand has no joint left_wrist"):
        build_network(settings)
