"""Variant `temporal`: one decision, absent parts without effect, only one person."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.settings import NetworkSettings


@pytest.fixture
def network(
    base_settings: NetworkSettings, make_network: Callable[[NetworkSettings], BHaRNet]
) -> BHaRNet:
    return make_network(dataclasses.replace(base_settings, variant="temporal"))


def test_ensemble_body_and_hand_are_one_decision(
    network: BHaRNet, make_clips: Callable[..., tuple]
) -> None:
    logits = network(*make_clips(3))
    assert logits.ensemble.shape == (3, 4)
    assert torch.equal(logits.ensemble, logits.body)
    assert torch.equal(logits.ensemble, logits.hand)


def test_gradient_reaches_every_parameter(
    network: BHaRNet, make_clips: Callable[..., tuple]
) -> None:
    network.train()
    cross_entropy(network(*make_clips(4)).ensemble, torch.arange(4)).backward()
    assert all(one.grad is not None and one.grad.any() for one in network.parameters())


def test_values_of_absent_parts_do_not_matter(
    network: BHaRNet, make_clips: Callable[..., tuple]
) -> None:
    body, body_mask, hands, hand_mask = make_clips(3)
    hand_mask[0, :, 0] = 0
    body_mask[2] = 0
    first = network(body, body_mask, hands, hand_mask)
    hands[0, ..., 0] = 1e3
    body[2] = torch.nan
    assert torch.equal(network(body, body_mask, hands, hand_mask).ensemble, first.ensemble)
    hand_mask[2] = 0
    assert not network(body, body_mask, hands, hand_mask).ensemble[2].any()


def test_the_order_of_frames_matters(network: BHaRNet, make_clips: Callable[..., tuple]) -> None:
    body, body_mask, hands, hand_mask = make_clips(1)
    forward = network(body, body_mask, hands, hand_mask)
    backward = network(body.flip(2), body_mask, hands.flip(2), hand_mask)
    assert not torch.allclose(backward.ensemble, forward.ensemble)


def test_several_people_are_refused(network: BHaRNet, make_clips: Callable[..., tuple]) -> None:
    with pytest.raises(ValueError, match="variant temporal: takes one person, got 2"):
        network(*make_clips(1, people=2))


def test_folding_does_not_change_the_logits(
    network: BHaRNet, make_clips: Callable[..., tuple]
) -> None:
    clips = make_clips(2)
    folded = fold_for_inference(network)(*clips)
    torch.testing.assert_close(folded.ensemble, network(*clips).ensemble)
