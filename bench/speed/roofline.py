"""What a network has to compute and to move, and what a device does at most of either."""

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
    """What a network does for a batch of windows.

    Attributes:
        macs: Multiplications, each with its addition, of one window.
        weights: Numbers that the network has learned.
        values: Numbers that its layers take and give for one window.
    """

    macs: int
    weights: int
    values: int

    def flops(self, windows: int) -> int:
        """Return multiplications and additions of a batch."""
        return 2 * self.macs * windows

    def bytes(self, windows: int, dtype: torch.dtype) -> int:
        """Return bytes that a batch moves if each layer reads and writes memory once.

        Weights are kept as 32-bit floats and read once; `dtype` is the type of all other values.
        """
        return torch.float32.itemsize * self.weights + dtype.itemsize * self.values * windows


def work_of(network: nn.Module, *window: Tensor) -> Work:
    """Count what a network in evaluation mode does for one window; shapes alone are looked at.

    An estimate from below: only modules without parts count as layers, so that what a module does
    between its parts, as adding them, is in no count of values, and only convolutions and matrix
    products are in that of multiplications.

    Args:
        network: One whose shapes do not depend on what it is given.
        window: Its input.
    """
    shapes = copy.deepcopy(network).to("meta")
    given = [tensor.to("meta") for tensor in window]
    values = 0

    def count(_layer: nn.Module, taken: Any, made: Any) -> None:
        nonlocal values
        values += sum(tensor.numel() for tensor in _tensors((taken, made)))

    layers = [one for one in shapes.modules() if not any(True for _ in one.children())]
    # These hand on what they are given.
    counted = [one for one in layers if not isinstance(one, (nn.Identity, nn.Dropout))]
    hooks = [one.register_forward_hook(count) for one in counted]
    with torch.no_grad():
        shapes.eval()(*given)
    for hook in hooks:
        hook.remove()
    weights = [*shapes.parameters(), *shapes.buffers()]
    return Work(count_macs(shapes, *given), sum(one.numel() for one in weights), values)


def _tensors(content: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested lists and tuples."""
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, (list, tuple)):
        for one in content:
            yield from _tensors(one)


@dataclass(frozen=True)
class Ceilings:
    """What a device was seen to do at most.

    Attributes:
        flops: Multiplications and additions a second of a product of large matrices, by type.
        bandwidth: Bytes a second of a large copy, read and written ones added up.
    """

    flops: dict[torch.dtype, float]
    bandwidth: float


def measure_ceilings(
    device: torch.device, dtypes: Sequence[torch.dtype], *, side: int, copied: int, rounds: int
) -> Ceilings:
    """Measure a device by its fastest round.

    A GPU multiplies 32-bit floats as TF32 here, which is what PyTorch lets convolutions do.

    Args:
        device: What is measured.
        dtypes: Types to multiply.
        side: Rows and columns of the matrices.
        copied: Bytes to copy.
        rounds: Rounds in which products and copy take turns.
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
    """Return when all that was asked of a device is done; a CPU does it at once."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
