"""Arrays to tensors: what the network takes, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from bharnet_ros.features import NetworkInput
from bharnet_ros.stream_inputs import StreamInput

StreamTensors: TypeAlias = dict[str, tuple[Tensor, Tensor]]
NetworkTensors: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, StreamTensors]


def network_tensors(
    inputs: NetworkInput, streams: Mapping[str, StreamInput], device: torch.device | None = None
) -> NetworkTensors:
    """Return body, body mask, hands, hand mask and what further streams saw, on a device.

    Args:
        inputs: Of the skeleton.
        streams: Of each further stream, by name.
        device: None leaves them on the CPU.
    """

    def tensor(array: object) -> Tensor:
        return torch.as_tensor(array, device=device)

    return (
        tensor(inputs.body),
        tensor(inputs.body_mask),
        tensor(inputs.hands),
        tensor(inputs.hand_mask),
        stream_tensors(streams, device),
    )


def stream_tensors(
    streams: Mapping[str, StreamInput], device: torch.device | None = None
) -> StreamTensors:
    """Return what further streams saw, values and mask by name; as for `network_tensors`."""
    return {
        name: (
            torch.as_tensor(one.values, device=device),
            torch.as_tensor(one.mask, device=device),
        )
        for name, one in streams.items()
    }
