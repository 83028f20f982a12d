"""Variant `temporal`: the plain rival, temporal convolutions without a skeleton graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.layers.expert import Classifier
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.readout import TemporalLayers, mean_and_maximum
from bharnet_ros.network.layers.tokens import Tokens, no_tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import get_layout


class Temporal(BHaRNet):
    """Convolutions over time of one vector per frame, which holds all input of a person.

    It has no graph and no experts; a graph network must beat it to be worth its cost. It makes one
    decision: `ensemble`, `body` and `hand` are the same, so that all losses apply to it.
    """

    exportable = False

    def __init__(self, settings: NetworkSettings) -> None:
        """Build a layer for each stage of `settings.body`; all but the first have stride 2."""
        super().__init__(settings)
        body = settings.body_channels * len(get_layout(settings.body_layout))
        hands = 2 * settings.hand_channels * len(get_layout(settings.hand_layout))
        size = settings.body
        self.normalise = nn.BatchNorm1d(body + hands)
        self.layers = TemporalLayers(body + hands, size.channels)
        self.classify = Classifier(size.feature_channels, settings.classes, size.dropout)

    @property
    def feature_channels(self) -> tuple[int, int]:
        """C of the features of body and hands together, and 0."""
        return self.settings.body.feature_channels, 0

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows; return logits and no body tokens.

        Raises:
            InputError: A sample has several people.
        """
        if body.mask.shape[2] != 1:
            raise InputError(f"variant temporal: takes one person, got {body.mask.shape[2]}")
        vectors = torch.cat([self._vectors(body), self._vectors(hands)], dim=1)
        seen = body.seen | hands.seen
        convolved = self.layers(self.normalise(vectors))
        weight = seen.unsqueeze(1).expand(-1, convolved.shape[2]).to(convolved.dtype)
        sample = torch.arange(len(seen), device=seen.device)
        maximum = self.settings.body.maximum
        features = mean_and_maximum(convolved, weight, sample, len(seen), maximum=maximum)
        logits = self.classify(features, seen)
        output = ExpertOutput.of_skeleton(
            logits, logits, logits, hands.seen, body_features=features
        )
        return output, no_tokens(logits)

    @staticmethod
    def _vectors(instances: Instances) -> Tensor:
        """Return the input of each frame as a vector, (N, I * C * V, T), zero where unseen."""
        spread = instances.spread(instances.values)
        return spread.transpose(3, 4).flatten(1, 3)
