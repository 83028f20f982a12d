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
        """Return the weighted loss of N windows."""
        given = [one for one in (output.body_features, output.hand_features) if one.shape[1]]
        features = [self.dropout(one) for one in given]
        loss = output.ensemble.new_zeros(())
        known = targets.own_labels != IGNORED
        if self.settings.contrast_weight and known.any():
            loss = loss + self.settings.contrast_weight * contrastive_loss(
                torch.cat(given, dim=1)[known],
                targets.labels[known],
                # A mirrored person is drawn to the same place.
                targets.own_labels[known] // 2,
                self.settings.contrast_temperature,
            )
        for heads, weight, wanted in (
            (self.all_labels, self.settings.label_weight, targets.labels),
            (self.own_labels, self.settings.own_label_weight, targets.own_labels),
        ):
            asked = wanted != IGNORED
            if heads is None or not asked.any():
                continue
            logits = sum(head(one[asked]) for head, one in zip(heads, features, strict=True))
            smoothing = self.settings.label_smoothing
            if heads is self.own_labels:
                assert isinstance(self.owners, Tensor)
                other = self.owners[None] != self.owners[wanted[asked]][:, None]
                logits = logits.masked_fill(other, NEVER)
                # Smoothing would spread the target over the labels of other people.
                smoothing = 0.0
            loss = loss + weight * cross_entropy(logits, wanted[asked], label_smoothing=smoothing)
        return loss


def _heads(channels: Sequence[int], labels: int) -> nn.ModuleList:
    """Return a linear head for each part of the features that there is."""
    return nn.ModuleList(nn.Linear(one, labels) for one in channels if one)
