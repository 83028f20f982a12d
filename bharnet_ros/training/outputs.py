"""Runs a trained network on many clips."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from pytorch_lightning.utilities import move_data_to_device

from bharnet_ros.features.tensors import NetworkTensors
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.recognition.pytorch import torch_device
from bharnet_ros.training.module import WholeClips


def whole_clip_output(network: BHaRNet, clips: WholeClips, device: str) -> ExpertOutput:
    """Return the output for M whole clips, on the CPU; arguments as for `run_network`."""
    batches = (clips[number] for number in range(len(clips)))
    return run_network(network, (batch[:5] for batch in batches), device)


def run_network(
    network: BHaRNet, batches: Iterable[NetworkTensors], device: str = "cpu"
) -> ExpertOutput:
    """Return the output for batches of input, one after the other, on the CPU.

    Args:
        network: In evaluation mode; it is moved back to the CPU afterwards.
        batches: Input of the network; none of them gives an output of no windows.
        device: `auto`, `cpu` or `cuda`.
    """
    target = torch_device(device)
    network.to(target)
    parts = []
    with torch.inference_mode():
        for batch in batches:
            output = network(*move_data_to_device(batch, target))
            parts.append(ExpertOutput(*(tensor.cpu() for tensor in output)))
    network.cpu()
    return ExpertOutput.join(parts) if parts else _nothing(network)


def _nothing(network: BHaRNet) -> ExpertOutput:
    """Return the output for no windows."""
    logits = torch.zeros(0, network.settings.classes)
    body, hand = (torch.zeros(0, channels) for channels in network.feature_channels)
    seen = torch.zeros(0, dtype=torch.bool)
    return ExpertOutput.of_skeleton(
        logits, logits, logits, seen, body_features=body, hand_features=hand
    )
