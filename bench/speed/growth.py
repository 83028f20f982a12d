"""Measure how the cost of the recognition core grows with people, window, stride and hours.

    python -m bench.speed.growth [--quick] [--rounds 30] [--soak-frames 100000] [--threads 1]
        [--json]

Keypoints of the puppet, with both hands in view, go through `SlidingRecognizer` as on a robot:
sliding windows, resampling, features, network, calibration; no ROS, no images. Settings that are
compared take turns in one process. The soak simulates hours of people who come and go, faster than
real time, events included.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import torch

from bench.command_line import run_bench
from bench.measuring import CLOCKS, add_clock_argument
from bench.speed.crowd import FPS, crowd, record_person
from bench.speed.soak import Reading, format_soak, growth_mb, soak
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.resampling import resample
from bharnet_ros.network.cost import seconds_in_turn
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.resources import find_model
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

PEOPLE = tuple(range(1, 9))
WINDOWS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
STRIDES_S = (0.0, 0.1, 0.2, 0.5, 1.0)
STAGES_FOR = (1, 8)

STAGES = ("windows", "resample", "features", "network", "rest")
"""Storing a frame and stacking windows; interpolation in time; normalisation, bones and motion; the
network; calibration and the rest."""

Measurements = dict[Any, list[float]]


def filled_recognizer(
    recognizer: Recognizer, frames: Iterator[FrameKeypoints], window_s: float, stride_s: float
) -> SlidingRecognizer:
    """Return a recognizer whose windows are full."""
    sliding = SlidingRecognizer(recognizer, window_s=window_s, stride_s=stride_s)
    for frame in itertools.islice(frames, round(window_s * FPS) + 2):
        sliding.push(frame)
    return sliding


def time_settings(
    recognizer: Recognizer,
    recorded: Sequence[PersonKeypoints],
    settings: dict[Any, tuple[int, float, float]],
    frames_each: int,
    rounds: int,
    clock: str,
) -> Measurements:
    """Return the seconds that the frames of each round take, by the key of the setting.

    Args:
        recognizer: Scores the windows.
        recorded: Motion of the people.
        settings: People, window and stride (seconds), by any key.
        frames_each: Frames per round.
        rounds: Number of rounds.
        clock: Name in `CLOCKS`.
    """

    def playing(people: int, window_s: float, stride_s: float) -> Callable[[], None]:
        frames = crowd(recorded, people)
        sliding = filled_recognizer(recognizer, frames, window_s, stride_s)

        def play() -> None:
            for frame in itertools.islice(frames, frames_each):
                sliding.update(frame)

        return play

    passes = [playing(*setting) for setting in settings.values()]
    return dict(zip(settings, seconds_in_turn(passes, rounds, CLOCKS[clock]), strict=True))


def time_stages(
    bundle: ModelBundle,
    recorded: Sequence[PersonKeypoints],
    people: int,
    rounds: int,
    clock: str,
) -> dict[str, float]:
    """Return the median seconds of each of `STAGES` for a scored frame."""
    recognizer = Recognizer(bundle, "cpu")
    settings = bundle.description.features
    network = fold_for_inference(load_network(bundle))
    frames = crowd(recorded, people)
    sliding = filled_recognizer(recognizer, frames, bundle.description.window_s, 0.0)
    state: dict[str, Any] = {}

    def push_frame() -> None:
        state["due"] = sliding.push(next(frames))

    def due() -> DueWindows:
        windows: DueWindows = state["due"]
        return windows

    def interpolate() -> None:
        state["batch"] = resample(due().sequences, settings, sliding.window_s)

    def derive() -> None:
        made = network_input(state["batch"], settings)
        state["input"] = [
            torch.from_numpy(array)
            for array in (made.body, made.body_mask, made.hands, made.hand_mask)
        ]

    def run_network() -> None:
        with torch.inference_mode():
            network(*state["input"])

    passes = [push_frame, interpolate, derive, run_network, lambda: sliding.score(due())]
    windows, *parts, whole = seconds_in_turn(passes, rounds, CLOCKS[clock])
    rest = [score - sum(of_parts) for score, *of_parts in zip(whole, *parts, strict=True)]
    return {
        stage: max(statistics.median(times), 0.0)
        for stage, times in zip(STAGES, (windows, *parts, rest), strict=True)
    }


def format_growth(what: str, measured: Measurements, frames_each: int, most_ms: float) -> str:
    """Return the table of milliseconds per frame of each setting, compared with the first.

    Args:
        what: Name of the quantity that grows.
        measured: Seconds of each round by setting.
        frames_each: Frames per round.
        most_ms: Time available for a frame, milliseconds.
    """
    first = next(iter(measured.values()))
    rows = []
    for key, seconds in measured.items():
        ms = 1e3 * statistics.median(seconds) / frames_each
        ratio = statistics.median(one / other for one, other in zip(seconds, first, strict=True))
        rows.append([f"{key:g}", f"{ms:.2f}", f"{ratio:.2f}", f"{ms / most_ms:.1%}"])
    return format_table([what, "ms a frame", "over the first", "of real time"], rows)


def format_stages(stages: dict[int, dict[str, float]]) -> str:
    """Return the table of milliseconds and share of each stage, by number of people."""
    rows = []
    for people, seconds in stages.items():
        total = sum(seconds.values())
        cells = [f"{1e3 * seconds[name]:.2f} ({seconds[name] / total:.0%})" for name in STAGES]
        rows.append([str(people), *cells, f"{1e3 * total:.2f}"])
    return format_table(["people", *(f"{name} ms" for name in STAGES), "total ms"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="gestures", help="name or folder of a model bundle")
    parser.add_argument("--rounds", type=int, default=30, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of the network (default: 1)"
    )
    parser.add_argument(
        "--soak-frames", type=int, default=100_000, help="number of frames; 0 skips the soak"
    )
    parser.add_argument(
        "--soak-stride", type=float, default=1.0, metavar="S", help="stride of the soak, seconds"
    )
    parser.add_argument("--soak-people", type=int, default=4, help="most people in view at once")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="2 rounds and a soak of 5000 frames, to check that it runs",
    )
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if min(options.rounds, options.threads, options.soak_people) < 1 or options.soak_frames < 0:
        parser.error("--rounds, --threads and --soak-people must be positive")
    if not 0 <= options.soak_stride < math.inf:
        parser.error("--soak-stride must not be negative")
    rounds, soak_frames = options.rounds, options.soak_frames
    if options.quick:
        rounds, soak_frames = 2, min(soak_frames, 5000)
    torch.set_num_threads(options.threads)
    bundle = load_bundle(find_model(options.model))
    recognizer = Recognizer(bundle, "cpu")
    recognizer.warm_up()
    recorded = record_person()
    window_s, stride_s = bundle.description.window_s, bundle.description.stride_s
    second = round(FPS)
    clock = options.clock

    def timed(settings: dict[Any, tuple[int, float, float]], frames_each: int) -> Measurements:
        return time_settings(recognizer, recorded, settings, frames_each, rounds, clock)

    by_people = timed({count: (count, window_s, 0.0) for count in PEOPLE}, 1)
    by_window = timed({window: (1, window, 0.0) for window in WINDOWS_S}, 1)
    by_stride = timed({stride: (1, window_s, stride) for stride in STRIDES_S}, second)
    stages = {n: time_stages(bundle, recorded, n, rounds, clock) for n in STAGES_FOR}
    how = f"{bundle.description.name}, {options.threads} thread(s), {rounds} rounds, {clock} clock"
    texts = [
        f"{how}. Real time is the model's stride of {stride_s:g} s, or a frame at {FPS:g} frames/s",
        *("", "People in view, each frame scored:"),
        format_growth("people", by_people, 1, 1e3 * stride_s),
        *("", "Seconds of a window, one person, each frame scored:"),
        format_growth("window_s", by_window, 1, 1e3 * stride_s),
        *("", "Seconds between inferences (0: each frame), one person, mean over all frames:"),
        format_growth("stride_s", by_stride, second, 1e3 / FPS),
        *("", "Where the time of a scored frame goes:"),
        format_stages(stages),
    ]
    readings: list[Reading] = []
    if soak_frames:
        every = max(soak_frames // 10, 1)
        readings = list(
            soak(
                recognizer,
                soak_frames,
                every=every,
                stride_s=options.soak_stride,
                most=options.soak_people,
            )
        )
        texts += ["", f"Memory, stride {options.soak_stride:g} s:", format_soak(readings)]
    content = {
        "model": bundle.description.name,
        "clock": clock,
        "rounds": rounds,
        "people": by_people,
        "window_s": by_window,
        "stride_s": by_stride,
        "stages": stages,
        "soak": [asdict(reading) for reading in readings],
        "soak_growth_mb": growth_mb(readings) if readings else None,
    }
    show(options, "\n".join(texts), content)
    return 0


if __name__ == "__main__":
    run_bench(main)
