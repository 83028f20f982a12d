"""Turns features of joints in frames into one vector for each sample."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bharnet_ros.network.layers.instances import Instances, mean_of_samples
from bharnet_ros.network.settings import BackboneSettings

_TAPS = 5


class TemporalLayers(nn.Module):
    """Convolutions over time of one vector per frame; all but the first have stride 2."""

    def __init__(self, in_channels: int, channels: tuple[int, ...]) -> None:
        """Build a layer for each number of channels."""
        super().__init__()
        self.out_channels = channels[-1]
        layers = []
        for stage, width in enumerate(channels):
            convolution = nn.Conv1d(
                in_channels,
                width,
                _TAPS,
                stride=1 if stage == 0 else 2,
                padding=_TAPS // 2,
                bias=False,
            )
            layers.append(nn.Sequential(convolution, nn.BatchNorm1d(width)))
            in_channels = width
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, T) to (B, C_out, T_out), not negative."""
        if x.shape[0] == 0:
            # Batch normalisation cannot train on an empty batch.
            return x.new_zeros(0, self.out_channels, x.shape[2])
        for layer in self.layers:
            x = layer(x).relu_()
        return x


def mean_and_maximum(
    features: Tensor, weight: Tensor, sample: Tensor, count: int, *, maximum: bool
) -> Tensor:
    """Pool features over all observed frames of a sample.

    Args:
        features: (B, C, T) of each instance, not negative where the maximum is asked for.
        weight: (B, T) weight of each frame in the mean, 0 where the instance was not observed.
        sample: (B,) sample of each instance.
        count: Number of samples N.
        maximum: Whether to give the maximum beside the mean.

    Returns:
        (N, C) or (N, 2 C), zero where nothing was observed.
    """
    sums = (features * weight.unsqueeze(1)).sum(2)
    mean = mean_of_samples(sums, weight.sum(1), sample, count)
    if not maximum:
        return mean
    highest = (features * (weight > 0).unsqueeze(1)).amax(2)
    index = sample.unsqueeze(1).expand_as(highest)
    greatest = highest.new_zeros(count, highest.shape[1]).scatter_reduce(0, index, highest, "amax")
    return torch.cat([mean, greatest], dim=1)


class Readout(nn.Module):
    """Pools features of instances (people, or hands) over joints, frames and instances.

    Without layers it averages over joints. With layers, each frame becomes one vector of all its
    joints, which are convolved over time: a mean over joints forgets which of them moved. The two
    hands of a person then also see each other, as gestures of both hands need.
    """

    def __init__(
        self, in_channels: int, joints: int, settings: BackboneSettings, *, paired: bool = False
    ) -> None:
        """Build the layers in `settings.readout`.

        Args:
            in_channels: C of the features.
            joints: Number of joints V.
            settings: Channels of the layers, and whether the maximum over frames is given too.
            paired: Whether instances 2 i and 2 i + 1 belong together, as two hands do.
        """
        super().__init__()
        self.maximum = settings.maximum
        self.paired = paired
        width = in_channels * joints * (2 if paired else 1)
        self.layers = TemporalLayers(width, settings.readout) if settings.readout else None

    def forward(self, instances: Instances, features: Tensor) -> Tensor:
        """Return (N, C_out) for features (B, C, T, V), zero where nothing was seen."""
        count, _, each = instances.mask.shape
        if self.layers is None:
            pooled = features.mean(dim=3)
        else:
            pooled = self._convolved(instances, features)
        present = instances.presence(pooled.shape[2]).flatten(0, 1)[instances.place]
        sample = instances.place // each
        return mean_and_maximum(pooled, present, sample, count, maximum=self.maximum)

    def _convolved(self, instances: Instances, features: Tensor) -> Tensor:
        """Return frame vectors after the layers, (B, C_out, T_out)."""
        assert self.layers is not None
        frames = features.shape[2]
        present = instances.presence(frames).flatten(0, 1)[instances.place]
        vectors = (features * present[:, None, :, None]).transpose(2, 3).flatten(1, 2)
        if self.paired:
            spread = instances.spread(vectors)
            pairs = spread.unflatten(1, (-1, 2))
            both = torch.cat([pairs, pairs.flip(2)], dim=3)
            vectors = both.flatten(0, 2)[instances.place]
        convolved: Tensor = self.layers(vectors)
        return convolved
