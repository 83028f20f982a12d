"""Variants with more than a skeleton: further streams, guided by the body, join the ensemble."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network import rgb  # noqa: F401  (makes the stream known)
from bharnet_ros.network.bharnet import BHaRNet, StreamInputs
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.layers.tokens import Tokens
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.network.streams import GuidedStream, build_stream
from bharnet_ros.types.errors import InputError


class Multimodal(BHaRNet):
    """A network for skeletons whose ensemble further streams join.

    Source: arXiv 2503.14960, the multimodal ensemble: logits of skeleton and RGB are summed.
    """

    def __init__(self, settings: NetworkSettings, skeleton: BHaRNet) -> None:
        """Build the streams that the settings name around a network for skeletons.

        Raises:
            InputError: A stream is unknown or its options are wrong, or the variant has no body
                stream that could guide another.
        """
        super().__init__(settings)
        channels = skeleton.token_channels
        if channels is None:
            raise InputError(
                f"streams: variant {settings.variant!r} has no body stream to guide others by"
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

    def freeze_skeleton(self) -> None:
        """Keep the skeleton's weights, and its statistics, as they are in training."""
        self._frozen = True
        self.skeleton.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Multimodal:
        """Switch to training, all but a skeleton that is frozen."""
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
    ) -> ExpertLogits:
        """Score N windows.

        Args:
            body: As for the skeleton.
            body_mask: Likewise.
            hands: Likewise.
            hand_mask: Likewise.
            streams: What the further streams saw.
        """
        skeleton = self.skeleton
        logits, tokens = skeleton.observe(*skeleton.instances(body, body_mask, hands, hand_mask))
        said, seen = [], []
        for name, stream in self.streams.items():
            if streams is None or name not in streams:
                said.append(torch.zeros_like(logits.ensemble))
                seen.append(torch.zeros_like(logits.hand_seen))
                continue
            own, where = stream(*streams[name], tokens)
            said.append(own)
            seen.append(where)
        of_streams = torch.stack(said, dim=1)
        return logits._replace(
            ensemble=logits.skeleton + of_streams.sum(dim=1),
            streams=of_streams,
            stream_seen=torch.stack(seen, dim=1),
        )

    def observe(self, body: Instances, hands: Instances) -> tuple[ExpertLogits, Tokens]:
        """Return what the skeleton alone says."""
        return self.skeleton.observe(body, hands)
