"""The forms in which a GPU can run a network: precision, compiled, as a CUDA graph."""

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
"""Passes before a capture: libraries choose their kernels and reserve their memory in the first."""

_MOST_SHAPES = 64
"""Shapes and precisions that `torch.compile` may compile a network for."""

Inputs = tuple[Tensor, ...]
Runner = Callable[..., Tensor]
"""From a batch of windows to logits (N, K)."""


@dataclass(frozen=True)
class Form:
    """How a network is run.

    Attributes:
        name: For the tables.
        dtype: What autocast computes in; 32-bit floats are no autocast.
        compiled: Whether by `torch.compile`.
        graphed: Whether its kernels are recorded once, and then replayed in one call.
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

MOST_APART = {torch.float32: 5e-3, torch.bfloat16: 0.1, torch.float16: 0.02}
"""How far logits may be from those of eager 32-bit floats, as a share of the greatest of them.

Those of 32-bit floats leave room for TF32, which has as many binary digits as 16-bit floats."""


class EveryInstance(nn.Module):
    """One of our networks that computes instances which nobody saw too, and then ignores them.

    Leaving them out, as the network does by itself, makes shapes depend on the input: the CPU has
    to wait for the GPU, and no graph can be recorded. The logits are the same.
    """

    def __init__(self, network: BHaRNet) -> None:
        """Take a network in evaluation mode."""
        super().__init__()
        self.network = network

    def forward(self, body: Tensor, body_mask: Tensor, hands: Tensor, hand_mask: Tensor) -> Tensor:
        """Return logits (N, K) of the ensemble; arguments as for `BHaRNet`."""
        parts = (_every_instance(body, body_mask), _every_instance(hands, hand_mask))
        return self.network.observe(*parts)[0].ensemble


def _every_instance(x: Tensor, mask: Tensor) -> Instances:
    """Return all instances of (N, C, T, V, I), seen in mask (N, T, I) or not."""
    count, channels, frames, joints, instances = x.shape
    flat = x.permute(0, 4, 1, 2, 3).reshape(count * instances, channels, frames, joints)
    return Instances(flat, torch.arange(len(flat), device=x.device), mask)


class Graph:
    """A CUDA graph of a network for one size of batch."""

    def __init__(self, run: Runner, example: Inputs) -> None:
        """Record what is run for an input of these shapes, on the GPU that the input is on."""
        self._inputs = [tensor.clone() for tensor in example]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                run(*self._inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = run(*self._inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return logits, which the next call overwrites."""
        for place, tensor in zip(self._inputs, inputs, strict=True):
            place.copy_(tensor)
        self._graph.replay()
        return self._logits


def compiled(network: nn.Module) -> nn.Module:
    """Return a network that is compiled for each shape when it comes."""
    made: Any = torch.compile(network, dynamic=False)
    return made


def shapes_allowed() -> AbstractContextManager[Any]:
    """Return a context in which compiling for many shapes does not end up in eager unnoticed."""
    from torch._dynamo import config

    allowed: AbstractContextManager[Any] = config.patch(
        recompile_limit=_MOST_SHAPES, fail_on_recompile_limit_hit=True
    )
    return allowed


def why_not_compiled(device: torch.device) -> str:
    """Return why `torch.compile` does not work for a device; nothing where it does."""
    try:
        torch.compile(lambda x: x * 2 + 1)(torch.zeros(8, device=device))
    except Exception as error:  # whatever a compiler that is not there leads to
        return f"torch.compile does not work here ({type(error).__name__})"
    return ""


def precision(form: Form, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context of a form's precision."""
    if form.dtype == torch.float32:
        return nullcontext()
    # Weights that were converted before a capture would be out of date in it.
    return torch.autocast(device.type, form.dtype, cache_enabled=not form.graphed)


def runner(form: Form, network: nn.Module, example: Inputs) -> Runner:
    """Return what runs a network in a form, recorded where it is to be.

    Args:
        form: The form.
        network: In evaluation mode, on the device of the input; compiled where the form is.
        example: Input of the shapes that will come.
    """
    device = example[0].device

    def run(*inputs: Tensor) -> Tensor:
        with torch.inference_mode(), precision(form, device):
            said = network(*inputs)
        return said if isinstance(said, Tensor) else said.ensemble

    return Graph(run, example) if form.graphed else run


def other_windows(windows: Inputs) -> Inputs:
    """Return other input of the same shapes; of ours, the first window shows no hand."""
    other = [-windows[0], *(tensor.clone() for tensor in windows[1:])]
    if len(windows) == 4:
        other[2] = -other[2]
        other[3][0] = 0.0
    return tuple(other)


def apart(expected: Tensor, found: Tensor) -> float:
    """Return the greatest difference of logits as a share of the greatest of those expected.

    What is not a number, or has another shape, is infinitely far apart.
    """
    if expected.shape != found.shape:
        return math.inf
    share = float((expected.float() - found.float()).abs().max() / expected.float().abs().max())
    return share if math.isfinite(share) else math.inf


def greatest_difference(reference: Runner, other: Runner, batches: Sequence[Inputs]) -> float:
    """Return how far `other` is from `reference` at most in some batches; see `apart`."""
    return max(apart(reference(*batch), other(*batch)) for batch in batches)
