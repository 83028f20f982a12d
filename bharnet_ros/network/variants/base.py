"""Variant `base`: two experts without cross-attention."""

from __future__ import annotations

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.fusion import Fusion
from bharnet_ros.network.layers.expert import Expert
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.tokens import Tokens, frame_tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import NetworkSettings


class Base(BHaRNet):
    """Two experts whose logits are fused by the rule in the settings.

    A hand that was never seen adds nothing.

    Source: arXiv 2503.14960, the dual-stream model with ensemble loss and no cross-attention.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        """Build both experts."""
        super().__init__(settings)
        self.body = Expert(
            settings.body_channels, settings.body_layout, settings.body, settings.classes
        )
        self.hand = Expert(
            settings.hand_channels,
            settings.hand_layout,
            settings.hand,
            settings.classes,
            paired=True,
        )
        self.fuse = Fusion(settings.interaction)

    @property
    def feature_channels(self) -> tuple[int, int]:
        """C of the body features and of the hand features."""
        return self.settings.body.feature_channels, self.settings.hand.feature_channels

    @property
    def token_channels(self) -> int:
        """C of the body's tokens."""
        return self.settings.body.channels[-1]

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows; return logits and the body's features."""
        features = self.body.backbone(body.values)
        body_pooled = self.body.readout(body, features)
        hand_pooled = self.hand.readout(hands, self.hand.backbone(hands.values))
        body_logits = self.body(body_pooled, body.seen)
        hand_logits = self.hand(hand_pooled, hands.seen)
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
