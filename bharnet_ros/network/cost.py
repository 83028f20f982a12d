"""What a network costs: parameters, multiplications and time."""

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
    """Return the multiplications with an addition of one pass of a module in evaluation mode."""
    counter = FlopCounterMode(display=False)
    # The counter knows matrix products, but not every fused kernel of attention: on a CPU it would
    # count none of it.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        module.eval()(*inputs)
    return counter.get_total_flops() // 2


def count_parameters(module: nn.Module) -> int:
    """Return how many numbers of a module are trained."""
    return sum(parameter.numel() for parameter in module.parameters())


def seconds_in_turn(
    candidates: Sequence[Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] | None = None,
) -> list[list[float]]:
    """Return the seconds of each candidate in each round; the first round is not counted.

    The candidates take turns, which spreads what else the machine does evenly over them.

    Args:
        candidates: What is timed.
        rounds: Rounds to count.
        clock: What tells the time, seconds; None is the wall clock. `time.process_time` leaves out
            the time in which other programs run.
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
    """Return the median seconds of each candidate; they take turns, the first turn is not counted.

    Turns spread what else the machine does evenly over the candidates.
    """
    return [statistics.median(times) for times in seconds_in_turn(candidates, repeats)]
