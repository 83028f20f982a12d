"""Turns arrays into the tensors that the network takes, in its order."""

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
"""Bytes; each array starts at a multiple, as GPU memory of its own would, for fast reads."""


def network_tensors(
    inputs: NetworkInput, streams: Mapping[str, StreamInput], device: torch.device | None = None
) -> NetworkTensors:
    """Return body, body mask, hands, hand mask and the input of further streams, on a device.

    Args:
        inputs: Input of the skeleton.
        streams: Input of each further stream, by name.
        device: None means the CPU. A GPU receives all of them in one transfer.
    """
    arrays = [inputs.body, inputs.body_mask, inputs.hands, inputs.hand_mask]
    arrays += [array for one in streams.values() for array in (one.values, one.mask)]
    if device is None or device.type == "cpu":
        tensors = [torch.as_tensor(array) for array in arrays]
    else:
        tensors = move_together(arrays, device)
    body, body_mask, hands, hand_mask, *rest = tensors
    of_streams = dict(zip(streams, zip(rest[::2], rest[1::2], strict=True), strict=True))
    return body, body_mask, hands, hand_mask, of_streams


def stream_tensors(streams: Mapping[str, StreamInput]) -> StreamTensors:
    """Return the input of further streams, values and mask by name, on the CPU."""
    return {
        name: (torch.as_tensor(one.values), torch.as_tensor(one.mask))
        for name, one in streams.items()
    }


def move_together(arrays: Sequence[npt.NDArray[Any]], device: torch.device) -> list[Tensor]:
    """Copy arrays of any types and shapes to a device in one transfer; return them as tensors.

    The tensors share one block of memory. For a GPU, the arrays are packed into pinned memory,
    which the GPU reads by itself. The transfer may still be under way when this returns;
    computation on the same CUDA stream waits for it. PyTorch reuses the pinned memory for the next
    batch.

    Args:
        arrays: Arrays of at least one axis each.
        device: Target device.
    """
    starts, end = [], 0
    for array in arrays:
        starts.append(end)
        end += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    packed = torch.empty(end, dtype=torch.uint8, pin_memory=device.type == "cuda")

    def views(memory: Tensor) -> list[Tensor]:
        """Return a view of the memory for each array."""
        found = []
        for array, start in zip(arrays, starts, strict=True):
            dtype = torch.from_numpy(array[:0]).dtype
            found.append(memory[start : start + array.nbytes].view(dtype).view(array.shape))
        return found

    for view, array in zip(views(packed), arrays, strict=True):
        view.copy_(torch.from_numpy(array))
    return views(packed.to(device, non_blocking=True))
