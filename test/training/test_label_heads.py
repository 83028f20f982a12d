"""The losses over every label, and over the labels of one person."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.training.label_heads import LabelHeads
from bharnet_ros.training.losses import IGNORED, LossSettings
from bharnet_ros.training.targets import ClipTargets, Targets, clip_targets

LABELS = np.asarray(["wave", "nod", "wave", "bow"])
SUBJECTS = np.asarray(["ada", "ada", "bob", "bob"])


@pytest.fixture
def targets() -> ClipTargets:
    return clip_targets(LABELS, SUBJECTS, ("wave", "background"), np.arange(4))


def output_of(body: torch.Tensor, hand: torch.Tensor) -> ExpertOutput:
    logits = torch.zeros(len(body), 2)
    seen = torch.ones(len(body), dtype=torch.bool)
    return ExpertOutput.of_skeleton(
        logits, logits, logits, seen, body_features=body, hand_features=hand
    )


def heads_of(targets: ClipTargets, **weights: float) -> LabelHeads:
    torch.manual_seed(0)
    settings = LossSettings(label_smoothing=0.0, **weights)
    return LabelHeads((3, 2), targets, settings, dropout=0.0)


def logits_of(heads: LabelHeads, output: ExpertOutput, name: str) -> list[torch.Tensor]:
    """Return the logits of the joint decision, of the body and of the hand."""
    body, hand = getattr(heads, name)
    alone = [body(output.body_features), hand(output.hand_features)]
    return [alone[0] + alone[1], *alone]


WEIGHTS = (1.0, 0.5, 0.5)
"""Of the joint decision, the body and the hand, as in the loss over the classes."""


def test_without_weights_there_are_no_heads(targets: ClipTargets) -> None:
    heads = heads_of(targets)
    assert not list(heads.parameters())
    loss = heads(output_of(torch.ones(4, 3), torch.ones(4, 2)), targets.of(np.arange(4)))
    assert float(loss) == 0.0


def test_the_label_loss_is_over_all_labels_and_rest(targets: ClipTargets) -> None:
    heads = heads_of(targets, label_weight=0.5)
    output = output_of(torch.randn(4, 3), torch.randn(4, 2))
    logits = logits_of(heads, output, "all_labels")
    assert logits[0].shape == (4, 4)
    wanted = targets.of(np.arange(4), only_rest=np.asarray([False, False, True, False]))
    expected = 0.5 * sum(
        weight * float(cross_entropy(one, wanted.labels).detach())
        for weight, one in zip(WEIGHTS, logits, strict=True)
    )
    assert float(heads(output, wanted).detach()) == pytest.approx(expected)


def test_the_hand_has_no_loss_where_no_hand_is_seen(targets: ClipTargets) -> None:
    heads = heads_of(targets, label_weight=1.0)
    output = output_of(torch.randn(4, 3), torch.randn(4, 2))
    output = output._replace(hand_seen=torch.tensor([True, False, False, True]))
    joint, body, hand = logits_of(heads, output, "all_labels")
    wanted = targets.of(np.arange(4)).labels
    expected = cross_entropy(joint, wanted) + 0.5 * cross_entropy(body, wanted)
    expected = expected + 0.5 * cross_entropy(hand[[0, 3]], wanted[[0, 3]])
    found = heads(output, targets.of(np.arange(4)))
    assert float(found.detach()) == pytest.approx(float(expected.detach()))


def test_own_labels_are_chosen_among_those_of_the_same_person(targets: ClipTargets) -> None:
    heads = heads_of(targets, own_label_weight=2.0)
    output = output_of(torch.randn(4, 3), torch.randn(4, 2))
    wanted = targets.of(np.arange(4))
    expected = 0.0
    for weight, logits in zip(WEIGHTS, logits_of(heads, output, "own_labels"), strict=True):
        for row, own in enumerate(wanted.own_labels.tolist()):
            same = np.flatnonzero(targets.owners == targets.owners[own])
            assert len(same) == 2
            choice = logits[row, same].log_softmax(0)
            expected -= weight * 2.0 / 4 * float(choice[list(same).index(own)].detach())
    assert float(heads(output, wanted).detach()) == pytest.approx(expected, rel=1e-5)


def test_windows_without_a_label_do_not_count(targets: ClipTargets) -> None:
    heads = heads_of(targets, label_weight=1.0, own_label_weight=1.0, contrast_weight=1.0)
    output = output_of(torch.randn(2, 3), torch.randn(2, 2))
    nothing = torch.full((2,), IGNORED)
    assert float(heads(output, Targets(torch.zeros(2), nothing, nothing)).detach()) == 0.0


def test_a_network_of_one_decision_has_one_head(targets: ClipTargets) -> None:
    heads = LabelHeads((3, 0), targets, LossSettings(label_weight=1.0), dropout=0.0)
    loss = heads(output_of(torch.randn(4, 3), torch.empty(4, 0)), targets.of(np.arange(4)))
    loss.backward()
    assert len(list(heads.parameters())) == 2
