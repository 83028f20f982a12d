"""An expert: a backbone over one skeleton and a classifier of its features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.layers.adjacency import spatial_partition
from bharnet_ros.network.layers.backbone import Backbone
from bharnet_ros.network.layers.readout import Readout
from bharnet_ros.network.settings import BackboneSettings
from bharnet_ros.types.layouts import get_layout


def partition_of(layout: str) -> Tensor:
    """Return the partitioned adjacency (S, V, V) of the joint layout of this name."""
    return torch.from_numpy(spatial_partition(get_layout(layout)))


class Classifier(nn.Module):
    """Dropout and a linear layer; gives zero logits for samples in which nothing was seen."""

    def __init__(self, channels: int, classes: int, dropout: float) -> None:
        """Build the layer."""
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(channels, classes)

    def forward(self, pooled: Tensor, seen: Tensor) -> Tensor:
        """Map (N, C) and (N,) bool to logits (N, K), zero where nothing was seen."""
        logits: Tensor = self.classify(self.dropout(pooled))
        return logits * seen.unsqueeze(1).to(logits.dtype)


class Expert(Classifier):
    """A backbone over instances, a readout of what was observed, and a classifier."""

    def __init__(
        self,
        in_channels: int,
        layout: str,
        settings: BackboneSettings,
        classes: int,
        *,
        paired: bool = False,
    ) -> None:
        """Build the expert.

        Args:
            in_channels: C of the input.
            layout: Name of the joint layout.
            settings: Size.
            classes: Number of classes K.
            paired: Whether instances come in pairs, as hands do.
        """
        super().__init__(settings.feature_channels, classes, settings.dropout)
        partition = partition_of(layout)
        self.backbone = Backbone(in_channels, partition, settings)
        self.readout = Readout(
            self.backbone.out_channels, partition.shape[-1], settings, paired=paired
        )
