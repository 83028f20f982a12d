"""Measure what the stream `rgb` costs beside the skeleton, from image to scores.

    python -m bench.speed.rgb [--quick] [--rounds 30] [--people 1 2 4 8] [--threads 1] [--clock cpu]

People of the puppet stand in an image of 640 x 480, with both hands in view. *crops* is the time to
cut and scale the crops of one image. *skeleton* and *multimodal* are the time to score windows
(features, network and calibration) with the same settings without and with the stream. Weights are
random. All take turns in one process. A robot cuts crops twice for each moment of a window that the
network sees, and scores five or ten windows per second.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench.command_line import run_bench
from bench.measuring import CLOCKS, add_clock_argument
from bench.speed.crowd import FPS, HEIGHT, WIDTH, crowd, record_person
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.features.rgb_settings import RgbSettings
from bharnet_ros.network.build import build_network
from bharnet_ros.network.cost import seconds_in_turn
from bharnet_ros.pipeline.crops import RGB, make_rgb_feed
from bharnet_ros.pose.cropping import cut_all
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer
from bharnet_ros.recognition.weights import write_bundle
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import PersonKeypoints
from research.network_cost import config_description, network_cost

SCRIPT = "two_people"
WINDOWS_A_SECOND = 5.0
PARTS = ("crops", "skeleton", "multimodal")


@contextlib.contextmanager
def random_bundle(description: BundleDescription) -> Iterator[ModelBundle]:
    """Return a model with random weights."""
    torch.manual_seed(0)
    network = build_network(description.network_settings())
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder), description, network.state_dict(), "")
        yield load_bundle(folder)


def full_windows(
    recognizer: Recognizer,
    recorded: Sequence[PersonKeypoints],
    people: int,
    image: Any,
    *,
    with_crops: bool,
) -> tuple[SlidingRecognizer, DueWindows]:
    """Return a recognizer and its windows, filled with the people of `crowd`."""
    sliding = SlidingRecognizer(recognizer, stride_s=0.0)
    feed = make_rgb_feed(recognizer.description, sliding.window_s, wanted=with_crops)
    due = None
    for frame in itertools.islice(crowd(recorded, people), round(sliding.window_s * FPS) + 2):
        cut = feed is not None and feed.due(frame.stamp_ns)
        due = sliding.push(frame, feed.cut(image, frame) if feed is not None and cut else None)
    assert due is not None and len(due.sequences) == people
    return sliding, due


def measure(
    description: BundleDescription, people: Sequence[int], rounds: int, clock: str
) -> list[dict[str, Any]]:
    """Return the seconds of each of `PARTS` in each round, by the number of people.

    Raises:
        InputError: The settings have no stream `rgb`.
    """
    if RGB not in description.streams:
        raise InputError(f"--config: {description.name} has no stream {RGB!r}")
    settings = RgbSettings.of(description.streams[RGB]).crops
    image = open_puppet(SCRIPT, width=WIDTH, height=HEIGHT, fps=FPS).frame(0).image
    with random_bundle(description) as bundle:
        multimodal = Recognizer(bundle, "cpu")
    with random_bundle(replace(description, streams={})) as bundle:
        skeleton = Recognizer(bundle, "cpu")
    recorded = record_person()
    results = []
    for count in people:
        frame = next(crowd(recorded, count))

        def cut(frame: Any = frame) -> object:
            return cut_all(image, frame, settings)

        passes: list[Callable[[], object]] = [cut]
        for recognizer in (skeleton, multimodal):
            windows = full_windows(
                recognizer, recorded, count, image, with_crops=recognizer is multimodal
            )
            passes.append(lambda windows=windows: windows[0].score(windows[1]))  # type: ignore[misc]
        taken = seconds_in_turn(passes, rounds, CLOCKS[clock])
        results.append({"people": count, **dict(zip(PARTS, taken, strict=True))})
    return results


def format_results(description: BundleDescription, results: Sequence[dict[str, Any]]) -> str:
    """Return the table of milliseconds of each part, and their share of the time of a core."""
    moments = RgbSettings.of(description.streams[RGB]).crops.moments
    cuts_a_second = 2 * moments / description.window_s
    rows = []
    for one in results:
        crops, skeleton, multimodal = (statistics.median(one[part]) for part in PARTS)
        ratios = [
            both / skeleton_alone
            for both, skeleton_alone in zip(one["multimodal"], one["skeleton"], strict=True)
        ]
        share = cuts_a_second * crops + WINDOWS_A_SECOND * multimodal
        rows.append(
            [
                *(str(one["people"]), f"{1e3 * crops:.2f}", f"{1e3 * skeleton:.1f}"),
                *(f"{1e3 * multimodal:.1f}", f"{statistics.median(ratios):.2f}", f"{share:.1%}"),
            ]
        )
    titles = [
        *("people", "crops of an image ms", "skeleton ms", "multimodal ms"),
        *("multimodal / skeleton", f"share of time at {WINDOWS_A_SECOND:g} Hz"),
    ]
    return format_table(titles, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", default="multimodal", help="settings of `bharnet train`")
    parser.add_argument("--rounds", type=int, default=30, help="rounds (default: %(default)s)")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of the network (default: 1)"
    )
    parser.add_argument("--quick", action="store_true", help="2 rounds, to check that it runs")
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if min(options.rounds, options.threads, *options.people) < 1:
        parser.error("--rounds, --threads and --people must be positive")
    rounds = 2 if options.quick else options.rounds
    torch.set_num_threads(options.threads)
    description = config_description(options.config)
    results = measure(description, options.people, rounds, options.clock)
    macs = {
        name: network_cost(one).macs
        for name, one in (
            ("skeleton", replace(description, streams={})),
            ("multimodal", description),
        )
    }
    text = (
        f"{description.name}, {options.threads} thread(s), {rounds} rounds, {options.clock} clock\n"
        f"million MACs of one person: skeleton {macs['skeleton'] / 1e6:.1f}, "
        f"multimodal {macs['multimodal'] / 1e6:.1f}\n\n"
    )
    content = {"config": description.name, "macs": macs, "results": results}
    show(options, text + format_results(description, results), content)
    return 0


if __name__ == "__main__":
    run_bench(main)
