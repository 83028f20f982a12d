"""The base class of all variants of BHaRNet: input, output and masking of unseen instances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from bharnet_ros.network.layers.instances import Instances, seen_instances
from bharnet_ros.network.layers.tokens import Tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import NetworkSettings

StreamInputs = Mapping[str, tuple[Tensor, Tensor]]
"""Values and mask of each further stream by name; a missing stream saw nothing."""


class BHaRNet(nn.Module, ABC):
    """Base class of all variants; instances that were not seen never enter the network.

    Attributes:
        exportable: Whether `export.export_network` can export the variant.
    """

    exportable = True

    def __init__(self, settings: NetworkSettings) -> None:
        """Keep the settings."""
        super().__init__()
        self.settings = settings

    def forward(
        self,
        body: Tensor,
        body_mask: Tensor,
        hands: Tensor,
        hand_mask: Tensor,
        streams: StreamInputs | None = None,
    ) -> ExpertOutput:
        """Score N windows.

        Args:
            body: (N, C_body, T, V, I) of I people.
            body_mask: (N, T, I) share of joints observed.
            hands: (N, C_hand, T, 21, 2 I).
            hand_mask: (N, T, 2 I) whether the hand was observed.
            streams: Input of further streams; ignored by a network without any.
        """
        return self.observe(*self.instances(body, body_mask, hands, hand_mask))[0]

    @staticmethod
    def instances(
        body: Tensor, body_mask: Tensor, hands: Tensor, hand_mask: Tensor
    ) -> tuple[Instances, Instances]:
        """Return the bodies and the hands that were seen; arguments as for `forward`."""
        return seen_instances(body, body_mask), seen_instances(hands, hand_mask)

    @property
    @abstractmethod
    def feature_channels(self) -> tuple[int, int]:
        """C of the body features and C of the hand features in the output, 0 if there are none."""

    @property
    def token_channels(self) -> int | None:
        """C of the body tokens that `observe` returns; None if it returns none."""
        return None

    @abstractmethod
    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows from the instances that were seen in them.

        Returns:
            Logits, and the body's features, which guide further streams: a token for each person
            and frame, or none (L = 0) if the variant has no body expert.
        """
