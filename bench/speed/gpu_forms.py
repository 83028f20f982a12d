"""The forms in which a GPU can run a network: in lower precision, compiled, as a CUDA graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.layers.instances import Instances

WARM_UPS = 3
"""Passes before a capture, in which libraries choose kernels and reserve memory."""

_MOST_SHAPES = 64
"""Limit of shapes and precisions for which `torch.compile` compiles a network."""

Inputs = tuple[Tensor, ...]
Runner = Callable[..., Tensor]
"""From a batch of windows to logits (N, K)."""


@dataclass(frozen=True)
class Form:
    """How a network is run.

    Attributes:
        name: Name in the tables.
        dtype: Type in which autocast computes; 32-bit floats mean no autocast.
        compiled: Whether `torch.compile` compiles it.
        graphed: Whether its kernels are recorded once and then replayed in one call.
    """

    name: str
    dtype: torch.dtype = torch.float32
    compiled: bool = False
    graphed: bool = False


EAGER = Form("eager")
FORMS = (
    EAGER,
    Form("bf16", torch.bfloat16),
    Form("fp16", torch.float16),
    Form("compile", compiled=True),
    Form("graph", graphed=True),
    Form("graph-bf16", torch.bfloat16, graphed=True),
    Form("graph-fp16", torch.float16, graphed=True),
    Form("compile-graph-bf16", torch.bfloat16, compiled=True, graphed=True),
)

TOLERANCES = {torch.float32: 5e-3, torch.bfloat16: 0.1, torch.float16: 0.02}
"""Greatest difference of logits from those of eager 32-bit floats, as a share of the largest logit.

The value for 32-bit floats allows for TF32, whose mantissa is as long as that of 16-bit floats."""


class EveryInstance(nn.Module):
    """One of our networks that also computes instances that were not seen, and then ignores them.

    The network itself leaves them out. Its shapes then depend on the input: the CPU has to wait for
    the GPU, and no graph can be recorded. The logits are the same.
    """

    def __init__(self, network: BHaRNet) -> None:
        """Wrap a network in evaluation mode."""
        super().__init__()
        self.network = network

    def forward(self, body: Tensor, body_mask: Tensor, hands: Tensor, hand_mask: Tensor) -> Tensor:
        """Return logits (N, K) of the ensemble; arguments as for `BHaRNet`."""
        parts = (_every_instance(body, body_mask), _every_instance(hands, hand_mask))
        return self.network.observe(*parts)[0].ensemble


def _every_instance(x: Tensor, mask: Tensor) -> Instances:
    """Return all instances of (N, C, T, V, I), whether or not seen in mask (N, T, I)."""
    count, channels, frames, joints, instances = x.shape
    flat = x.permute(0, 4, 1, 2, 3).reshape(count * instances, channels, frames, joints)
    return Instances(flat, torch.arange(len(flat), device=x.device), mask)


class Graph:
    """A CUDA graph of a network for one size of batch."""

    def __init__(self, run: Runner, example: Inputs) -> None:
        """Record `run` for an input of these shapes, on the GPU of the input."""
        self._inputs = [tensor.clone() for tensor in example]
        side_stream = torch.cuda.Stream()
        side_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side_stream):
            for _ in range(WARM_UPS):
                run(*self._inputs)
        torch.cuda.current_stream().wait_stream(side_stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = run(*self._inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return the logits; the next call overwrites them."""
        for buffer, tensor in zip(self._inputs, inputs, strict=True):
            buffer.copy_(tensor)
        self._graph.replay()
        return self._logits


def compiled(network: nn.Module) -> nn.Module:
    """Return a network that is compiled for each shape when it first occurs."""
    made: Any = torch.compile(network, dynamic=False)
    return made


def shapes_allowed() -> AbstractContextManager[Any]:
    """Return a context in which compiling for too many shapes fails, instead of running eager."""
    from torch._dynamo import config

    allowed: AbstractContextManager[Any] = config.patch(
        recompile_limit=_MOST_SHAPES, fail_on_recompile_limit_hit=True
    )
    return allowed


def why_not_compiled(device: torch.device) -> str:
    """Return why `torch.compile` does not work for a device; an empty text if it works."""
    try:
        torch.compile(lambda x: x * 2 + 1)(torch.zeros(8, device=device))
    except Exception as error:  # a missing compiler can raise anything
        return f"torch.compile does not work here ({type(error).__name__})"
    return ""


def precision(form: Form, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context with the precision of a form."""
    if form.dtype == torch.float32:
        return nullcontext()
    # Cached conversions of weights would not be part of a recorded graph.
    return torch.autocast(device.type, form.dtype, cache_enabled=not form.graphed)


def runner(form: Form, network: nn.Module, example: Inputs) -> Runner:
    """Return a function that runs a network in a form; record its graph if the form has one.

    Args:
        form: The form.
        network: In evaluation mode, on the device of the input; compiled if the form is.
        example: Input of the shapes that will be run.
    """
    device = example[0].device

    def run(*inputs: Tensor) -> Tensor:
        with torch.inference_mode(), precision(form, device):
            logits = network(*inputs)
        return logits if isinstance(logits, Tensor) else logits.ensemble

    return Graph(run, example) if form.graphed else run


def other_windows(windows: Inputs) -> Inputs:
    """Return another input of the same shapes; for ours, the first window shows no hand."""
    other = [-windows[0], *(tensor.clone() for tensor in windows[1:])]
    if len(windows) == 4:
        other[2] = -other[2]
        other[3][0] = 0.0
    return tuple(other)


def relative_difference(expected: Tensor, found: Tensor) -> float:
    """Return the greatest difference of logits, as a share of the largest expected logit.

    The difference is infinite if a logit is not a number or the shapes differ.
    """
    if expected.shape != found.shape:
        return math.inf
    share = float((expected.float() - found.float()).abs().max() / expected.float().abs().max())
    return share if math.isfinite(share) else math.inf


def greatest_difference(reference: Runner, other: Runner, batches: Sequence[Inputs]) -> float:
    """Return the greatest `relative_difference` of `other` from `reference` over some batches."""
    return max(relative_difference(reference(*batch), other(*batch)) for batch in batches)
