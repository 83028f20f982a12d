"""Measures the cost of a network: parameters, multiply-adds and time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from bharnet_ros.network.bharnet import StreamInputs


def count_macs(module: nn.Module, *inputs: Tensor | StreamInputs) -> int:
    """Switch a module to evaluation mode; return the multiply-adds of one pass."""
    counter = FlopCounterMode(display=False)
    # The counter knows matrix products, but not every fused attention kernel: on a CPU it would
    # miss attention entirely.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        module.eval()(*inputs)
    return counter.get_total_flops() // 2


def count_parameters(module: nn.Module) -> int:
    """Return the number of trained parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def seconds_in_turn(
    candidates: Sequence[Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] | None = None,
) -> list[list[float]]:
    """Return the seconds of each candidate in each round; the first round is not counted.

    The candidates take turns, so that other load on the machine affects them equally.

    Args:
        candidates: Functions to time.
        rounds: Number of rounds to count.
        clock: Returns the time in seconds; None means the wall clock. `time.process_time` leaves
            out the time in which other programs run.
    """
    now = clock or time.perf_counter
    taken: list[list[float]] = [[] for _ in candidates]
    for number in range(rounds + 1):
        for times, candidate in zip(taken, candidates, strict=True):
            start = now()
            candidate()
            if number:
                times.append(now() - start)
    return taken


def median_seconds(candidates: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Return the median seconds of each candidate over several rounds of `seconds_in_turn`."""
    return [statistics.median(times) for times in seconds_in_turn(candidates, repeats)]
