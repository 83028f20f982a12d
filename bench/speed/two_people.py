"""Time the pose engines with one and with two people in view.

    python -m bench.speed.two_people [CLIP] [--frames 100] [--rounds 3] [--json]

Both engines, following one person and two, take turns, frame by frame, in one process. CLIP is any
source that `bharnet run` takes; the default is the puppet's script `two_people`, whose people show
both hands in every frame. The cost of the second person is the time that it adds, over that of the
first.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from contextlib import ExitStack

from bench.command_line import run_bench
from bench.measuring import HEADER, millisecond_cells
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.pose.engines import ENGINES
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.frame import Frame
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.errors import InputError

PEOPLE = (1, 2)
_WARM_UP_FRAMES = 5

Case = tuple[str, int]
"""Engine and number of people."""


def measure(frames: list[Frame], rounds: int) -> dict[Case, list[list[float]]]:
    """Return the seconds of each frame, in rounds with newly loaded engines.

    Args:
        frames: Frames for all engines.
        rounds: Number of passes through the clip.
    """
    cases = list(itertools.product(ENGINES, PEOPLE))
    seconds: dict[Case, list[list[float]]] = {case: [] for case in cases}
    for number in range(rounds):
        with ExitStack() as stack:
            # The engine that is loaded first stays slower than the others: bench/RESULTS.md.
            order = cases[number % len(cases) :] + cases[: number % len(cases)]
            loaded = {
                (name, people): stack.enter_context(PoseExtractor(engine=name, max_people=people))
                for name, people in order
            }
            for of_case, of_round in zip(
                seconds.values(), _round(frames, cases, loaded).values(), strict=True
            ):
                of_case.append(of_round)
    return seconds


def _round(
    frames: list[Frame], cases: list[Case], loaded: dict[Case, PoseExtractor]
) -> dict[Case, list[float]]:
    seconds: dict[Case, list[float]] = {case: [] for case in cases}
    stamps = itertools.count(start=0, step=33_333_333)
    for number, frame in enumerate([*frames[:_WARM_UP_FRAMES], *frames]):
        stamp_ns = next(stamps)
        turn = number % len(cases)
        for case in cases[turn:] + cases[:turn]:
            start = time.perf_counter()
            loaded[case].extract(frame.image, stamp_ns)
            seconds[case].append(time.perf_counter() - start)
    return {case: times[_WARM_UP_FRAMES:] for case, times in seconds.items()}


def ratio(seconds: dict[Case, list[list[float]]], case: Case, other: Case) -> float:
    """Return the time of one case over that of another: the median of the rounds' ratios."""
    pairs = zip(seconds[case], seconds[other], strict=True)
    return statistics.median(sum(first) / sum(second) for first, second in pairs)


def main() -> int:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="puppet:two_people", help="video or puppet")
    parser.add_argument("--frames", type=int, default=100, help="number of frames of the clip")
    parser.add_argument("--rounds", type=int, default=3, help="number of passes through the clip")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.frames < 1 or arguments.rounds < 1:
        parser.error("--frames and --rounds must be positive")
    with open_source(arguments.clip) as source:
        frames = list(itertools.islice(source, arguments.frames))
    if not frames:
        raise InputError(f"{arguments.clip}: has no frames")
    seconds = measure(frames, arguments.rounds)
    ratios = {
        "two people, direct / mediapipe": ratio(seconds, ("mediapipe", 2), ("direct", 2)),
        **{
            f"second person, {name}, cost over the first": ratio(seconds, (name, 2), (name, 1)) - 1
            for name in ENGINES
        },
    }
    if arguments.json:
        named = {f"{name}, {people}": rounds for (name, people), rounds in seconds.items()}
        print(json.dumps({"ratios": ratios, "seconds": named}, indent=2))
        return 0
    rows = []
    for (name, people), rounds in seconds.items():
        times = list(itertools.chain(*rounds))
        rows.append(
            [name, str(people), f"{len(times) / sum(times):.1f}", *millisecond_cells(times)]
        )
    heads = (f"{percentile} (ms)" for percentile in HEADER)
    print(format_table(["engine", "people", "frames/s", *heads], rows))
    print()
    for name, value in ratios.items():
        print(f"{name}: {value:.2f}")
    return 0


if __name__ == "__main__":
    run_bench(main)
