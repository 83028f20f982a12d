"""Count what a network computes and moves, and measure how much of both a device can do."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bharnet_ros.network.cost import count_macs, seconds_in_turn


@dataclass(frozen=True)
class Work:
    """Work of a network for windows.

    Attributes:
        macs: Multiply-accumulate operations for one window.
        weights: Number of learned values.
        values: Number of values that its layers read and write for one window.
    """

    macs: int
    weights: int
    values: int

    def flops(self, windows: int) -> int:
        """Return the multiplications and additions for a batch."""
        return 2 * self.macs * windows

    def bytes(self, windows: int, dtype: torch.dtype) -> int:
        """Return the bytes that a batch moves if each layer reads and writes memory once.

        Weights are 32-bit floats and read once; `dtype` is the type of all other values.
        """
        return torch.float32.itemsize * self.weights + dtype.itemsize * self.values * windows


def work_of(network: nn.Module, *window: Tensor) -> Work:
    """Count the work of a network in evaluation mode for one window, from shapes alone.

    The counts are lower bounds. Only modules without children count as layers, so values that a
    module handles between its children, such as their sum, are left out. Only convolutions and
    matrix products count as multiplications.

    Args:
        network: A network whose shapes do not depend on the values of its input.
        window: Its input.
    """
    shapes = copy.deepcopy(network).to("meta")
    inputs = [tensor.to("meta") for tensor in window]
    values = 0

    def count(_layer: nn.Module, inputs: Any, outputs: Any) -> None:
        nonlocal values
        values += sum(tensor.numel() for tensor in _tensors((inputs, outputs)))

    layers = [one for one in shapes.modules() if not any(True for _ in one.children())]
    # Identity and Dropout return their input.
    counted = [one for one in layers if not isinstance(one, (nn.Identity, nn.Dropout))]
    hooks = [one.register_forward_hook(count) for one in counted]
    with torch.no_grad():
        shapes.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    weights = [*shapes.parameters(), *shapes.buffers()]
    return Work(count_macs(shapes, *inputs), sum(one.numel() for one in weights), values)


def _tensors(content: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested lists and tuples."""
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, (list, tuple)):
        for one in content:
            yield from _tensors(one)


@dataclass(frozen=True)
class Ceilings:
    """Highest measured throughput of a device.

    Attributes:
        flops: Multiplications and additions per second of a product of large matrices, by type.
        bandwidth: Bytes per second of a large copy, read and written bytes added up.
    """

    flops: dict[torch.dtype, float]
    bandwidth: float


def measure_ceilings(
    device: torch.device, dtypes: Sequence[torch.dtype], *, side: int, copied: int, rounds: int
) -> Ceilings:
    """Measure the ceilings of a device by its fastest round.

    A GPU multiplies 32-bit floats as TF32 here, as PyTorch does in convolutions by default.

    Args:
        device: The device.
        dtypes: Types to multiply.
        side: Rows and columns of the matrices.
        copied: Bytes to copy.
        rounds: Number of rounds in which products and copy take turns.
    """
    matrices = [torch.randn(side, side, device=device).to(dtype) for dtype in dtypes]
    products = [torch.empty_like(one) for one in matrices]
    source = torch.zeros(copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)

    def multiply(number: int) -> None:
        torch.mm(matrices[number], matrices[number], out=products[number])
        wait_for(device)

    def move() -> None:
        target.copy_(source)
        wait_for(device)

    passes = [lambda number=number: multiply(number) for number in range(len(dtypes))]
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    try:
        *multiplying, moving = [min(one) for one in seconds_in_turn([*passes, move], rounds)]
    finally:
        torch.set_float32_matmul_precision(before)
    flops = {dtype: 2.0 * side**3 / taken for dtype, taken in zip(dtypes, multiplying, strict=True)}
    return Ceilings(flops, 2.0 * copied / moving)


def wait_for(device: torch.device) -> None:
    """Wait until a device has finished its work; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
