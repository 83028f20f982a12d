"""Frames per second of PoseExtractor against MediaPipe itself, on the same frames.

    python bench/extraction.py [CLIP] [--frames 100] [--rounds 5] [--json]

Three extractors take turns, frame by frame, in one process: ours; the same graph config run by
MediaPipe's own `SolutionBase`, results left as MediaPipe gives them; and `solutions.holistic`,
which also runs a face network. CLIP is anything that `bharnet run` takes; the puppet without it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import mediapipe
from mediapipe.python.solution_base import SolutionBase

from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.graph import build_config, without_startup_noise
from bharnet_ros.video import Frame, open_source

OURS, BARE, HOLISTIC = "ours", "bare graph", "holistic"
_WARM_UP_FRAMES = 5
# What Holistic gives out, less the face: the results that all three are asked for.
_OUTPUTS = ["body_landmarks", "body_world_landmarks", "left_landmarks", "right_landmarks"]


def seconds_for(process: Callable[[Frame], Any], frame: Frame) -> float:
    """Return the wall-clock seconds that `process` takes for a frame."""
    start = time.perf_counter()
    process(frame)
    return time.perf_counter() - start


def measure(frames: list[Frame], rounds: int) -> dict[str, list[float]]:
    """Return the frames per second of each extractor in each round.

    Args:
        frames: The same for all.
        rounds: How often the clip is gone through.
    """
    step_ns = round((frames[-1].time - frames[0].time) / max(len(frames) - 1, 1) * 1e9)
    # Time goes on from round to round: to the trackers it is one long clip.
    stamps = itertools.count(start=0, step=max(step_ns, 1))
    with (
        PoseExtractor() as ours,
        SolutionBase(graph_config=build_config(), outputs=_OUTPUTS) as bare,
        mediapipe.solutions.holistic.Holistic() as holistic,
    ):
        extractors: dict[str, Callable[[Frame], Any]] = {
            OURS: lambda frame: ours.extract(frame.image, next(stamps)),
            BARE: lambda frame: bare.process(frame.image),
            HOLISTIC: lambda frame: holistic.process(frame.image),
        }
        with without_startup_noise():
            for process, frame in itertools.product(extractors.values(), frames[:_WARM_UP_FRAMES]):
                process(frame)
        speeds: dict[str, list[float]] = {name: [] for name in extractors}
        for _ in range(rounds):
            seconds = dict.fromkeys(extractors, 0.0)
            for number, frame in enumerate(frames):
                # Each is first in turn, so that none always follows the same other one.
                first = number % len(extractors)
                for name in list(extractors)[first:] + list(extractors)[:first]:
                    seconds[name] += seconds_for(extractors[name], frame)
            for name, total in seconds.items():
                speeds[name].append(len(frames) / total)
    return speeds


def main() -> int:
    """Print speeds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="puppet", help="video, folder or puppet:SCRIPT")
    parser.add_argument("--frames", type=int, default=100, help="frames of the clip to take")
    parser.add_argument("--rounds", type=int, default=5, help="times to go through the clip")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.frames < 2 or arguments.rounds < 1:
        parser.error("--frames must be at least 2 and --rounds at least 1")
    with open_source(arguments.clip) as source:
        frames = list(itertools.islice(source, arguments.frames))
    speeds = measure(frames, arguments.rounds)
    # Ratios within a round: a busy machine slows all three down together.
    ratios = {
        name: statistics.median(
            ours / other for ours, other in zip(speeds[OURS], speeds[name], strict=True)
        )
        for name in (BARE, HOLISTIC)
    }
    if arguments.json:
        print(json.dumps({"clip": arguments.clip, "fps": speeds, "ratio_to": ratios}, indent=2))
        return 0
    print(f"{arguments.clip}: {len(frames)} frames, {arguments.rounds} rounds")
    for name, values in speeds.items():
        print(
            f"{name:12} {statistics.median(values):6.1f} frames/s "
            f"({min(values):.1f} to {max(values):.1f})"
        )
    for name, ratio in ratios.items():
        print(f"ours / {name}: {ratio:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
