"""Variant `temporal`: the plain rival, temporal convolutions that know no skeleton."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.layers.expert import Classifier
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.tokens import Tokens, no_tokens
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import get_layout

_TAPS = 5


class Temporal(BHaRNet):
    """Everything known of one person in a frame is one vector; convolutions over time follow.

    No graph, no experts: what a graph network must beat to be worth its cost. There is one
    decision: `ensemble`, `body` and `hand` are the same, so that all losses judge it.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        """Build a layer for each stage of `settings.body`, all but the first with stride 2."""
        super().__init__(settings)
        body = settings.body_channels * len(get_layout(settings.body_layout))
        hands = 2 * settings.hand_channels * len(get_layout(settings.hand_layout))
        layers: list[nn.Module] = [nn.BatchNorm1d(body + hands)]
        width = body + hands
        for stage, channels in enumerate(settings.body.channels):
            stride = 1 if stage == 0 else 2
            layers += [
                nn.Conv1d(width, channels, _TAPS, stride=stride, padding=_TAPS // 2, bias=False),
                nn.BatchNorm1d(channels),
                nn.ReLU(),
            ]
            width = channels
        self.layers = nn.Sequential(*layers)
        self.classify = Classifier(width, settings.classes, settings.body.dropout)

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertLogits, Tokens]:
        """Score N windows from what was seen in them; show nothing of the body alone.

        Raises:
            InputError: A sample is of several people.
        """
        if body.mask.shape[2] != 1:
            raise InputError(f"variant temporal: takes one person, got {body.mask.shape[2]}")
        known = torch.cat([self._vector(body), self._vector(hands)], dim=1)
        seen = body.seen | hands.seen
        logits = self.classify(self.layers(known).mean(dim=2), seen)
        said = ExpertLogits.of_skeleton(logits, logits, logits, hands.seen)
        return said, no_tokens(logits)

    @staticmethod
    def _vector(instances: Instances) -> Tensor:
        """Return all that is known in each frame, (N, I * C * V, T), zero where unseen."""
        spread = instances.spread(instances.values)
        return spread.transpose(3, 4).flatten(1, 3)
