"""Folds a trained network into fewer, simpler layers that compute the same."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.layers.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.network.layers.temporal_convolution import SampledTemporalConvolution


@torch.no_grad()
def fold_for_inference(network: BHaRNet) -> BHaRNet:
    """Return a copy in evaluation mode that computes the same, up to rounding, with less work.

    Sampled taps become plain convolutions, whose kernels are computed once. Batch normalisation is
    fused into the preceding convolution. In a graph convolution it is fused into the features and
    the shortcut, provided that the shortcut is a convolution. Dropout is removed. The copy has
    different parameters and cannot be trained.
    """
    folded = copy.deepcopy(network).eval().requires_grad_(False)
    for module in list(folded.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SampledTemporalConvolution):
                setattr(module, name, _plain_convolution(child))
            elif isinstance(child, nn.Sequential) and len(child) == 2:
                convolution, normalise = child
                if isinstance(convolution, (nn.Conv1d, nn.Conv2d)) and isinstance(
                    normalise, (nn.BatchNorm1d, nn.BatchNorm2d)
                ):
                    setattr(module, name, fuse_conv_bn_eval(convolution, normalise))
            elif isinstance(child, nn.Dropout):
                setattr(module, name, nn.Identity())
    for module in folded.modules():
        if isinstance(module, TopologyRefiningGraphConvolution):
            _fuse_normalisation(module)
    return folded


def _plain_convolution(layer: SampledTemporalConvolution) -> nn.Conv2d:
    """Return the convolution over (N, C, V, T) that equals a layer of sampled taps."""
    kernel = layer.kernel().unsqueeze(2)
    plain = nn.Conv2d(
        kernel.shape[1],
        kernel.shape[0],
        (1, kernel.shape[3]),
        stride=(1, layer.stride),
        padding=(0, layer.reach),
        bias=False,
        device=kernel.device,
        dtype=kernel.dtype,
    )
    plain.weight.copy_(kernel)
    return plain.requires_grad_(False)


def _fuse_normalisation(layer: TopologyRefiningGraphConvolution) -> None:
    """Fuse the normalisation of mixed features into the features and into the shortcut.

    Mixing joints does not mix channels, so the scale can be applied before it. The offset is added
    after it, like the shortcut, so it becomes part of the shortcut's bias.
    """
    normalise, shortcut = layer.normalise, layer.shortcut
    if not isinstance(shortcut, nn.Conv2d):
        return
    assert isinstance(normalise, nn.BatchNorm2d)
    assert normalise.running_mean is not None and normalise.running_var is not None
    assert shortcut.bias is not None
    scale = normalise.weight / torch.sqrt(normalise.running_var + normalise.eps)
    layer.feature.weight.mul_(scale.repeat(layer.subsets)[:, None, None, None])
    shortcut.bias.add_(normalise.bias - normalise.running_mean * scale)
    layer.normalise = nn.Identity()
