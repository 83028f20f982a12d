"""Compare how fast our networks and published ones score windows of the same frames and joints.

    python -m bench.speed.recognition [--quick] [--rounds 15] [--people 1 2 4 8] [--threads 1 2]
        [--json]

Ours are the models `gestures` and `gestures_light`, the variants of config/train with random
weights, and `base` with as many blocks and channels as the peers have (`base, full`). Each is
measured as trained, and folded as the recognizer runs it. The peers (bench/peers) run as their
users run them: PyTorch, eager, 32-bit floats, one modality. A window is T frames of one person; the
people are the batch. Ours take body and hands separately: 21 joints of the body and two hands of
21. The peers take the same V = 63 joints as one graph, with the hands attached to the wrists, and
the same T. All networks take turns in one process. Ratios are taken within a round, and medians
over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from bench.command_line import run_bench
from bench.measuring import CLOCKS, add_clock_argument
from bench.peers.ctrgcn import CTRGCN
from bench.peers.published import (
    check_against_published,
    compare_with_published,
    format_comparisons,
)
from bench.peers.stgcnpp import STGCNPP
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.features.tensors import StreamTensors
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.network.cost import count_macs, count_parameters, seconds_in_turn
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.layers.adjacency import tree_partition, unified_parents
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.resources import find_model
from bharnet_ros.types.layouts import get_layout
from research.network_cost import config_description, full_size, random_windows

MODELS = ("gestures", "gestures_light")
CONFIGS = ("base", "expertized", "pooling", "unified")
WIDE = "base"
PEER = "CTR-GCN"
COORDINATES = 3
"""Coordinates of a joint in one modality of the peers."""

TARGETS = {"gestures": 3.0, "gestures_light": 6.0}
"""Targets: how many times as fast as CTR-GCN the folded network should be."""

MOST_FOR_EIGHT = 3.0
"""Target: the cost of eight people over that of one."""

Inputs = tuple[Tensor | StreamTensors, ...]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network to measure.

    Attributes:
        name: Name of the model, of the settings or of the peer.
        form: `trained`, `folded` or `eager`.
        frames: Frames T.
        network: In evaluation mode.
        parameters: Number of trained parameters.
        windows: Returns the input for a number of people.
    """

    name: str
    form: str
    frames: int
    network: nn.Module
    parameters: int
    windows: Callable[[int], Inputs]


def ours(description: BundleDescription, network: BHaRNet | None = None) -> list[Candidate]:
    """Return a network as trained and folded; without `network`, it gets random weights."""
    network = network or build_network(description.network_settings())
    trained = network.eval().requires_grad_(False)
    return [
        Candidate(
            *(description.name, form, description.frames, made, count_parameters(trained)),
            lambda people: random_windows(description, people),
        )
        for form, made in (("trained", trained), ("folded", fold_for_inference(trained)))
    ]


def peers(description: BundleDescription) -> list[Candidate]:
    """Return the peers for the frames, joints and classes of one of our networks."""
    body, hand = get_layout(description.body_layout), get_layout(description.hand_layout)
    partition = torch.from_numpy(tree_partition(unified_parents(body, hand)))
    joints, frames = partition.shape[1], description.frames
    classes = len(description.class_names)

    def windows(people: int) -> Inputs:
        generator = torch.Generator().manual_seed(0)
        return (torch.randn(people, COORDINATES, frames, joints, 1, generator=generator),)

    made = {PEER: CTRGCN(partition, classes), "ST-GCN++": STGCNPP(partition, classes)}
    return [
        Candidate(
            *(name, "eager", frames, network.eval().requires_grad_(False)),
            *(count_parameters(network), windows),
        )
        for name, network in made.items()
    ]


def candidates() -> list[Candidate]:
    """Return all networks: ours, and the peers once for each number of frames of ours."""
    bundles = [load_bundle(find_model(name)) for name in MODELS]
    descriptions = [config_description(name) for name in CONFIGS]
    descriptions.append(replace(full_size(config_description(WIDE)), name=f"{WIDE}, full"))
    found = [one for bundle in bundles for one in ours(bundle.description, load_network(bundle))]
    for description in descriptions:
        found += ours(description)
    everything = [*(bundle.description for bundle in bundles), *descriptions]
    by_frames = {one.frames: one for one in everything}
    for description in by_frames.values():
        found += peers(description)
    return found


