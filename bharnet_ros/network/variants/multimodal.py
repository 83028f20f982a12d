"""Networks with further streams, which are guided by the body and join the ensemble."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network import rgb  # noqa: F401  (registers the stream)
from bharnet_ros.network.bharnet import BHaRNet, StreamInputs
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.tokens import Tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.network.streams import GuidedStream, build_stream
from bharnet_ros.types.errors import InputError


class Multimodal(BHaRNet):
    """A network for skeletons and further streams; their logits are summed.

    Source: arXiv 2503.14960, the multimodal ensemble of skeleton and RGB.
    """

    exportable = False

    def __init__(self, settings: NetworkSettings, skeleton: BHaRNet) -> None:
        """Build the streams in the settings around a network for skeletons.

        Raises:
            InputError: A stream is unknown or its options are wrong, or the variant has no body
                expert to guide streams.
        """
        super().__init__(settings)
        channels = skeleton.token_channels
        if channels is None:
            raise InputError(
                f"streams: variant {settings.variant!r} has no body expert to guide streams"
            )
        self.skeleton = skeleton
        self.streams = nn.ModuleDict(
            {
                name: GuidedStream(
                    build_stream(name, options),
                    channels,
                    settings.classes,
                    settings.interaction.heads,
                    settings.body.dropout,
                )
                for name, options in settings.streams.items()
            }
        )
        self._frozen = False

    @property
    def feature_channels(self) -> tuple[int, int]:
        """C of the body features and of the hand features of the skeleton."""
        return self.skeleton.feature_channels

    def freeze_skeleton(self) -> None:
        """Exclude the skeleton's weights and batch statistics from training."""
        self._frozen = True
        self.skeleton.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Multimodal:
        """Switch training mode on or off; a frozen skeleton stays in evaluation mode."""
        super().train(mode)
        if self._frozen:
            self.skeleton.eval()
        return self

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
            body: As in `BHaRNet.forward`.
            body_mask: As in `BHaRNet.forward`.
            hands: As in `BHaRNet.forward`.
            hand_mask: As in `BHaRNet.forward`.
            streams: Values and mask of each further stream by name.
        """
        skeleton = self.skeleton
        logits, tokens = skeleton.observe(*skeleton.instances(body, body_mask, hands, hand_mask))
        per_stream, seen = [], []
        for name, stream in self.streams.items():
            if streams is None or name not in streams:
                per_stream.append(torch.zeros_like(logits.ensemble))
                seen.append(torch.zeros_like(logits.hand_seen))
                continue
            stream_logits, stream_seen = stream(*streams[name], tokens)
            per_stream.append(stream_logits)
            seen.append(stream_seen)
        stacked = torch.stack(per_stream, dim=1)
        return logits._replace(
            ensemble=logits.skeleton + stacked.sum(dim=1),
            streams=stacked,
            stream_seen=torch.stack(seen, dim=1),
        )

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertOutput, Tokens]:
        """Score N windows by the skeleton alone."""
        return self.skeleton.observe(body, hands)
