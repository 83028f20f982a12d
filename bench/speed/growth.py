"""What the recognition core costs as people, windows and hours grow, and where the time goes.

    python -m bench.speed.growth [--quick] [--rounds 30] [--soak-frames 100000] [--threads 1]
        [--json]

Keypoints of the puppet, both hands in view, go through `SlidingRecognizer` as on a robot: sliding
windows, resampling, features, network, calibration. No ROS, no images. What is compared takes turns
in one process. The soak runs hours of people who come and go in fast forward, events included.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import torch

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
from bharnet_ros.resources import find_model
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

PEOPLE = tuple(range(1, 9))
WINDOWS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
STRIDES_S = (0.0, 0.1, 0.2, 0.5, 1.0)
STAGES_FOR = (1, 8)

STAGES = ("windows", "resample", "features", "network", "rest")
"""Taking a frame in and stacking windows; interpolation in time; normalisation, bones and motion;
the network; calibration and all else."""

Measurements = dict[Any, list[float]]


def filled(
    recognizer: Recognizer, frames: Iterator[FrameKeypoints], window_s: float, stride_s: float
) -> SlidingRecognizer:
    """Return a stream whose windows are full."""
    stream = SlidingRecognizer(recognizer, window_s=window_s, stride_s=stride_s)
    for frame in itertools.islice(frames, round(window_s * FPS) + 2):
        stream.push(frame)
    return stream


def time_settings(
    recognizer: Recognizer,
    recorded: Sequence[PersonKeypoints],
    settings: dict[Any, tuple[int, float, float]],
    frames_each: int,
    rounds: int,
    clock: str,
) -> Measurements:
    """Return the seconds that some frames take in each round, by the key of the setting.

    Args:
        recognizer: The network.
        recorded: What people do.
        settings: People, window and stride (seconds) by a key.
        frames_each: Frames of a round.
        rounds: Rounds to count.
        clock: Name in `CLOCKS`.
    """

    def playing(people: int, window_s: float, stride_s: float) -> Callable[[], None]:
        frames = crowd(recorded, people)
        stream = filled(recognizer, frames, window_s, stride_s)

        def play() -> None:
            for frame in itertools.islice(frames, frames_each):
                stream.update(frame)

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
    """Return the median seconds of each of `STAGES` for a frame that is scored."""
    recognizer = Recognizer(bundle, "cpu")
    settings = bundle.description.features
    network = fold_for_inference(bundle.network)
    frames = crowd(recorded, people)
    stream = filled(recognizer, frames, bundle.description.window_s, 0.0)
    taken: dict[str, Any] = {}

    def take_in() -> None:
        taken["due"] = stream.push(next(frames))

    def due() -> DueWindows:
        found: DueWindows = taken["due"]
        return found

    def interpolate() -> None:
        taken["batch"] = resample(due().sequences, settings, stream.window_s)

    def derive() -> None:
        made = network_input(taken["batch"], settings)
        taken["input"] = [
            torch.from_numpy(array)
            for array in (made.body, made.body_mask, made.hands, made.hand_mask)
        ]

    def run_network() -> None:
        with torch.inference_mode():
            network(*taken["input"])

    passes = [take_in, interpolate, derive, run_network, lambda: stream.score(due())]
    windows, *parts, whole = seconds_in_turn(passes, rounds, CLOCKS[clock])
    rest = [score - sum(of_parts) for score, *of_parts in zip(whole, *parts, strict=True)]
    return {
        stage: max(statistics.median(times), 0.0)
        for stage, times in zip(STAGES, (windows, *parts, rest), strict=True)
    }


def format_growth(what: str, measured: Measurements, frames_each: int, most_ms: float) -> str:
    """Return milliseconds of a frame for each setting, beside the first one.

    Args:
        what: Name of what grows.
        measured: Seconds in each round by setting.
        frames_each: Frames of a round.
        most_ms: Time in which a frame must be done, milliseconds.
    """
    first = next(iter(measured.values()))
    rows = []
    for key, seconds in measured.items():
        ms = 1e3 * statistics.median(seconds) / frames_each
        ratio = statistics.median(one / other for one, other in zip(seconds, first, strict=True))
        rows.append([f"{key:g}", f"{ms:.2f}", f"{ratio:.2f}", f"{ms / most_ms:.1%}"])
    return format_table([what, "ms a frame", "over the first", "of real time"], rows)


def format_stages(stages: dict[int, dict[str, float]]) -> str:
    """Return milliseconds and share of each stage, by the number of people."""
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
    parser.add_argument("--threads", type=int, default=1, help="of the network (default: 1)")
    parser.add_argument("--soak-frames", type=int, default=100_000, help="0 leaves the soak out")
    parser.add_argument("--soak-stride", type=float, default=1.0, metavar="S")
    parser.add_argument("--soak-people", type=int, default=4, help="in view at once, at most")
    parser.add_argument(
        "--quick", action="store_true", help="2 rounds and a soak of 5000 frames, to see it run"
    )
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if min(options.rounds, options.threads, options.soak_people) < 1 or options.soak_frames < 0:
        parser.error("--rounds, --threads and --soak-people must be positive")
    rounds, soak_frames = options.rounds, options.soak_frames
    if options.quick:
        rounds, soak_frames = 2, min(soak_frames, 5000)
    torch.set_num_threads(options.threads)
    bundle = load_bundle(find_model(options.model))
    recognizer = Recognizer(bundle, "cpu")
    recognizer.warm_up()
    recorded = record_person()
    usual_s, stride_s = bundle.description.window_s, bundle.description.stride_s
    second = round(FPS)
    clock = options.clock

    def timed(settings: dict[Any, tuple[int, float, float]], frames_each: int) -> Measurements:
        return time_settings(recognizer, recorded, settings, frames_each, rounds, clock)

    by_people = timed({count: (count, usual_s, 0.0) for count in PEOPLE}, 1)
    by_window = timed({window: (1, window, 0.0) for window in WINDOWS_S}, 1)
    by_stride = timed({stride: (1, usual_s, stride) for stride in STRIDES_S}, second)
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
    sys.exit(main())
