"""Variant `expertized`: each expert forks into a branch that specialises and one that interacts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.fusion import Fusion
from bharnet_ros.network.layers.attention import CrossAttention
from bharnet_ros.network.layers.backbone import Backbone, Branch
from bharnet_ros.network.layers.expert import Classifier, partition_of
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.readout import Readout
from bharnet_ros.network.layers.tokens import Tokens, frame_tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import BackboneSettings, NetworkSettings


class ForkedExpert(nn.Module):
    """A trunk that forks into an expertized and an interactive branch, each with a classifier."""

    def __init__(
        self,
        in_channels: int,
        layout: str,
        settings: BackboneSettings,
        classes: int,
        blocks: int,
        *,
        paired: bool = False,
    ) -> None:
        """Build the expert; its last `blocks` blocks fork; other arguments as for `Expert`."""
        super().__init__()
        partition = partition_of(layout)
        self.trunk = Backbone(in_channels, partition, settings, last_blocks_left_out=blocks)
        self.expertized = Branch(in_channels, partition, settings, blocks)
        self.interactive = Branch(in_channels, partition, settings, blocks)
        size = settings.channels[-1], partition.shape[-1], settings
        self.expertized_readout = Readout(*size, paired=paired)
        self.interactive_readout = Readout(*size, paired=paired)
        channels, dropout = settings.feature_channels, settings.dropout
        self.expertized_head = Classifier(channels, classes, dropout)
        self.interactive_head = Classifier(channels, classes, dropout)

    def own_features(self, instances: Instances, trunk: Tensor) -> Tensor:
        """Return what the expertized head reads, (N, C), for trunk features (B, C, T, V)."""
        pooled: Tensor = self.expertized_readout(instances, self.expertized(trunk))
        return pooled


class CrossUpdate(nn.Module):
    """Updates the features of one expert by cross-attention to the tokens of the other."""

    def __init__(self, channels: int, context_channels: int, heads: int) -> None:
        """Build the attention of features with `channels` to tokens with `context_channels`."""
        super().__init__()
        self.attention = CrossAttention(channels, context_channels, heads)

    def forward(self, instances: Instances, features: Tensor, other: Tokens) -> Tensor:
        """Add the update of each frame to features (B, C, T, V), the same at every joint."""
        tokens = frame_tokens(instances, features)
        change = self.attention.update(tokens.values, *other)
        count, _, instances_each = instances.mask.shape
        change = change.reshape(count * instances_each, features.shape[2], -1)[instances.place]
        return features + change.transpose(1, 2).unsqueeze(3)


class Expertized(BHaRNet):
    """Each expert forks: one branch specialises, the other attends to the other expert.

    The logits of all four heads enter the ensemble; L_B and L_H apply to the interactive heads.

    Source: arXiv 2503.14960, expertized branches. The depth of the fork and the place of the
    attention are not published, so both are settings.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        """Build both experts and the attention between their interactive branches."""
        super().__init__(settings)
        interaction = settings.interaction
        blocks = interaction.branch_blocks
        self.body = ForkedExpert(
            settings.body_channels, settings.body_layout, settings.body, settings.classes, blocks
        )
        self.hand = ForkedExpert(
            settings.hand_channels,
            settings.hand_layout,
            settings.hand,
            settings.classes,
            blocks,
            paired=True,
        )
        if interaction.attention == "before":
            widths = self.body.trunk.out_channels, self.hand.trunk.out_channels
        else:
            widths = settings.body.channels[-1], settings.hand.channels[-1]
        if interaction.attention != "none":
            # The names are keys in the weights of bundles.
            self.body_look = CrossUpdate(*widths, interaction.heads)
            self.hand_look = CrossUpdate(*widths[::-1], interaction.heads)
        self.fuse = Fusion(interaction)

    @property
    def feature_channels(self) -> tuple[int, int]:
        """C of the body features and of the hand features."""
        return 2 * self.settings.body.feature_channels, 2 * self.settings.hand.feature_channels

    @property
    def token_channels(self) -> int:
        """C of the body's tokens."""
        return self.settings.body.channels[-1]

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows; return logits and the body's interactive features."""
        place = self.settings.interaction.attention
        body_trunk, hand_trunk = self.body.trunk(body.values), self.hand.trunk(hands.values)
        shared = body_trunk, hand_trunk
        if place == "before":
            shared = self._exchange(body, hands, *shared)
        shared = self.body.interactive(shared[0]), self.hand.interactive(shared[1])
        if place == "after":
            shared = self._exchange(body, hands, *shared)
        body_shared = self.body.interactive_readout(body, shared[0])
        hand_shared = self.hand.interactive_readout(hands, shared[1])
        body_own = self.body.own_features(body, body_trunk)
        hand_own = self.hand.own_features(hands, hand_trunk)
        body_head = self.body.interactive_head(body_shared, body.seen)
        hand_head = self.hand.interactive_head(hand_shared, hands.seen)
        body_logits = body_head + self.body.expertized_head(body_own, body.seen)
        hand_logits = hand_head + self.hand.expertized_head(hand_own, hands.seen)
        ensemble = self.fuse(body_logits, hand_logits, body.seen, hands.share_seen)
        output = ExpertOutput.of_skeleton(
            ensemble,
            body_logits,
            hand_logits,
            hands.seen,
            body_head,
            hand_head,
            body_features=torch.cat([body_shared, body_own], dim=1),
            hand_features=torch.cat([hand_shared, hand_own], dim=1),
        )
        return output, frame_tokens(body, shared[0])

    def _exchange(
        self, body: Instances, hands: Instances, body_features: Tensor, hand_features: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update the features of both experts by cross-attention to each other."""
        body_tokens = frame_tokens(body, body_features)
        hand_tokens = frame_tokens(hands, hand_features)
        return (
            self.body_look(body, body_features, hand_tokens),
            self.hand_look(hands, hand_features, body_tokens),
        )
