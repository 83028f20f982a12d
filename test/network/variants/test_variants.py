"""Properties of every variant: shapes, gradients, absent instances, symmetry, learning."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import InteractionSettings, NetworkSettings
from bharnet_ros.network.variants.unified import Unified

pytestmark = pytest.mark.slow

MakeClips = Callable[..., Any]

TOLERANCE: Mapping[str, float] = {"atol": 1e-5, "rtol": 0.0}


def assert_same(first: ExpertOutput, second: ExpertOutput) -> None:
    """Check that all logits agree, up to rounding."""
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, **TOLERANCE)


def without_gradient(network: BHaRNet) -> set[str]:
    """Return the parameters that no gradient reached; check that all gradients are finite."""
    missing = set()
    for name, parameter in network.named_parameters():
        if parameter.grad is None or not parameter.grad.any():
            missing.add(name)
        else:
            assert parameter.grad.isfinite().all(), name
    return missing


@pytest.mark.parametrize("people", [1, 2])
def test_output_has_a_row_for_each_sample_and_a_column_for_each_class(
    any_network: BHaRNet, make_clips: MakeClips, people: int
) -> None:
    logits = any_network(*make_clips(3, people))
    assert logits.hand_seen.tolist() == [True, True, True]
    body, hand = any_network.feature_channels
    shapes = {
        **{"hand_seen": (3,), "streams": (3, 0, 4), "stream_seen": (3, 0)},
        **{"body_features": (3, body), "hand_features": (3, hand)},
    }
    for name, value in logits._asdict().items():
        assert value.shape == shapes.get(name, (3, 4)), name


def test_gradient_reaches_every_parameter(any_network: BHaRNet, make_clips: MakeClips) -> None:
    any_network.train()
    cross_entropy(any_network(*make_clips(4)).ensemble, torch.arange(4)).backward()
    assert without_gradient(any_network) == set()


def test_the_order_of_people_does_not_matter(any_network: BHaRNet, make_clips: MakeClips) -> None:
    body, body_mask, hands, hand_mask = make_clips(3, people=2)
    body_mask[0, :4, 1] = 0
    body_mask[2, :, 0] = 0
    hand_mask[1, 3:, 2] = 0
    hand_mask[2, :, 1] = 0
    hands_swapped = [2, 3, 0, 1]
    first = any_network(body, body_mask, hands, hand_mask)
    second = any_network(
        body.flip(-1), body_mask.flip(-1), hands[..., hands_swapped], hand_mask[..., hands_swapped]
    )
    assert_same(first, second)


def test_the_order_of_hands_matters_only_to_the_unified_graph(
    any_network: BHaRNet, make_clips: MakeClips
) -> None:
    body, body_mask, hands, hand_mask = make_clips(3, people=2)
    hand_mask[0, :5, 0] = 0
    hand_mask[1, :, 1] = 0
    # Convolved with each other, two hands belong to one person.
    order = [1, 0, 3, 2] if any_network.settings.hand.readout else [3, 0, 2, 1]
    first = any_network(body, body_mask, hands, hand_mask)
    second = any_network(body, body_mask, hands[..., order], hand_mask[..., order])
    if any_network.settings.variant == "unified":
        assert not torch.isclose(first.ensemble, second.ensemble).any()
    else:
        assert_same(first, second)


@pytest.mark.parametrize("training", [False, True])
def test_values_of_absent_instances_do_not_matter(
    any_network: BHaRNet, make_clips: MakeClips, training: bool
) -> None:
    any_network.train(training)
    body, body_mask, hands, hand_mask = make_clips(4, people=2)
    hand_mask[0, :, 0] = 0
    hand_mask[1] = 0
    body_mask[2] = 0
    body_mask[3, :, 1] = 0
    other_body, other_hands = body.clone(), hands.clone()
    other_hands[0, ..., 0] = 1e3
    other_hands[1] = torch.nan
    other_body[2] = torch.nan
    other_body[3, ..., 1] = 1e3
    first = any_network(body, body_mask, hands, hand_mask)
    second = any_network(other_body, body_mask, other_hands, hand_mask)
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)


def test_without_hands_the_body_decides_alone(any_network: BHaRNet, make_clips: MakeClips) -> None:
    body, body_mask, hands, hand_mask = make_clips()
    logits = any_network(body, body_mask, hands, torch.zeros_like(hand_mask))
    assert not logits.hand_seen.any()
    if any_network.settings.interaction.fusion == "sum":
        assert torch.equal(logits.ensemble, logits.body)
    assert logits.ensemble.argmax(1).tolist() == logits.body.argmax(1).tolist()
    torch.testing.assert_close(logits.ensemble.softmax(1), logits.body.softmax(1), **TOLERANCE)
    if any_network.settings.variant != "unified":
        assert not logits.hand.any()
        assert not logits.hand_head.any()


def test_other_samples_of_a_batch_do_not_matter(
    any_network: BHaRNet, make_clips: MakeClips
) -> None:
    body, body_mask, hands, hand_mask = make_clips(4)
    hand_mask[1] = 0
    hand_mask[2, :7] = 0
    body_mask[3] = 0
    together = any_network(body, body_mask, hands, hand_mask)
    assert together.hand_seen.tolist() == [True, False, True, True]
    for row in range(4):
        one = slice(row, row + 1)
        alone = any_network(body[one], body_mask[one], hands[one], hand_mask[one])
        assert_same(alone, ExpertOutput(*(part[one] for part in together)))


def test_without_a_body_the_hands_decide_alone(any_network: BHaRNet, make_clips: MakeClips) -> None:
    body, body_mask, hands, hand_mask = make_clips()
    logits = any_network(body, torch.zeros_like(body_mask), hands, hand_mask)
    if any_network.settings.variant != "unified":
        assert not logits.body.any()
        assert logits.ensemble.argmax(1).tolist() == logits.hand.argmax(1).tolist()
    if not any_network.settings.interaction.presence_aware:
        torch.testing.assert_close(logits.ensemble.softmax(1), logits.hand.softmax(1), **TOLERANCE)


@pytest.mark.parametrize("nobody_at_all", [False, True])
def test_all_classes_are_equal_if_nothing_was_seen(
    any_network: BHaRNet, make_clips: MakeClips, nobody_at_all: bool
) -> None:
    body, body_mask, hands, hand_mask = make_clips(3)
    empty = slice(None) if nobody_at_all else slice(1, 2)
    body_mask[empty], hand_mask[empty] = 0, 0
    logits = any_network(body, body_mask, hands, hand_mask)
    for one in (logits.body, logits.hand, logits.body_head, logits.hand_head):
        assert not one[empty].any()
    for row in logits.ensemble[empty].softmax(1):
        torch.testing.assert_close(row, torch.full((4,), 0.25))
    assert nobody_at_all or logits.ensemble[0].softmax(0).max() > 0.26


@pytest.mark.parametrize("hands_in", [0, 1])
def test_training_works_if_few_or_no_samples_show_hands(
    any_network: BHaRNet, make_clips: MakeClips, hands_in: int
) -> None:
    any_network.train()
    body, body_mask, hands, hand_mask = make_clips(4)
    hand_mask[hands_in:] = 0
    logits = any_network(body, body_mask, hands, hand_mask)
    cross_entropy(logits.ensemble, torch.arange(4)).backward()
    missing = without_gradient(any_network)
    # Without hands, the hand expert, its weight and the attention to it cannot learn.
    of_hands = {name for name in missing if name.startswith(("hand", "fuse."))}
    of_attention = {name for name in missing if name.startswith(("body_look", "body_pool"))}
    assert missing - of_hands - of_attention == set()
    if hands_in:
        assert missing == set()
    for name, buffer in any_network.named_buffers():
        assert buffer.isfinite().all(), name


def test_empty_places_for_people_change_nothing(
    any_network: BHaRNet, make_clips: MakeClips
) -> None:
    body, body_mask, hands, hand_mask = make_clips(3, people=2)
    body_mask[..., 1] = 0
    hand_mask[..., 2:] = 0
    hand_mask[0, 5:, 0] = 0
    alone = any_network(body[..., :1], body_mask[..., :1], hands[..., :2], hand_mask[..., :2])
    assert_same(any_network(body, body_mask, hands, hand_mask), alone)


def test_the_unified_graph_averages_over_joints_that_were_seen(
    base_settings: NetworkSettings,
    make_network: Callable[[NetworkSettings], BHaRNet],
    make_clips: MakeClips,
) -> None:
    network = make_network(dataclasses.replace(base_settings, variant="unified"))
    assert isinstance(network, Unified)
    body, body_mask, hands, hand_mask = make_clips(2)
    hand_mask[..., 0] = 0
    left, right = network.hands_in
    parts = [
        network.body_in(body[..., 0]),
        left(torch.zeros_like(hands[..., 0])),
        right(hands[..., 1]),
    ]
    features = network.backbone(torch.cat(parts, dim=3))
    joints = body.shape[3]
    seen = torch.cat([features[..., :joints], features[..., joints + 21 :]], dim=3)
    expected = network.classify(seen.mean((2, 3)), torch.tensor([True, True]))
    logits = network(body, body_mask, hands, hand_mask)
    torch.testing.assert_close(logits.ensemble, expected, **TOLERANCE)


LEARNERS = (
    ("base", InteractionSettings()),
    ("base", InteractionSettings(fusion="noisy_or", presence_aware=True)),
    ("expertized", InteractionSettings()),
    ("pooling", InteractionSettings()),
    ("unified", InteractionSettings()),
)


@pytest.mark.parametrize(("variant", "interaction"), LEARNERS)
def test_a_small_network_memorises_random_clips(
    base_settings: NetworkSettings,
    make_clips: MakeClips,
    variant: str,
    interaction: InteractionSettings,
) -> None:
    network = build_network(
        dataclasses.replace(base_settings, variant=variant, interaction=interaction)
    )
    batch, labels = make_clips(16), torch.arange(16) % 4
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        cross_entropy(network(*batch).ensemble, labels).backward()
        optimiser.step()
    with torch.no_grad():
        assert network.eval()(*batch).ensemble.argmax(1).tolist() == labels.tolist()
