"""The network: shapes, gradients, absent hands, symmetry, and what its sampled taps compute."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.nn import functional

from bharnet_ros.network.backbone import Backbone, BackboneSettings
from bharnet_ros.network.base import BHaRNet
from bharnet_ros.network.bharnet import build_network
from bharnet_ros.network.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.network.temporal_convolution import (
    MultiScaleTemporalConvolution,
    SampledTemporalConvolution,
)
from bharnet_ros.skeleton.graph import spatial_partition
from bharnet_ros.skeleton.layouts import get_layout

CLASSES = 4
FRAMES = 12
SMALL = BackboneSettings(channels=(8, 16), depths=(1, 1))
SETTINGS = NetworkSettings(
    variant="base",
    classes=CLASSES,
    body_channels=3,
    hand_channels=6,
    body_layout="mediapipe_upper_body",
    hand_layout="mediapipe_hand",
    body=SMALL,
    hand=SMALL,
)

Clips = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def clips(count: int = 3) -> Clips:
    """Return body, body mask, hands and hand mask of random clips in which all is seen."""
    joints = len(get_layout(SETTINGS.body_layout))
    return (
        torch.randn(count, SETTINGS.body_channels, FRAMES, joints, 1),
        torch.ones(count, FRAMES, 1),
        torch.randn(count, SETTINGS.hand_channels, FRAMES, 21, 2),
        torch.ones(count, FRAMES, 2),
    )


def perturb(network: BHaRNet) -> None:
    """Move relations away from zero, where they start and what they compare gets no gradient."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, TopologyRefiningGraphConvolution):
                module.relation.weight.normal_(std=0.3)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def network() -> BHaRNet:
    """Return a small network in evaluation mode, away from its special starting values."""
    built = build_network(SETTINGS)
    perturb(built)
    return built.eval()


def test_logits_have_one_row_a_sample_and_one_column_a_class(network: BHaRNet) -> None:
    logits = network(*clips(3))
    assert logits.ensemble.shape == logits.body.shape == logits.hand.shape == (3, CLASSES)
    assert logits.hand_seen.tolist() == [True, True, True]
    torch.testing.assert_close(logits.ensemble, logits.body + logits.hand)


def test_gradient_reaches_every_parameter(network: BHaRNet) -> None:
    network.train()
    functional.cross_entropy(network(*clips(4)).ensemble, torch.arange(4)).backward()
    without = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert without == []


def test_training_starts_at_the_plain_skeleton() -> None:
    network = build_network(SETTINGS)
    functional.cross_entropy(network(*clips(4)).ensemble, torch.arange(4)).backward()
    for module in network.modules():
        if isinstance(module, TopologyRefiningGraphConvolution):
            assert module.relation.weight.grad is not None
            assert module.relation.weight.grad.abs().sum() > 0
            assert module.source.weight.grad is not None
            assert module.source.weight.grad.abs().sum() == 0


def test_without_hands_the_body_decides_alone(network: BHaRNet) -> None:
    body, body_mask, hands, _ = clips()
    logits = network(body, body_mask, hands, torch.zeros(3, FRAMES, 2))
    assert torch.equal(logits.ensemble, logits.body)
    assert not logits.hand.any()
    assert not logits.hand_seen.any()


def test_a_sample_without_hands_among_others_with_hands(network: BHaRNet) -> None:
    body, body_mask, hands, hand_mask = clips()
    complete = network(body, body_mask, hands, hand_mask)
    hand_mask[1] = 0
    logits = network(body, body_mask, hands, hand_mask)
    assert logits.hand_seen.tolist() == [True, False, True]
    assert not logits.hand[1].any()
    assert torch.equal(logits.ensemble[1], logits.body[1])
    torch.testing.assert_close(logits.hand[[0, 2]], complete.hand[[0, 2]], atol=1e-5, rtol=0)


def test_which_hand_comes_first_does_not_matter(network: BHaRNet) -> None:
    body, body_mask, hands, hand_mask = clips()
    hand_mask[0, :5, 0] = 0
    hand_mask[1, :, 1] = 0
    first = network(body, body_mask, hands, hand_mask)
    second = network(body, body_mask, hands.flip(-1), hand_mask.flip(-1))
    torch.testing.assert_close(first.hand, second.hand, atol=1e-5, rtol=0)
    torch.testing.assert_close(first.ensemble, second.ensemble, atol=1e-5, rtol=0)


