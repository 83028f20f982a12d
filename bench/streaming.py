"""The most that reusing work between overlapping windows could gain.

    python bench/streaming.py [--quick] [--rounds 20] [--people 1 8] [--clock cpu]

A window differs from the one before by the frames of one stride. Whatever form reuse takes, those
frames have to go through every layer. So the folded backbones run here over one window, and over
the new frames alone, as if all else were known and cost nothing: no form of reuse is faster. The
second form has graphs that no input refines: refinement compares all joints of a window however
many of its frames are new.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bharnet_ros.evaluation.network_cost import seconds_in_turn
from bharnet_ros.evaluation.report import add_report_arguments, format_table, show
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.graph_convolution import TopologyRefiningGraphConvolution
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_model

from clocks import CLOCKS, add_clock_argument

MODELS = ("gestures", "gestures_light")
TARGET = 5.0
"""How many times as fast as recomputing each window reuse was to be."""

REPEATS = 3
"""Passes that are timed together: one is short."""


def with_fixed_graphs(network: nn.Module) -> nn.Module:
    """Give every graph convolution the graph it learned, whatever the input."""
    for layer in network.modules():
        if isinstance(layer, TopologyRefiningGraphConvolution):
            joints = layer.adjacency.shape[1]
            graph = layer.adjacency.permute(1, 0, 2).reshape(1, joints, -1).contiguous()

            def fixed(x: Tensor, graph: Tensor = graph, groups: int = layer.groups) -> Tensor:
                return graph.expand(len(x) * groups, -1, -1)

            layer._topology = fixed  # type: ignore[method-assign]
    return network


def measure(
    name: str, people: Sequence[int], rounds: int, clock: str, *, fixed: bool
) -> list[dict[str, Any]]:
    """Return milliseconds of a window and of its new frames for each number of people."""
    bundle = load_bundle(find_model(name))
    description, features = bundle.description, bundle.description.features
    network: Any = fold_for_inference(bundle.network)
    if fixed:
        with_fixed_graphs(network)
    frames = features.frames
    new = math.ceil(description.stride_s / description.window_s * (frames - 1))
    results = []
    for count in people:
        inputs = {
            length: [
                (
                    expert.backbone,
                    torch.randn(count * each, channels, length, expert_joints(expert)),
                )
                for expert, channels, each in (
                    (network.body, features.body_channels, 1),
                    (network.hand, features.hand_channels, 2),
                )
            ]
            for length in (frames, new)
        }

        def passes(
            length: int, inputs: dict[int, list[tuple[nn.Module, Tensor]]] = inputs
        ) -> Callable[[], None]:
            def run() -> None:
                for _ in range(REPEATS):
                    for backbone, x in inputs[length]:
                        backbone(x)

            return run

        with torch.inference_mode():
            whole, part = seconds_in_turn([passes(frames), passes(new)], rounds, CLOCKS[clock])
        gain = statistics.median(one / other for one, other in zip(whole, part, strict=True))
        results.append(
            {
                "model": name,
                "graphs": "fixed" if fixed else "refined",
                "people": count,
                "frames": frames,
                "new": new,
                "ms_window": 1e3 * statistics.median(whole) / REPEATS,
                "ms_new": 1e3 * statistics.median(part) / REPEATS,
                "gain": gain,
            }
        )
    return results


def expert_joints(expert: Any) -> int:
    """Return the joints V of an expert's skeleton."""
    return int(expert.backbone.blocks[0].spatial.adjacency.shape[-1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="rounds (default: %(default)s)")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--quick", action="store_true", help="2 rounds")
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if min(options.rounds, *options.people) < 1:
        parser.error("--rounds and --people must be positive")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rounds = 2 if options.quick else options.rounds
    results = [
        one
        for name in MODELS
        for fixed in (False, True)
        for one in measure(name, options.people, rounds, options.clock, fixed=fixed)
    ]
    rows = [
        [
            *(one["model"], one["graphs"], str(one["people"])),
            *(str(one["frames"]), str(one["new"])),
            *(f"{one['ms_window']:.2f}", f"{one['ms_new']:.2f}", f"{one['gain']:.1f}"),
        ]
        for one in results
    ]
    titles = ["model", "graphs", "people", "T", "new", "ms window", "ms new", "times as fast"]
    best = max(one["gain"] for one in results if one["graphs"] == "refined")
    verdict = "could" if best >= TARGET else "cannot"
    text = f"1 thread, {rounds} rounds, {options.clock} clock\n\n{format_table(titles, rows)}\n"
    text += f"Reuse {verdict} make these networks {TARGET:g} times as fast.\n"
    show(options, text.rstrip(), {"results": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
