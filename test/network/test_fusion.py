"""Fusion of both experts: sum, noisy or, and a reliability that grows with the hands' share."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bharnet_ros.network.fusion import Fusion
from bharnet_ros.network.settings import FUSIONS, InteractionSettings


def fuse(
    rule: str,
    body: Tensor,
    hand: Tensor,
    *,
    body_seen: bool = True,
    hand_share: float = 1.0,
    presence_aware: bool = False,
) -> Tensor:
    """Fuse logits (N, K) of samples that all show hands in the same share of frames."""
    fusion = Fusion(InteractionSettings(fusion=rule, presence_aware=presence_aware))
    rows = len(body)
    return fusion(body, hand, torch.full((rows,), body_seen), torch.full((rows,), hand_share))


def test_sum_adds_logits() -> None:
    body, hand = torch.randn(3, 4), torch.randn(3, 4)
    assert torch.equal(fuse("sum", body, hand), body + hand)


@pytest.mark.parametrize("presence_aware", [False, True])
def test_noisy_or_rejects_a_class_only_if_both_experts_do(presence_aware: bool) -> None:
    body, hand = torch.randn(3, 4), torch.randn(3, 4)
    share = 0.3
    reliability = 1.0
    if presence_aware:
        growth = torch.tensor(3.0).exp().log1p()
        reliability = float(1 - torch.exp(-growth * share))
    expected = 1 - (1 - body.softmax(1)) * (1 - reliability * hand.softmax(1))
    fused = fuse("noisy_or", body, hand, hand_share=share, presence_aware=presence_aware)
    torch.testing.assert_close(fused.exp(), expected)


def test_noisy_or_keeps_a_gradient_for_a_class_that_both_rule_out() -> None:
    body = torch.tensor([[0.0, 200.0, 0.0]], requires_grad=True)
    hand = torch.tensor([[0.0, 0.0, 200.0]], requires_grad=True)
    fused = fuse("noisy_or", body, hand)
    assert fused.argmax(1).item() in (1, 2)
    torch.nn.functional.cross_entropy(fused, torch.tensor([0])).backward()
    for logits in (body, hand):
        assert logits.grad is not None
        assert logits.grad.isfinite().all()
        assert logits.grad[0, 0] < 0


@pytest.mark.parametrize("presence_aware", [False, True])
@pytest.mark.parametrize("rule", FUSIONS)
def test_an_expert_that_saw_nothing_has_no_influence(rule: str, presence_aware: bool) -> None:
    logits, nothing = torch.randn(3, 4, requires_grad=True), torch.zeros(3, 4)
    without_hand = fuse(rule, logits, nothing, hand_share=0.0, presence_aware=presence_aware)
    without_body = fuse(rule, nothing, logits, body_seen=False, presence_aware=presence_aware)
    torch.testing.assert_close(without_hand.softmax(1), logits.softmax(1))
    if rule == "noisy_or" or not presence_aware:
        torch.testing.assert_close(without_body.softmax(1), logits.softmax(1))
    (without_hand.logsumexp(1).sum() + without_body[:, 0].sum()).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("rule", FUSIONS)
def test_all_classes_are_equal_if_nothing_was_seen(rule: str) -> None:
    nothing = torch.zeros(2, 4)
    fused = fuse(rule, nothing, nothing, body_seen=False, hand_share=0.0)
    torch.testing.assert_close(fused.softmax(1), torch.full((2, 4), 0.25))


def test_the_reliability_of_hands_grows_with_their_share_of_frames() -> None:
    fusion = Fusion(InteractionSettings(presence_aware=True))
    reliability = fusion.reliability(torch.tensor([0.0, 0.1, 0.3, 1.0]))
    assert reliability[0] == 0
    assert (reliability.diff() > 0).all()
    assert reliability[-1] < 1


def test_without_presence_awareness_a_single_frame_counts_in_full() -> None:
    fusion = Fusion(InteractionSettings())
    assert fusion.reliability(torch.tensor([0.0, 0.01, 1.0])).tolist() == [0.0, 1.0, 1.0]
    assert not list(fusion.parameters())


@pytest.mark.parametrize("rule", FUSIONS)
def test_the_growth_of_the_reliability_is_learned(rule: str) -> None:
    fusion = Fusion(InteractionSettings(fusion=rule, presence_aware=True))
    hand_is_right = torch.tensor([[0.0, 5.0]]), torch.tensor([[5.0, 0.0]])
    share = torch.tensor([0.3])
    fused = fusion(*hand_is_right, torch.tensor([True]), share)
    torch.nn.functional.cross_entropy(fused, torch.tensor([0])).backward()
    assert fusion.growth is not None
    assert fusion.growth.grad is not None
    assert fusion.growth.grad < 0


def test_samples_without_hands_do_not_change_the_growth() -> None:
    for rule in FUSIONS:
        fusion = Fusion(InteractionSettings(fusion=rule, presence_aware=True))
        fused = fusion(torch.randn(2, 3), torch.zeros(2, 3), torch.ones(2) > 0, torch.zeros(2))
        fused.sum().backward()
        assert fusion.growth is not None
        assert fusion.growth.grad is not None
        assert fusion.growth.grad == 0
