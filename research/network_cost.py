"""Measure what a network costs: parameters, multiplications, and time before and after folding."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.features.streams import prepare_streams
from bharnet_ros.features.tensors import NetworkTensors, stream_tensors
from bharnet_ros.network.build import build_network
from bharnet_ros.network.cost import count_macs, count_parameters, median_seconds
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.settings import BackboneSettings
from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.resources import find_model, find_resource
from bharnet_ros.training.settings import TrainingSettings, read_settings
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import HAND_LANDMARKS
from bharnet_ros.types.layouts import get_layout

CONFIGS = (find_resource("config/train"), Path(__file__).parent / "config")
"""Folders whose settings can be given by name."""


@dataclass(frozen=True)
class NetworkCost:
    """What one network costs.

    Attributes:
        name: Name of the settings or of the model bundle.
        variant: Network variant.
        fusion: How the logits of the experts are joined; empty where there is one expert.
        streams: Names of the streams beside the skeleton.
        frames: Frames T of a window.
        parameters: Number of trained parameters.
        macs: Multiply-accumulate operations of the folded network for one window of one person with
            both hands, in which every stream sees all it can. Convolutions, matrix products and
            attention count; operations on single values do not.
        seconds: Median time of such a window on one CPU thread; None if it was not measured.
        folded_seconds: The same for the folded network.
    """

    name: str
    variant: str
    fusion: str
    streams: tuple[str, ...]
    frames: int
    parameters: int
    macs: int
    seconds: float | None = None
    folded_seconds: float | None = None


def random_windows(description: BundleDescription, people: int = 1) -> NetworkTensors:
    """Return a random window for each of N people, with every part visible.

    Body and hands are random. Other streams get the example that their preparation gives.

    Raises:
        InputError: A stream is unknown or its options are wrong; names it.
    """
    features = description.features
    generator = torch.Generator().manual_seed(0)
    joints = len(get_layout(features.body_layout))
    body = (people, features.body_channels, features.frames, joints, 1)
    hands = (people, features.hand_channels, features.frames, HAND_LANDMARKS, 2)
    streams = prepare_streams(description.streams)
    return (
        torch.randn(body, generator=generator),
        torch.ones(people, features.frames, 1),
        torch.randn(hands, generator=generator),
        torch.ones(people, features.frames, 2),
        stream_tensors({name: one.example(people) for name, one in streams.items()}),
    )


def network_cost(description: BundleDescription, repeats: int = 0) -> NetworkCost:
    """Measure the network that a bundle describes, with random weights, which cost the same.

    Args:
        description: Of the bundle, or of the bundle that training would write.
        repeats: Number of windows to time; 0 skips timing.
    """
    settings = description.network_settings()
    network = build_network(settings).eval()
    skeleton = network.skeleton if isinstance(network, Multimodal) else network
    folded = fold_for_inference(network)
    window = random_windows(description)
    times: list[float | None] = [None, None]
    if repeats:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                passes = [lambda: network(*window), lambda: folded(*window)]
                times = [*median_seconds(passes, repeats)]
        finally:
            torch.set_num_threads(threads)
    return NetworkCost(
        name=description.name,
        variant=settings.variant,
        fusion=settings.interaction.fusion if hasattr(skeleton, "fuse") else "",
        streams=tuple(settings.streams),
        frames=description.frames,
        parameters=count_parameters(network),
        macs=count_macs(folded, *window),
        seconds=times[0],
        folded_seconds=times[1],
    )


def config_settings(config: str | Path) -> TrainingSettings:
    """Read training settings, given by file or by name.

    Args:
        config: YAML file of `bharnet train`, or the name of a file in `CONFIGS`.

    Raises:
        InputError: A setting cannot be used; names file and key.
        OSError: There is no such file.
    """
    path = Path(config)
    if path.suffix == ".yaml":
        return read_settings(path)
    candidates = [folder / f"{config}.yaml" for folder in CONFIGS]
    return read_settings(next(filter(Path.is_file, candidates), candidates[0]))


def config_description(config: str | Path) -> BundleDescription:
    """Return the description of the bundle that some settings train; see `config_settings`."""
    return config_settings(config).bundle_description()


def full_size(description: BundleDescription) -> BundleDescription:
    """Return a copy with backbones of the published size: ten blocks, one graph per channel."""
    return replace(description, body=BackboneSettings(), hand=BackboneSettings())


def format_costs(costs: Sequence[NetworkCost]) -> str:
    """Return the costs as a table for a terminal."""
    header = ["name", "variant", "fusion", "streams", "frames", "parameters", "million MACs"]
    timed = any(cost.seconds is not None for cost in costs)
    if timed:
        header += ["ms", "folded ms", "folded / unfolded"]
    rows = []
    for cost in costs:
        row = [cost.name, cost.variant, cost.fusion or "-"]
        row += [", ".join(cost.streams) or "-", str(cost.frames)]
        row += [f"{cost.parameters:,}".replace(",", " "), f"{cost.macs / 1e6:.2f}"]
        if cost.seconds is not None and cost.folded_seconds is not None:
            row += [f"{cost.seconds * 1e3:.1f}", f"{cost.folded_seconds * 1e3:.1f}"]
            row += [f"{cost.folded_seconds / cost.seconds:.2f}"]
        rows.append(row)
    return format_table(header, rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research network-cost`."""
    parser.add_argument(
        "configs",
        nargs="*",
        metavar="CONFIG",
        help="YAML files of `bharnet train`, or names of those in config/train and research/config "
        "(default without --model: all of these)",
    )
    parser.add_argument(
        "--model", nargs="+", default=[], metavar="NAME", help="names or folders of model bundles"
    )
    parser.add_argument(
        "--full-size",
        action="store_true",
        help="use backbones of the paper's size instead of the network's own",
    )
    parser.add_argument(
        "--time", action="store_true", help="also time a window on one thread, folded and not"
    )
    parser.add_argument(
        "--repeats", type=int, default=50, help="number of windows to time (default: %(default)s)"
    )
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research network-cost`; returns the exit status.

    Raises:
        InputError: Settings or a model cannot be used; names the file.
        OSError: A file cannot be read or written.
    """
    if arguments.repeats < 1:
        raise InputError(f"--repeats: must be positive, got {arguments.repeats}")
    configs = arguments.configs
    if not configs and not arguments.model:
        configs = sorted(file for folder in CONFIGS for file in folder.glob("*.yaml"))
    descriptions = [config_description(config) for config in configs]
    descriptions += [load_bundle(find_model(model)).description for model in arguments.model]
    if arguments.full_size:
        descriptions = [full_size(description) for description in descriptions]
    repeats = arguments.repeats if arguments.time else 0
    costs = [network_cost(description, repeats) for description in descriptions]
    show(arguments, format_costs(costs), {"networks": [asdict(cost) for cost in costs]})
    return 0
