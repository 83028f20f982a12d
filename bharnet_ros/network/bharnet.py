"""BHaRNet: a body expert and a hand expert, trained together.

A re-implementation from the text and figures of arXiv 2503.14960.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bharnet_ros.network.backbone import Backbone, BackboneSettings
from bharnet_ros.skeleton.graph import spatial_partition
from bharnet_ros.skeleton.layouts import get_layout


class ExpertLogits(NamedTuple):
    """Logits (N, K) of each expert and of both together, and which samples had a hand.

    Attributes:
        ensemble: (N, K) sum of what both experts say.
        body: (N, K) what the body expert alone says.
        hand: (N, K) what the hand expert alone says, zero where no hand was seen.
        hand_seen: (N,) bool, whether a hand was seen in any frame.
    """

    ensemble: Tensor
    body: Tensor
    hand: Tensor
    hand_seen: Tensor


@dataclass(frozen=True)
class NetworkSettings:
    """Everything that is needed to build a network; stored in the model bundle.

    Attributes:
        variant: Name in `VARIANTS`.
        classes: Number of classes K.
        body_channels: C of the body stream's input.
        hand_channels: C of the hand stream's input.
        body_layout: Joint layout of the body stream.
        hand_layout: Joint layout of the hand stream.
        body: Size of the body expert.
        hand: Size of the hand expert.
    """

    variant: str
    classes: int
    body_channels: int
    hand_channels: int
    body_layout: str
    hand_layout: str
    body: BackboneSettings = field(default_factory=BackboneSettings)
    hand: BackboneSettings = field(default_factory=BackboneSettings)


class Expert(nn.Module):
    """A backbone over instances, pooled over what was seen, and a classifier."""

    def __init__(
        self, in_channels: int, layout: str, settings: BackboneSettings, classes: int
    ) -> None:
        """Build the expert for a joint layout by name."""
        super().__init__()
        partition = torch.from_numpy(spatial_partition(get_layout(layout)))
        self.backbone = Backbone(in_channels, partition, settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.classify = nn.Linear(self.backbone.out_channels, classes)

    def features(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Run the backbone over the instances that were seen.

        Args:
            x: (N, C, T, V, I) input, zero where absent.
            mask: (N, T, I) positive where the instance was observed in that frame.

        Returns:
            Features (B, C_out, T_out, V) of the B instances seen in any frame and, for each, the
            index of its sample, (B,).
        """
        count, channels, frames, joints, instances = x.shape
        seen = (mask > 0).any(dim=1)
        flat = x.permute(0, 4, 1, 2, 3).reshape(count * instances, channels, frames, joints)
        chosen = seen.reshape(-1).nonzero().squeeze(1)
        # Instances that were never seen stay out: they would cost time and spoil the statistics.
        return self.backbone(flat[chosen]), chosen // instances

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, C, T, V, I) and (N, T, I) to logits (N, K) and whether anything was seen, (N,).

        Logits are zero where nothing was seen.
        """
        count, instances = x.shape[0], x.shape[-1]
        seen = (mask > 0).any(dim=1)
        any_seen = seen.any(dim=1)
        if not bool(any_seen.any()):
            return x.new_zeros(count, self.classify.out_features), any_seen
        features, sample = self.features(x, mask)
        pooled = features.mean(dim=3)
        weight = self._frame_weights(mask, pooled.shape[2])
        weight = weight.reshape(count * instances, -1)[seen.reshape(-1)]
        pooled = (pooled * weight.unsqueeze(1)).sum(2)
        total = pooled.new_zeros(count, pooled.shape[1]).index_add_(0, sample, pooled)
        per_sample = weight.new_zeros(count).index_add_(0, sample, weight.sum(1))
        mean = total / per_sample.clamp(min=1e-6).unsqueeze(1)
        logits = self.classify(self.dropout(mean))
        return logits * any_seen.unsqueeze(1).to(logits.dtype), any_seen

    @staticmethod
    def _frame_weights(mask: Tensor, frames: int) -> Tensor:
        """Bring the mask (N, T, I) to the backbone's frame rate: (N, I, T_out)."""
        present = (mask > 0).to(mask.dtype).permute(0, 2, 1)
        return nn.functional.adaptive_max_pool1d(present, frames)


class BHaRNet(nn.Module):
    """Variant `base`: two experts, whose logits are summed.

    Source: arXiv 2503.14960, the dual-stream model with ensemble loss and no cross-attention. A
    hand that was never seen adds nothing to the sum.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        """Build both experts."""
        super().__init__()
        self.settings = settings
        self.body = Expert(
            settings.body_channels, settings.body_layout, settings.body, settings.classes
        )
        self.hand = Expert(
            settings.hand_channels, settings.hand_layout, settings.hand, settings.classes
        )

    def forward(
        self, body: Tensor, body_mask: Tensor, hands: Tensor, hand_mask: Tensor
    ) -> ExpertLogits:
        """Score N windows.

        Args:
            body: (N, C_body, T, V, 1).
            body_mask: (N, T, 1) share of joints observed.
            hands: (N, C_hand, T, 21, 2).
            hand_mask: (N, T, 2) whether the hand was observed.
        """
        body_logits, _ = self.body(body, body_mask)
        hand_logits, hand_seen = self.hand(hands, hand_mask)
        return ExpertLogits(body_logits + hand_logits, body_logits, hand_logits, hand_seen)


VARIANTS: dict[str, type[BHaRNet]] = {"base": BHaRNet}
"""Every variant by name; each takes `NetworkSettings` and returns `ExpertLogits`."""


def build_network(settings: NetworkSettings) -> BHaRNet:
    """Build the network of that variant with random weights.

    Raises:
        ValueError: The variant is unknown.
    """
    if settings.variant not in VARIANTS:
        known = ", ".join(sorted(VARIANTS))
        raise ValueError(f"network variant {settings.variant!r} is unknown; known are: {known}")
    return VARIANTS[settings.variant](settings)