def measure(
    networks: Sequence[Candidate], people: Sequence[int], rounds: int, clock: str
) -> dict[tuple[int, int], list[float]]:
    """Return the seconds of each round by (index of the network, people in the batch)."""

    def scoring(network: nn.Module, windows: Inputs) -> Callable[[], object]:
        return lambda: network(*windows)

    keys = [(index, count) for count in people for index in range(len(networks))]
    passes = [scoring(networks[index].network, networks[index].windows(n)) for index, n in keys]
    with torch.inference_mode():
        return dict(zip(keys, seconds_in_turn(passes, rounds, CLOCKS[clock]), strict=True))


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median over the rounds of the ratio within each round."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


def evaluate(
    networks: Sequence[Candidate],
    seconds: dict[tuple[int, int], list[float]],
    people: Sequence[int],
) -> list[dict[str, Any]]:
    """Return the rows of the tables, for each network and number of people."""
    peer = {one.frames: index for index, one in enumerate(networks) if one.name == PEER}
    fewest = min(people)
    return [
        {
            "name": one.name,
            "form": one.form,
            "frames": one.frames,
            "people": count,
            "ms": 1e3 * statistics.median(seconds[index, count]),
            "windows_per_s": count / statistics.median(seconds[index, count]),
            "times_peer": median_ratio(seconds[peer[one.frames], count], seconds[index, count]),
            "times_fewest": median_ratio(seconds[index, count], seconds[index, fewest]),
        }
        for index, one in enumerate(networks)
        for count in people
    ]


def format_sizes(networks: Sequence[Candidate]) -> str:
    """Return the table of parameters and of multiplications for a window of one person."""
    rows = []
    for one in networks:
        macs = count_macs(one.network, *one.windows(1))
        parameters = f"{one.parameters:,}".replace(",", " ")
        rows.append([one.name, one.form, str(one.frames), parameters, f"{macs / 1e9:.4f}"])
    return format_table(["network", "form", "T", "parameters", "GMACs"], rows)


def format_speeds(results: Sequence[dict[str, Any]], people: Sequence[int]) -> str:
    """Return one table per measure."""
    columns = [f"{count} people" if count > 1 else "1 person" for count in people]
    lines: list[str] = []
    for title, field, digits in (
        ("ms for the batch (median)", "ms", 2),
        ("windows/s", "windows_per_s", 1),
        (f"times as fast as {PEER}", "times_peer", 2),
        (f"cost over that of {columns[0]}", "times_fewest", 2),
    ):
        rows = []
        for start in range(0, len(results), len(people)):
            group = results[start : start + len(people)]
            first = group[0]
            cells = [f"{one[field]:.{digits}f}" for one in group]
            rows.append([first["name"], first["form"], str(first["frames"]), *cells])
        lines += [title, format_table(["network", "form", "T", *columns], rows), ""]
    return "\n".join(lines)


def format_targets(results: Sequence[dict[str, Any]]) -> str:
    """Return the measured values beside the targets."""
    lines = []
    for one in results:
        if one["form"] != "folded" or one["name"] not in TARGETS:
            continue
        name, people = one["name"], one["people"]
        ratio, least = one["times_peer"], TARGETS[name]
        verdict = "reached" if ratio >= least else "missed"
        lines.append(
            f"{name}, {people} in the batch: {ratio:.1f} times as fast as {PEER} "
            f"(at least {least:g}: {verdict})"
        )
        if people == 8:
            cost = one["times_fewest"]
            verdict = "reached" if cost <= MOST_FOR_EIGHT else "missed"
            lines.append(
                f"{name}: 8 people cost {cost:.1f} times what one does "
                f"(at most {MOST_FOR_EIGHT:g}: {verdict})"
            )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds (default: %(default)s)")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--quick", action="store_true", help="2 rounds, to check that it runs")
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if min(options.rounds, *options.people, *options.threads) < 1:
        parser.error("--rounds, --people and --threads must be positive")
    people, rounds = sorted(set(options.people)), 2 if options.quick else options.rounds
    comparisons = compare_with_published()
    check_against_published(comparisons)
    networks = candidates()
    texts = ["The peers beside what was published:", format_comparisons(comparisons), ""]
    texts += ["A window of one person with both hands:", format_sizes(networks), ""]
    content: dict[str, Any] = {"clock": options.clock, "rounds": rounds, "threads": {}}
    for threads in options.threads:
        torch.set_num_threads(threads)
        results = evaluate(networks, measure(networks, people, rounds, options.clock), people)
        content["threads"][threads] = results
        texts.append(f"== {threads} thread(s), {rounds} rounds, {options.clock} clock")
        texts += [format_speeds(results, people), format_targets(results), ""]
    show(options, "\n".join(texts).rstrip(), content)
    return 0


if __name__ == "__main__":
    run_bench(main)
