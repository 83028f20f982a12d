"""Variant `base`: two experts whose logits are joined, without a look at each other."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from bharnet_ros.network.expert import Expert
from bharnet_ros.network.fusion import Fusion
from bharnet_ros.network.instances import Instances, seen_instances
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.network.settings import NetworkSettings


class BHaRNet(nn.Module, ABC):
    """What all variants share: the input, the output, and that unseen instances stay out."""

    def __init__(self, settings: NetworkSettings) -> None:
        """Keep the settings."""
        super().__init__()
        self.settings = settings

    def forward(
        self, body: Tensor, body_mask: Tensor, hands: Tensor, hand_mask: Tensor
    ) -> ExpertLogits:
        """Score N windows.

        Args:
            body: (N, C_body, T, V, I) of I people.
            body_mask: (N, T, I) share of joints observed.
            hands: (N, C_hand, T, 21, 2 I).
            hand_mask: (N, T, 2 I) whether the hand was observed.
        """
        return self.score(seen_instances(body, body_mask), seen_instances(hands, hand_mask))

    @abstractmethod
    def score(self, body: Instances, hands: Instances) -> ExpertLogits:
        """Score N windows from what was seen in them."""


class Base(BHaRNet):
    """Two experts; their logits are summed, or joined as the settings say.

    Source: arXiv 2503.14960, the dual-stream model with ensemble loss and no cross-attention. A
    hand that was never seen adds nothing.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        """Build both experts."""
        super().__init__(settings)
        self.body = Expert(
            settings.body_channels, settings.body_layout, settings.body, settings.classes
        )
        self.hand = Expert(
            settings.hand_channels, settings.hand_layout, settings.hand, settings.classes
        )
        self.fuse = Fusion(settings.interaction)

    def score(self, body: Instances, hands: Instances) -> ExpertLogits:
        """Score N windows from what was seen in them."""
        body_logits, hand_logits = self.body.logits(body), self.hand.logits(hands)
        ensemble = self.fuse(body_logits, hand_logits, body.seen, hands.share_seen)
        return ExpertLogits.of_single_heads(ensemble, body_logits, hand_logits, hands.seen)
