"""Losses over every label that people in training showed, and their heads, which then go."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.training.losses import IGNORED, NEVER, LossSettings, contrastive_loss
from bharnet_ros.training.targets import ClipTargets, Targets


class LabelHeads(nn.Module):
    """Linear heads on the features of both experts, and their losses.

    One set of heads tells all labels apart. The other knows each person's labels as classes of
    their own and chooses among those of the same person only: a word is not the same sign for
    everybody, and a robot is taught by one person. A contrastive loss needs no heads.
    """

    def __init__(
        self,
        channels: tuple[int, int],
        targets: ClipTargets,
        settings: LossSettings,
        dropout: float,
    ) -> None:
        """Build the heads whose weight is not zero.

        Args:
            channels: C of the body features and of the hand features, 0 if there are none.
            targets: Numbers of the labels.
            settings: Weights of the losses.
            dropout: Probability with which a feature is dropped in training.
        """
        super().__init__()
        self.settings = settings
        self.dropout = nn.Dropout(dropout)
        self.all_labels = self.own_labels = None
        if settings.label_weight:
            # Rest is one more label.
            self.all_labels = _heads(channels, targets.label_count + 1)
        if settings.own_label_weight:
            self.own_labels = _heads(channels, len(targets.owners))
        self.register_buffer("owners", torch.from_numpy(targets.owners), persistent=False)

    def forward(self, output: ExpertOutput, targets: Targets) -> Tensor:
        """Return the weighted loss of N windows.

        As over the classes, each set of heads has a joint decision, the sum over the experts, and
        each expert has a loss of its own.
        """
        features = [one for one in (output.body_features, output.hand_features) if one.shape[1]]
        loss = output.ensemble.new_zeros(())
        known = targets.own_labels != IGNORED
        if self.settings.contrast_weight and known.any():
            loss = loss + self.settings.contrast_weight * contrastive_loss(
                torch.cat(features, dim=1)[known],
                targets.labels[known],
                # A mirrored person is drawn to the same place.
                targets.own_labels[known] // 2,
                self.settings.contrast_temperature,
            )
        dropped = [self.dropout(one) for one in features]
        seen = [torch.ones_like(output.hand_seen), output.hand_seen]
        if self.all_labels is not None:
            logits = [head(one) for head, one in zip(self.all_labels, dropped, strict=True)]
            smoothing = self.settings.label_smoothing
            joint = self._loss_of(logits, targets.labels, seen, smoothing)
            loss = loss + self.settings.label_weight * joint
        if self.own_labels is not None:
            other = self._labels_of_other_people(targets.own_labels)
            logits = [
                head(one).masked_fill(other, NEVER)
                for head, one in zip(self.own_labels, dropped, strict=True)
            ]
            # Smoothing would spread the target over the labels of other people.
            joint = self._loss_of(logits, targets.own_labels, seen, 0.0)
            loss = loss + self.settings.own_label_weight * joint
        return loss

    def _labels_of_other_people(self, own_labels: Tensor) -> Tensor:
        """Return (N, P) bool: own labels of others than the person in each window."""
        assert isinstance(self.owners, Tensor)
        person = self.owners[own_labels.clamp(min=0)]
        return self.owners[None] != person[:, None]

    def _loss_of(
        self, logits: Sequence[Tensor], wanted: Tensor, seen: Sequence[Tensor], smoothing: float
    ) -> Tensor:
        """Return the weighted cross-entropies of the joint decision and of each expert.

        Args:
            logits: (N, L) of each expert.
            wanted: (N,) label, or `IGNORED`.
            seen: (N,) bool for each expert, whether it counts in a window.
            smoothing: Share of each target that is spread over all labels.
        """
        settings = self.settings
        joint = torch.stack(list(logits)).sum(0)
        weights = settings.body_weight, settings.hand_weight
        parts = [(settings.ensemble_weight, joint, wanted != IGNORED)]
        if len(logits) == 1:
            parts = [(settings.ensemble_weight + sum(weights), joint, wanted != IGNORED)]
        else:
            parts += [
                (weight, one, (wanted != IGNORED) & counts)
                for weight, one, counts in zip(weights, logits, seen, strict=True)
            ]
        total = joint.new_zeros(())
        for weight, one, counts in parts:
            if weight and counts.any():
                total = total + weight * cross_entropy(
                    one[counts], wanted[counts], label_smoothing=smoothing
                )
        return total


def _heads(channels: Sequence[int], labels: int) -> nn.ModuleList:
    """Return a linear head for each part of the features that there is."""
    return nn.ModuleList(nn.Linear(one, labels) for one in channels if one)
