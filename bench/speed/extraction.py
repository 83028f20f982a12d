"""Compare the speed of PoseExtractor with MediaPipe itself, on the same frames.

    python -m bench.speed.extraction [CLIP] [--frames 100] [--rounds 6] [--json]

Four extractors take turns, frame by frame, in one process: ours, with the engine `mediapipe` and
with the engine `direct`; the graph config of the former run by MediaPipe's own `SolutionBase`, with
its results unconverted; and `solutions.holistic`, which also runs a face network. CLIP is any
source that `bharnet run` takes; the default is the puppet. The stages of ours, and the work of the
node before and after them, are timed in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mediapipe
from mediapipe.python.solution_base import SolutionBase

from bench.command_line import run_bench
from bench.measuring import HEADER, millisecond_cells, percentiles
from bench.speed.extraction_stages import STAGES, StageClock, make_message_timer
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.mediapipe.graph_configs import one_person_config
from bharnet_ros.pose.mediapipe.quiet import without_startup_noise
from bharnet_ros.sources.frame import Frame
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints

OURS, DIRECT, BARE, HOLISTIC = "ours", "direct", "bare graph", "holistic"
_WARM_UP_FRAMES = 5
# The outputs of Holistic without the face, which all extractors compute.
_OUTPUTS = ["body_landmarks", "body_world_landmarks", "left_landmarks", "right_landmarks"]
_LOADERS: dict[str, Callable[[], Any]] = {
    OURS: lambda: PoseExtractor(engine="mediapipe"),
    DIRECT: lambda: PoseExtractor(engine="direct"),
    BARE: lambda: SolutionBase(graph_config=one_person_config(EngineSettings()), outputs=_OUTPUTS),
    HOLISTIC: mediapipe.solutions.holistic.Holistic,
}
_ORDERS = list(itertools.permutations(_LOADERS))


@dataclass
class Measurement:
    """Wall-clock seconds of each frame.

    Attributes:
        rounds: (rounds, frames) of each extractor.
        stages: (rounds * frames,) of each stage of ours; empty for stages that do not run.
    """

    rounds: dict[str, list[list[float]]] = field(default_factory=dict)
    stages: dict[str, list[float]] = field(default_factory=dict)

    def speeds(self, name: str) -> list[float]:
        """Return the frames per second of an extractor in each round."""
        return [len(seconds) / sum(seconds) for seconds in self.rounds[name]]

    def ratio(self, name: str, other: str) -> float:
        """Return the speed of one extractor over that of another: the median of the rounds' ratios.

        A busy machine slows down all extractors of a round together.
        """
        pairs = zip(self.speeds(name), self.speeds(other), strict=True)
        return statistics.median(first / second for first, second in pairs)

    def frames(self, name: str) -> list[float]:
        """Return the seconds of every frame of an extractor."""
        return list(itertools.chain.from_iterable(self.rounds[name]))


def measure(frames: list[Frame], rounds: int) -> Measurement:
    """Time each extractor on each frame.

    Args:
        frames: Frames for all extractors.
        rounds: Number of passes through the clip, each with newly loaded extractors.
    """
    step_ns = round((frames[-1].time - frames[0].time) / max(len(frames) - 1, 1) * 1e9)
    rounds_of: dict[str, list[list[float]]] = {name: [] for name in _LOADERS}
    stages: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for number in range(rounds):
        with contextlib.ExitStack() as stack:
            # The extractor that is loaded first stays slower than the others: bench/RESULTS.md.
            order = _ORDERS[number % len(_ORDERS)]
            loaded = {name: stack.enter_context(_LOADERS[name]()) for name in order}
            clock = StageClock(loaded[OURS])
            seconds = _round(frames, max(step_ns, 1), loaded, clock)
        for name, of_round in seconds.items():
            rounds_of[name].append(of_round)
        for stage in STAGES:
            stages[stage] += clock.seconds[stage]
    return Measurement(rounds_of, stages)


def _round(
    frames: list[Frame],
    step_ns: int,
    loaded: dict[str, Any],
    clock: StageClock,
) -> dict[str, list[float]]:
    """Return the seconds of each frame, by loaded extractor."""
    stamps, direct_stamps = (itertools.count(start=0, step=step_ns) for _ in range(2))
    time_messages = make_message_timer(clock)
    extractors: dict[str, Callable[[Frame], Any]] = {
        OURS: lambda frame: clock.extract(frame, next(stamps)),
        DIRECT: lambda frame: loaded[DIRECT].extract(frame.image, next(direct_stamps)),
        BARE: lambda frame: loaded[BARE].process(frame.image),
        HOLISTIC: lambda frame: loaded[HOLISTIC].process(frame.image),
    }
    with without_startup_noise():
        for frame, process in itertools.product(frames[:_WARM_UP_FRAMES], extractors.values()):
            process(frame)
    for stage in clock.seconds.values():
        stage.clear()
    seconds: dict[str, list[float]] = {name: [] for name in extractors}
    for number, frame in enumerate(frames):
        # All orders take turns, so that each extractor follows each other one equally often.
        for name in _ORDERS[number % len(_ORDERS)]:
            start = time.perf_counter()
            result = extractors[name](frame)
            seconds[name].append(time.perf_counter() - start)
            if name == OURS:
                keypoints: FrameKeypoints = result
        # Last, so that it brings the image into the caches of none of them.
        time_messages(frame, keypoints)
    return seconds


def speed_table(measured: Measurement) -> str:
    """Return the table of frames per second and milliseconds per frame."""
    rows = []
    for name in measured.rounds:
        speeds = measured.speeds(name)
        rows.append(
            [
                name,
                *(
                    f"{value:.1f}"
                    for value in (statistics.median(speeds), min(speeds), max(speeds))
                ),
                *millisecond_cells(measured.frames(name)),
            ]
        )
    heads = (f"{percentile} (ms)" for percentile in HEADER)
    return format_table(["", "frames/s", "least", "most", *heads], rows)


def stage_table(measured: Measurement) -> str:
    """Return the table of milliseconds of each stage of ours, and their shares."""
    known = {stage: seconds for stage, seconds in measured.stages.items() if seconds}
    whole = sum(map(sum, known.values()))
    rows = [
        [stage, *millisecond_cells(seconds, digits=2), f"{sum(seconds) / whole:.1%}"]
        for stage, seconds in known.items()
    ]
    heads = (f"{percentile} (ms)" for percentile in HEADER)
    return format_table(["stage of ours", *heads, "share"], rows)


def main() -> int:
    """Print speeds, ratios and stages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="puppet", help="video, folder or puppet:SCRIPT")
    parser.add_argument("--frames", type=int, default=100, help="number of frames of the clip")
    parser.add_argument("--rounds", type=int, default=6, help="number of passes through the clip")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.frames < 2 or arguments.rounds < 1:
        parser.error("--frames must be at least 2 and --rounds at least 1")
    with open_source(arguments.clip) as source:
        frames = list(itertools.islice(source, arguments.frames))
    if not frames:
        raise InputError(f"{arguments.clip}: has no frames")
    measured = measure(frames, arguments.rounds)
    ratios = {
        (name, other): measured.ratio(name, other)
        for name in (OURS, DIRECT)
        for other in (BARE, HOLISTIC)
    }
    if arguments.json:
        stages = {
            stage: dict(zip(HEADER, percentiles(seconds), strict=True))
            for stage, seconds in measured.stages.items()
            if seconds
        }
        fps = {name: measured.speeds(name) for name in measured.rounds}
        named = {f"{name} / {other}": ratio for (name, other), ratio in ratios.items()}
        result = {"clip": arguments.clip, "fps": fps, "ratios": named, "stage_seconds": stages}
        print(json.dumps(result, indent=2))
        return 0
    print(f"{arguments.clip}: {len(frames)} frames, {arguments.rounds} rounds")
    print(f"\n{speed_table(measured)}\n")
    for (name, other), ratio in ratios.items():
        print(f"{name} / {other}: {ratio:.3f}")
    print(f"\n{stage_table(measured)}")
    return 0


if __name__ == "__main__":
    run_bench(main)