@pytest.mark.parametrize("training", [False, True])
def test_values_of_absent_instances_do_not_matter(network: BHaRNet, training: bool) -> None:
    network.train(training)
    body, body_mask, hands, hand_mask = clips()
    hand_mask[0, :, 0] = 0
    body_mask[2] = 0
    other_body, other_hands = body.clone(), hands.clone()
    other_hands[0, ..., 0] = 1e3
    other_body[2] = torch.nan
    first = network(body, body_mask, hands, hand_mask)
    second = network(other_body, body_mask, other_hands, hand_mask)
    assert torch.equal(first.ensemble, second.ensemble)
    assert not first.body[2].any()


def test_a_small_network_learns_random_clips_by_heart() -> None:
    network = build_network(SETTINGS)
    batch, labels = clips(16), torch.arange(16) % CLASSES
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(50):
        optimiser.zero_grad()
        functional.cross_entropy(network(*batch).ensemble, labels).backward()
        optimiser.step()
    with torch.no_grad():
        assert network.eval()(*batch).ensemble.argmax(1).tolist() == labels.tolist()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_taps_at_whole_frames_are_a_dilated_convolution(dilation: int, stride: int) -> None:
    layer = SampledTemporalConvolution(3, 4, taps=5, dilation=dilation, stride=stride)
    x = torch.randn(2, 3, 5, 20)
    expected = functional.conv2d(
        x,
        layer.weight.unsqueeze(2),
        stride=(1, stride),
        padding=(0, 2 * dilation),
        dilation=(1, dilation),
    )
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=0)


def test_taps_between_frames_interpolate_linearly() -> None:
    layer = SampledTemporalConvolution(3, 4, taps=5, dilation=2, stride=1)
    offsets = [-4.75, -1.5, 0.25, 2.1, 4.6]
    layer.offsets.data = torch.tensor(offsets)
    x = torch.randn(2, 3, 5, 20)
    # Zeros around the window, as many as the outermost tap can reach.
    padded = functional.pad(x, (6, 6))
    expected = torch.zeros(2, 4, 5, 20)
    for tap, offset in enumerate(offsets):
        below = int(offset // 1)
        share = offset - below
        read = (1 - share) * padded[..., 6 + below : 26 + below]
        read = read + share * padded[..., 7 + below : 27 + below]
        expected += torch.einsum("oc,ncvt->novt", layer.weight[:, :, tap], read)
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=0)


def test_taps_stay_within_their_reach() -> None:
    layer = SampledTemporalConvolution(1, 1, taps=3, dilation=1, stride=1)
    layer.weight.data.fill_(1.0)
    layer.offsets.data = torch.tensor([-50.0, 0.0, 50.0])
    assert layer.kernel().flatten().tolist() == [1.0, 0.0, 1.0, 0.0, 1.0]


def test_the_default_backbone_has_ten_blocks_and_quarters_the_frames() -> None:
    partition = torch.from_numpy(spatial_partition(get_layout("mediapipe_hand")))
    backbone = Backbone(6, partition, BackboneSettings()).eval()
    assert len(backbone.blocks) == 10
    with torch.no_grad():
        assert backbone(torch.randn(1, 6, 18, 21)).shape == (1, 256, 5, 21)


def test_unknown_variant_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'cross'.*known are: base"):
        build_network(dataclasses.replace(SETTINGS, variant="cross"))


@pytest.mark.parametrize(
    ("channels", "depths"),
    [((8, 16), (1,)), ((), ()), ((8, 0), (1, 1)), ((8, 16), (1, 0))],
)
def test_channels_and_depths_must_pair_up_and_be_positive(
    channels: tuple[int, ...], depths: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"channels .*depths"):
        BackboneSettings(channels=channels, depths=depths)


def test_channels_must_divide_among_branches_and_topologies() -> None:
    with pytest.raises(ValueError, match=r"channels: 6 .* 4 branches"):
        MultiScaleTemporalConvolution(6)
    with pytest.raises(ValueError, match=r"channels_per_topology: 8 .* 3"):
        body = dataclasses.replace(SMALL, channels_per_topology=3)
        build_network(dataclasses.replace(SETTINGS, body=body))
