"""The backbone: sizes, strides, branches, and settings that do not fit."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from bharnet_ros.network.build import build_network
from bharnet_ros.network.layers.backbone import Backbone, Branch
from bharnet_ros.network.layers.expert import partition_of
from bharnet_ros.network.settings import BackboneSettings, NetworkSettings

SMALL = BackboneSettings(channels=(8, 16), depths=(1, 2))


def test_the_default_backbone_has_ten_blocks_and_a_quarter_of_the_frames() -> None:
    backbone = Backbone(6, partition_of("mediapipe_hand"), BackboneSettings()).eval()
    assert len(backbone.blocks) == 10
    with torch.no_grad():
        assert backbone(torch.randn(1, 6, 18, 21)).shape == (1, 256, 5, 21)


def test_trunk_and_branch_together_equal_a_whole_backbone() -> None:
    partition = partition_of("mediapipe_hand")
    whole = Backbone(6, partition, SMALL)
    trunk = Backbone(6, partition, SMALL, last_blocks_left_out=2)
    branch = Branch(6, partition, SMALL, 2)
    trunk.normalise.load_state_dict(whole.normalise.state_dict())
    for part, first in ((trunk, 0), (branch, len(trunk.blocks))):
        for block, same in zip(part.blocks, whole.blocks[first:], strict=False):
            block.load_state_dict(same.state_dict())
    assert len(trunk.blocks) + len(branch.blocks) == len(whole.blocks)
    assert trunk.out_channels == 8
    x = torch.randn(2, 6, 11, 21)
    with torch.no_grad():
        torch.testing.assert_close(branch.eval()(trunk.eval()(x)), whole.eval()(x))


@pytest.mark.parametrize("training", [False, True])
def test_an_empty_batch_gives_empty_features(training: bool) -> None:
    partition = partition_of("mediapipe_hand")
    backbone = Backbone(6, partition, SMALL).train(training)
    assert backbone(torch.zeros(0, 6, 11, 21)).shape == (0, 16, 6, 21)
    assert Branch(6, partition, SMALL, 1)(torch.zeros(0, 16, 6, 21)).shape == (0, 16, 6, 21)


@pytest.mark.parametrize(
    ("channels", "depths"),
    [((8, 16), (1,)), ((), ()), ((8, 0), (1, 1)), ((8, 16), (1, 0))],
)
def test_channels_and_depths_must_pair_up_and_be_positive(
    channels: tuple[int, ...], depths: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"channels .*depths"):
        BackboneSettings(channels=channels, depths=depths)


def test_channels_must_divide_among_topologies(base_settings: NetworkSettings) -> None:
    body = dataclasses.replace(base_settings.body, channels_per_topology=3)
    with pytest.raises(ValueError, match=r"channels_per_topology: 8 .* 3"):
        build_network(dataclasses.replace(base_settings, body=body))


@pytest.mark.parametrize("left_out", [3, 4])
def test_a_branch_of_all_blocks_is_refused(left_out: int) -> None:
    with pytest.raises(ValueError, match=rf"branch_blocks: a branch of {left_out} of 3 blocks"):
        Backbone(6, partition_of("mediapipe_hand"), SMALL, last_blocks_left_out=left_out)
