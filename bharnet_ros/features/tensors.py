"""Arrays to tensors: what the network takes, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy.typing as npt
import torch
from torch import Tensor

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.streams import StreamInput

StreamTensors: TypeAlias = dict[str, tuple[Tensor, Tensor]]
NetworkTensors: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, StreamTensors]

_ALIGNMENT = 256
"""Bytes; where GPU memory of its own would begin for each array, and reads are fastest."""


def network_tensors(
    inputs: NetworkInput, streams: Mapping[str, StreamInput], device: torch.device | None = None
) -> NetworkTensors:
    """Return body, body mask, hands, hand mask and what further streams saw, on a device.

    Args:
        inputs: Of the skeleton.
        streams: Of each further stream, by name.
        device: None leaves them on the CPU. A GPU gets all of them in one transfer.
    """
    arrays = [inputs.body, inputs.body_mask, inputs.hands, inputs.hand_mask]
    arrays += [array for one in streams.values() for array in (one.values, one.mask)]
    if device is None or device.type == "cpu":
        tensors = [torch.as_tensor(array) for array in arrays]
    else:
        tensors = moved_together(arrays, device)
    body, body_mask, hands, hand_mask, *rest = tensors
    seen = dict(zip(streams, zip(rest[::2], rest[1::2], strict=True), strict=True))
    return body, body_mask, hands, hand_mask, seen


def stream_tensors(streams: Mapping[str, StreamInput]) -> StreamTensors:
    """Return what further streams saw, values and mask by name, on the CPU."""
    return {
        name: (torch.as_tensor(one.values), torch.as_tensor(one.mask))
        for name, one in streams.items()
    }


def moved_together(arrays: Sequence[npt.NDArray[Any]], device: torch.device) -> list[Tensor]:
    """Return arrays of any types and shapes as tensors on a device, brought there in one transfer.

    They share memory there. For a GPU they are packed into pinned memory, which it reads by itself:
    the transfer may be under way when this returns, and what is computed from them on the same
    stream waits for it. PyTorch keeps such memory for the next batch.

    Args:
        arrays: Of at least one axis each.
        device: Where to.
    """
    starts, end = [], 0
    for array in arrays:
        starts.append(end)
        end += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    packed = torch.empty(end, dtype=torch.uint8, pin_memory=device.type == "cuda")

    def places(memory: Tensor) -> list[Tensor]:
        found = []
        for array, start in zip(arrays, starts, strict=True):
            kind = torch.from_numpy(array[:0]).dtype
            bytes_of = memory[start : start + array.nbytes]
            found.append(bytes_of.view(kind).view(array.shape))
        return found

    for place, array in zip(places(packed), arrays, strict=True):
        place.copy_(torch.from_numpy(array))
    return places(packed.to(device, non_blocking=True))
