"""The ensemble loss and its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.training.losses import (
    IGNORED,
    LossSettings,
    contrastive_loss,
    ensemble_loss,
)

UNSMOOTHED = LossSettings(label_smoothing=0.0)


def test_loss_adds_each_expert_to_the_ensemble() -> None:
    body, hand = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0]])
    classes = torch.tensor([0, 1])
    logits = ExpertOutput.of_skeleton(body + hand, body, hand, torch.tensor([True, False]))
    # The second sample has no hands.
    expected = cross_entropy(body + hand, classes) + 0.5 * (
        cross_entropy(body, classes) + cross_entropy(hand[:1], classes[:1])
    )
    assert float(ensemble_loss(logits, classes, UNSMOOTHED)) == pytest.approx(float(expected))


def test_windows_without_a_class_do_not_count() -> None:
    body, hand = torch.randn(3, 2), torch.randn(3, 2)
    seen = torch.ones(3, dtype=torch.bool)
    all_of_them = ExpertOutput.of_skeleton(body + hand, body, hand, seen)
    without = ExpertOutput.of_skeleton((body + hand)[:2], body[:2], hand[:2], seen[:2])
    classes = torch.tensor([0, 1, IGNORED])
    loss = ensemble_loss(all_of_them, classes, LossSettings())
    assert float(loss) == pytest.approx(float(ensemble_loss(without, classes[:2], LossSettings())))
    nothing = torch.full((3,), IGNORED)
    assert float(ensemble_loss(all_of_them, nothing, LossSettings())) == 0.0


def test_loss_without_hands_ignores_the_hand_expert() -> None:
    body, classes = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    hand = torch.zeros(2, 2, requires_grad=True)
    logits = ExpertOutput.of_skeleton(body, body, hand, torch.zeros(2, dtype=torch.bool))
    loss = ensemble_loss(logits, classes, UNSMOOTHED)
    assert float(loss) == pytest.approx(1.5 * float(cross_entropy(body, classes)))
    assert not loss.requires_grad


@pytest.mark.parametrize(
    ("off", "expected_weights"),
    [("ensemble", (0.0, 0.5, 0.5)), ("body", (1.0, 0.0, 0.5)), ("hand", (1.0, 0.5, 0.0))],
)
def test_each_part_of_the_loss_can_be_switched_off(
    off: str, expected_weights: tuple[float, float, float]
) -> None:
    body, hand = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0]])
    classes = torch.tensor([0, 1])
    logits = ExpertOutput.of_skeleton(body + hand, body, hand, torch.tensor([True, True]))
    settings = replace(UNSMOOTHED, **{f"{off}_weight": 0.0})
    expected = sum(
        weight * float(cross_entropy(predicted, classes))
        for weight, predicted in zip(expected_weights, (body + hand, body, hand), strict=True)
    )
    assert float(ensemble_loss(logits, classes, settings)) == pytest.approx(expected)


def test_a_loss_without_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="ensemble_weight, body_weight, hand_weight: at least one"):
        LossSettings(ensemble_weight=0.0, body_weight=0.0, hand_weight=0.0)


def with_streams() -> tuple[ExpertOutput, torch.Tensor, torch.Tensor]:
    """Return logits of three windows, the logits of two further streams, and the classes.

    The first stream has input for the second window only, the other stream for none.
    """
    skeleton = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    streams = torch.zeros(3, 2, 2)
    streams[1, 0] = torch.tensor([4.0, 0.0])
    logits = ExpertOutput.of_skeleton(
        skeleton, skeleton, torch.zeros_like(skeleton), torch.zeros(3, dtype=torch.bool)
    )._replace(
        ensemble=skeleton + streams.sum(1),
        streams=streams,
        stream_seen=torch.tensor([[False, False], [True, False], [False, False]]),
    )
    return logits, streams, torch.tensor([0, 1, 1])


def test_further_streams_with_input_and_the_skeleton_add_losses() -> None:
    logits, streams, classes = with_streams()
    settings = replace(UNSMOOTHED, body_weight=0.0, skeleton_weight=0.25, stream_weight=2.0)
    expected = (
        cross_entropy(logits.ensemble, classes)
        + 0.25 * cross_entropy(logits.skeleton, classes)
        + 2.0 * cross_entropy(streams[1:2, 0], classes[1:2])
    )
    assert float(ensemble_loss(logits, classes, settings)) == pytest.approx(float(expected))


def test_without_further_streams_their_weights_change_nothing() -> None:
    logits, _, classes = with_streams()
    alone = ExpertOutput.of_skeleton(logits.body, logits.body, logits.hand, logits.hand_seen)
    heavy = replace(UNSMOOTHED, skeleton_weight=9.0, stream_weight=9.0)
    assert float(ensemble_loss(alone, classes, heavy)) == pytest.approx(
        float(ensemble_loss(alone, classes, UNSMOOTHED))
    )


@pytest.mark.parametrize("name", ["skeleton_weight", "stream_weight"])
def test_a_negative_weight_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: must not be negative, got -1"):
        LossSettings(**{name: -1.0})


def test_contrastive_loss_draws_a_persons_label_together_and_other_labels_apart() -> None:
    # Two people who show two labels each; the second shows one of them like the first.
    labels, own_labels = torch.tensor([0, 0, 1, 0]), torch.tensor([0, 0, 1, 2])
    features = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [1.0, 0.1]])
    similarity = normalize(features, dim=1) @ normalize(features, dim=1).T / 0.5
    # The fourth window is neither positive nor negative to the first two, the third has none.
    expected = -sum(
        similarity[a, b] - torch.logsumexp(similarity[a, [b, 2]], 0) for a, b in ((0, 1), (1, 0))
    )
    loss = contrastive_loss(features, labels, own_labels, 0.5)
    assert float(loss) == pytest.approx(float(expected) / 2, rel=1e-5)


def test_contrastive_loss_draws_windows_without_a_label_apart() -> None:
    """Labels that are doubtful still tell apart what their person does."""
    labels, own_labels = torch.full((3,), IGNORED), torch.tensor([0, 0, 1])
    features = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    similarity = features @ features.T / 0.5
    expected = -sum(
        similarity[a, b] - torch.logsumexp(similarity[a, [b, 2]], 0) for a, b in ((0, 1), (1, 0))
    )
    loss = contrastive_loss(features, labels, own_labels, 0.5)
    assert float(loss) == pytest.approx(float(expected) / 2, rel=1e-5)


def test_contrastive_loss_of_windows_without_a_positive_is_zero() -> None:
    loss = contrastive_loss(torch.randn(3, 2), torch.arange(3), torch.arange(3), 0.1)
    assert float(loss) == 0.0


def test_contrastive_loss_has_finite_gradients() -> None:
    features = torch.randn(4, 3, requires_grad=True)
    # The last window has neither positives nor negatives.
    labels, own_labels = torch.tensor([0, 0, 0, 0]), torch.tensor([0, 0, 1, 2])
    contrastive_loss(features, labels, own_labels, 0.1).backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()
