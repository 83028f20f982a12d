"""Variant `pooling`: experts that attend to each other along time, joints and instances."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.fusion import Fusion
from bharnet_ros.network.layers.attention import CrossAttention
from bharnet_ros.network.layers.backbone import Backbone
from bharnet_ros.network.layers.expert import Classifier, partition_of
from bharnet_ros.network.layers.instances import Instances, observed_mean
from bharnet_ros.network.layers.readout import Readout
from bharnet_ros.network.layers.tokens import Tokens, frame_tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import BackboneSettings, NetworkSettings
from bharnet_ros.types.layouts import get_layout

AXES = ("time", "joints", "instances")


def pooled_along(instances: Instances, features: Tensor) -> dict[str, Tokens]:
    """Pool features (B, C, T, V) three times, each time leaving one axis for tokens.

    Returns:
        For each of `AXES`, tokens (N, L, C), where L is T, V or I; zero where nothing was seen.
    """
    values = instances.spread(features).permute(0, 1, 3, 4, 2)
    present = instances.presence(features.shape[2])
    frame_seen, instance_seen = present.amax(dim=1), present.amax(dim=2)
    over_joints = values.mean(dim=3)
    over_time = observed_mean(values.transpose(2, 3), present.unsqueeze(2), 3)
    joints = observed_mean(over_time, instance_seen.unsqueeze(2), 1)
    sample_seen = frame_seen.amax(dim=1, keepdim=True).expand(joints.shape[:2])
    return {
        "time": Tokens(observed_mean(over_joints, present, 1), frame_seen),
        "joints": Tokens(joints, sample_seen),
        "instances": Tokens(observed_mean(over_joints, present, 2), instance_seen),
    }


class PoolingAttention(nn.Module):
    """Cross-attention to the other expert along each axis; the results are pooled and summed."""

    def __init__(self, channels: int, context_channels: int, heads: int, *, attend: bool) -> None:
        """Build an attention for each axis; none if the experts must not attend to each other."""
        super().__init__()
        self.attend = nn.ModuleDict(
            {axis: CrossAttention(channels, context_channels, heads) for axis in AXES}
            if attend
            else {}
        )

    def forward(self, own: dict[str, Tokens], other: dict[str, Tokens]) -> Tensor:
        """Return pooled features (N, C) of this expert from the tokens of both experts."""
        pooled = []
        for axis in AXES:
            tokens, present = own[axis]
            if axis in self.attend:
                tokens = self.attend[axis](tokens, *other[axis])
            pooled.append(observed_mean(tokens, present, 1))
        return pooled[0] + pooled[1] + pooled[2]


def _readout(layout: str, settings: BackboneSettings, *, paired: bool) -> Readout | None:
    """Return the readout that the settings ask for, None if they ask for a plain mean."""
    if not settings.readout and not settings.maximum:
        return None
    return Readout(settings.channels[-1], len(get_layout(layout)), settings, paired=paired)


class Pooling(BHaRNet):
    """Two backbones whose features are pooled, with cross-attention to each other along each axis.

    A readout (`BackboneSettings.readout`, `maximum`) stands beside these pooled features.

    Source: arXiv 2503.14960, pooling-attention module.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        """Build both backbones, their attention and their classifiers."""
        super().__init__(settings)
        interaction = settings.interaction
        attend = interaction.attention != "none"
        body, hand = settings.body, settings.hand
        widths = body.channels[-1], hand.channels[-1]
        self.body = Backbone(settings.body_channels, partition_of(settings.body_layout), body)
        self.hand = Backbone(settings.hand_channels, partition_of(settings.hand_layout), hand)
        self.body_pool = PoolingAttention(*widths, interaction.heads, attend=attend)
        self.hand_pool = PoolingAttention(*widths[::-1], interaction.heads, attend=attend)
        self.body_readout = _readout(settings.body_layout, body, paired=False)
        self.hand_readout = _readout(settings.hand_layout, hand, paired=True)
        body_width, hand_width = self.feature_channels
        self.body_head = Classifier(body_width, settings.classes, body.dropout)
        self.hand_head = Classifier(hand_width, settings.classes, hand.dropout)
        self.fuse = Fusion(interaction)

    @property
    def feature_channels(self) -> tuple[int, int]:
        """C of the body features and of the hand features."""
        body, hand = self.settings.body, self.settings.hand
        beside = [
            0 if readout is None else size.feature_channels
            for size, readout in ((body, self.body_readout), (hand, self.hand_readout))
        ]
        return body.channels[-1] + beside[0], hand.channels[-1] + beside[1]

    @property
    def token_channels(self) -> int:
        """C of the body's tokens."""
        return self.settings.body.channels[-1]

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows; return logits and the body's features."""
        features = self.body(body.values)
        hand_features = self.hand(hands.values)
        body_tokens = pooled_along(body, features)
        hand_tokens = pooled_along(hands, hand_features)
        body_pooled = self.body_pool(body_tokens, hand_tokens)
        hand_pooled = self.hand_pool(hand_tokens, body_tokens)
        if self.body_readout is not None:
            body_pooled = torch.cat([body_pooled, self.body_readout(body, features)], dim=1)
        if self.hand_readout is not None:
            hand_pooled = torch.cat([hand_pooled, self.hand_readout(hands, hand_features)], dim=1)
        body_logits = self.body_head(body_pooled, body.seen)
        hand_logits = self.hand_head(hand_pooled, hands.seen)
        ensemble = self.fuse(body_logits, hand_logits, body.seen, hands.share_seen)
        output = ExpertOutput.of_skeleton(
            ensemble,
            body_logits,
            hand_logits,
            hands.seen,
            body_features=body_pooled,
            hand_features=hand_pooled,
        )
        return output, frame_tokens(body, features)
