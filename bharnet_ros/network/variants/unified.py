"""Variant `unified`: the rival, one graph over body and both hands."""

from __future__ import annotations

import torch
from torch import nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.layers.adjacency import tree_partition, unified_parents
from bharnet_ros.network.layers.backbone import Backbone
from bharnet_ros.network.layers.expert import Classifier
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.readout import TemporalLayers, mean_and_maximum
from bharnet_ros.network.layers.tokens import Tokens, no_tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.types.layouts import get_layout


class Unified(BHaRNet):
    """One backbone over the joints of a person's body and both hands, joined at the wrists.

    Body and hands have different channels, so linear maps first bring both to the same number.
    Features are averaged over the joints that were seen. It makes one decision: `ensemble`, `body`
    and `hand` are the same, so that all losses apply to it.

    Source: the unified graphs that arXiv 2503.14960 compares itself with, on our backbone.
    """

    exportable = False

    def __init__(self, settings: NetworkSettings) -> None:
        """Build the backbone in the size of `settings.body`.

        Raises:
            InputError: The body layout has no wrists.
        """
        super().__init__(settings)
        body, hand = get_layout(settings.body_layout), get_layout(settings.hand_layout)
        partition = torch.from_numpy(tree_partition(unified_parents(body, hand)))
        width = max(settings.body_channels, settings.hand_channels)
        self.body_in = nn.Conv2d(settings.body_channels, width, 1, bias=False)
        # Left hands come mirrored onto right ones. A separate map for each side can undo that.
        self.hands_in = nn.ModuleList(
            nn.Conv2d(settings.hand_channels, width, 1, bias=False) for _ in range(2)
        )
        self.backbone = Backbone(width, partition, settings.body)
        size = settings.body
        self.maximum = size.maximum
        vector = size.channels[-1] * partition.shape[-1]
        self.layers = TemporalLayers(vector, size.readout) if size.readout else None
        self.classify = Classifier(size.feature_channels, settings.classes, size.dropout)

    @property
    def feature_channels(self) -> tuple[int, int]:
        """C of the features of body and hands together, and 0."""
        return self.settings.body.feature_channels, 0

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows; return logits and no body tokens."""
        count, frames, people = body.mask.shape
        bodies = body.spread(self.body_in(body.values)).flatten(0, 1)
        both_hands = hands.spread(hands.values).view(count * people, 2, *hands.values.shape[1:])
        parts = [bodies] + [
            project(both_hands[:, side]) for side, project in enumerate(self.hands_in)
        ]
        # (N * I, parts, T): a person's body, left hand and right hand.
        present = torch.stack(
            [
                body.presence(frames).flatten(0, 1),
                *hands.presence(frames).reshape(count * people, 2, frames).unbind(1),
            ],
            dim=1,
        )
        seen = present.amax(dim=(1, 2)).nonzero().squeeze(1)
        features = self.backbone(torch.cat(parts, dim=3)[seen])
        present = nn.functional.adaptive_max_pool1d(present[seen], features.shape[2])
        joints = torch.as_tensor([part.shape[3] for part in parts], device=present.device)
        weight = present.repeat_interleave(joints, dim=1).transpose(1, 2)
        if self.layers is None:
            total = weight.sum(2)
            vectors = (features * weight.unsqueeze(1)).sum(3) / total.clamp(min=1.0).unsqueeze(1)
        else:
            vectors = (features * weight.unsqueeze(1)).transpose(2, 3).flatten(1, 2)
            vectors = self.layers(vectors)
            total = nn.functional.adaptive_max_pool1d(present.amax(1), vectors.shape[2])
        pooled = mean_and_maximum(vectors, total, seen // people, count, maximum=self.maximum)
        logits = self.classify(pooled, body.seen | hands.seen)
        output = ExpertOutput.of_skeleton(logits, logits, logits, hands.seen, body_features=pooled)
        return output, no_tokens(logits)
