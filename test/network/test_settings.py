"""Settings that make no network are refused, with the name of the setting."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bharnet_ros.network.build import build_network
from bharnet_ros.network.settings import InteractionSettings, NetworkSettings


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"attention": "sideways"}, r"attention: 'sideways' .*known are: none, before, after"),
        ({"fusion": "product"}, r"fusion: 'product' .*known are: sum, noisy_or"),
        ({"branch_blocks": 0}, r"branch_blocks: must be positive, got 0"),
        ({"heads": -1}, r"heads: must be positive, got -1"),
    ],
)
def test_values_are_checked(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InteractionSettings(**setting)


def test_unknown_variant_is_named_with_the_known_ones(base_settings: NetworkSettings) -> None:
    known = r"'cross'.*known are: base, expertized, pooling, temporal, unified"
    with pytest.raises(ValueError, match=known):
        build_network(dataclasses.replace(base_settings, variant="cross"))


@pytest.mark.parametrize(
    ("variant", "setting", "message"),
    [
        ("expertized", {"heads": 5}, "heads: 5 do not divide 16 channels"),
        ("expertized", {"heads": 16}, "heads: 16 do not divide 24 channels"),
        ("pooling", {"heads": 5}, "heads: 5 do not divide 16 channels"),
        ("expertized", {"branch_blocks": 2}, "branch_blocks: 2 of 2 blocks leave no trunk"),
    ],
)
def test_interaction_must_fit_the_size(
    base_settings: NetworkSettings, variant: str, setting: dict[str, Any], message: str
) -> None:
    interaction = InteractionSettings(**setting)
    with pytest.raises(ValueError, match=message):
        build_network(dataclasses.replace(base_settings, variant=variant, interaction=interaction))


def test_heads_do_not_matter_where_nobody_looks(base_settings: NetworkSettings) -> None:
    for variant in ("expertized", "pooling"):
        interaction = InteractionSettings(attention="none", heads=5)
        build_network(dataclasses.replace(base_settings, variant=variant, interaction=interaction))


@pytest.mark.parametrize("layout", ["mediapipe_body", "kinect_v1", "kinect_v2"])
def test_every_body_with_wrists_makes_a_unified_graph(
    base_settings: NetworkSettings, layout: str
) -> None:
    build_network(dataclasses.replace(base_settings, variant="unified", body_layout=layout))


def test_a_body_without_wrists_makes_no_unified_graph(base_settings: NetworkSettings) -> None:
    settings = dataclasses.replace(base_settings, variant="unified", body_layout="mediapipe_hand")
    with pytest.raises(ValueError, match="body_layout: mediapipe_hand has no joint left_wrist"):
        build_network(settings)
