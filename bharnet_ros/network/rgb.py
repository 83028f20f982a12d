"""Stream `rgb`: encodes crops around hands and body with a torchvision network."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bharnet_ros.features.rgb_settings import RGB, RgbSettings
from bharnet_ros.network.layers.tokens import Tokens
from bharnet_ros.network.streams import Stream, register_stream
from bharnet_ros.types.errors import InputError

_MEAN, _DEVIATION = 0.45, 0.25
"""Mean and standard deviation of pixels in photographs, where black is 0 and white is 1."""

_LEAST_CONTRAST = 12
"""Least difference, of 255, between the brightest and the darkest value of a crop. A crop with
less counts as absent, such as one from a covered lens or a dark room."""

_LAST_LAYER = {"shufflenet": "fc", "resnet": "fc", "mobilenet": "classifier"}
"""Name of the classifying layer, which is left out, by the beginning of a network's name."""


@register_stream(RGB)
class RgbStream(Stream):
    """Makes a token for each crop from its content, its region and its moment in the window."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Build the network with random weights; nothing is downloaded.

        Raises:
            InputError: An option is wrong, or torchvision is not installed or has no such network.
        """
        super().__init__()
        settings = RgbSettings.of(options)
        self.channels = settings.channels
        self.backbone, features = build_backbone(settings.backbone, full_size=settings.full_size)
        self.project = nn.Sequential(
            nn.Linear(features, settings.channels), nn.LayerNorm(settings.channels)
        )
        crops = settings.crops
        self.region = nn.Parameter(torch.zeros(len(crops.regions), settings.channels))
        self.moment = nn.Parameter(torch.zeros(crops.moments, settings.channels))
        nn.init.normal_(self.region, std=0.02)
        nn.init.normal_(self.moment, std=0.02)

    def forward(self, values: Tensor, mask: Tensor) -> Tokens:
        """Return a token for each crop.

        Args:
            values: (N, K, R, 3, S, S) uint8 pixels of R regions at K moments.
            mask: (N, K, R) 1 where a region was found. A crop of one colour counts as absent.
        """
        count, moments, regions = mask.shape
        crops = values.flatten(0, 2)
        darkest, brightest = crops.flatten(1).amin(dim=1), crops.flatten(1).amax(dim=1)
        visible = (brightest - darkest >= _LEAST_CONTRAST) & (mask > 0).flatten()
        # Absent crops would cost time and distort the statistics of batch normalisation.
        place = visible.nonzero().squeeze(1)
        crops = crops[place].to(self.region.dtype)
        features = self.region.new_zeros(len(place), self.channels)
        if len(place):
            normalised = (crops / 255.0 - _MEAN) / _DEVIATION
            features = self.project(
                self.backbone(normalised.contiguous(memory_format=torch.channels_last)).flatten(1)
            )
        tokens = features.new_zeros(count * moments * regions, self.channels)
        tokens = tokens.index_copy(0, place, features).view(count, moments, regions, -1)
        position = self.moment[:, None] + self.region
        present = visible.view_as(mask).to(tokens.dtype)
        tokens = (tokens + position) * present.unsqueeze(-1)
        return Tokens(tokens.flatten(1, 2), present.flatten(1, 2))


def build_backbone(name: str, *, full_size: bool) -> tuple[nn.Module, int]:
    """Build a torchvision network without its last layer; return it and its number of features.

    Args:
        name: Name of the network, such as `shufflenet_v2_x0_5`, `mobilenet_v3_small` or `resnet18`.
        full_size: Whether images have the size that the network was made for. If not, the first
            convolution has stride 1, because crops are far smaller.

    Raises:
        InputError: torchvision is not installed, or has no such network.
    """
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:
        # A torchvision built for another version of torch raises a RuntimeError.
        raise InputError(
            f"backbone: {name} needs a torchvision that fits this torch "
            f"(`pip install torchvision`): {error}"
        ) from error
    last = last_layer(name)
    if name not in models.list_models(models):
        raise _unknown(name)
    network: nn.Module = models.get_model(name, weights=None)
    first_of_last = next(
        layer for layer in getattr(network, last).modules() if isinstance(layer, nn.Linear)
    )
    features = int(first_of_last.in_features)
    setattr(network, last, nn.Identity())
    if not full_size:
        first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
        first.stride = (1, 1)
    return network, features


def last_layer(name: str) -> str:
    """Return the name of the classifying layer of a torchvision network.

    Raises:
        InputError: The network is not of a kind that can be a backbone.
    """
    for start, layer in _LAST_LAYER.items():
        if name.startswith(start):
            return layer
    raise _unknown(name)


def _unknown(name: str) -> InputError:
    return InputError(
        f"backbone: {name!r} is not a torchvision network of the kinds "
        f"{', '.join(sorted(_LAST_LAYER))}"
    )
