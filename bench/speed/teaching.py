"""Measure how fast gestures are learned, and what they cost in each window.

    python -m bench.speed.teaching [--gestures 50] [--examples 10] [--rounds 200] [--quick]

Examples are cut from the exact keypoints of a few puppets and differ by noise. All but one are
embedded, as in a chain that runs; then the clock starts: the last example is embedded and the
classes are fitted to all. Windows are scored with and without these classes in turn.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from bench.command_line import run_bench
from bench.measuring import CLOCKS, add_clock_argument
from bharnet_ros.evaluation.tables import add_report_arguments, show
from bharnet_ros.gestures.gesture_set import GestureSet
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.gestures.watching import example_between
from bharnet_ros.network.cost import seconds_in_turn
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import NANOSECONDS, KeypointSequence

_SCRIPT = "gestures"
_AROUND_S = 1.0
_PUPPETS = 2
_NOISE_PIXELS = 0.5


def examples_of_puppets(puppets: int) -> Iterator[ClipKeypoints]:
    """Yield an example of each gesture of each puppet."""
    for seed in range(puppets):
        source = open_puppet(_SCRIPT, seed=seed)
        for action in source.true_actions:
            numbers = range(
                max(round((action.start_s - _AROUND_S) * source.fps), 0),
                min(round((action.end_s + _AROUND_S) * source.fps), source.frame_count),
            )
            frames = [source.truth(number) for number in numbers]
            start, end = (round(one * NANOSECONDS) for one in (action.start_s, action.end_s))
            yield example_between(frames, start, end)


def lesson(gestures: int, examples: int) -> tuple[GestureSet, ClipKeypoints]:
    """Return a set that lacks the last example of its last gesture, and that example."""
    pool = list(itertools.islice(_varied(), gestures * examples))
    # Neighbours are different gestures: every `gestures`-th example goes to the same name.
    taught = {f"gesture {number}": pool[number::gestures] for number in range(gestures)}
    last = taught[f"gesture {gestures - 1}"].pop()
    return GestureSet({name: tuple(clips) for name, clips in taught.items()}), last


def _varied() -> Iterator[ClipKeypoints]:
    """Yield endless examples: those of the puppets in turn, each time with other noise."""
    random = np.random.default_rng(0)
    for example in itertools.cycle(examples_of_puppets(_PUPPETS)):
        body, hands = example.body.copy(), example.hands.copy()
        for values in (body[..., :3], hands):
            values += random.normal(0.0, _NOISE_PIXELS, values.shape).astype(np.float32)
        yield replace(example, body=body, hands=hands)


def newest_window(window_s: float, layout: str) -> KeypointSequence:
    """Return a window of a gesturing puppet."""
    source = open_puppet(_SCRIPT)
    window = TrackWindow(window_s, layout)
    for number in range(round(3.0 * source.fps)):
        frame = source.truth(number)
        window.add(frame.stamp_ns, frame.people[0])
    return window.sequence(source.width, source.height)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="gestures", help="name or folder of a model bundle")
    parser.add_argument("--gestures", type=int, default=50, help="gestures taught (default: 50)")
    parser.add_argument("--examples", type=int, default=10, help="of each (default: 10)")
    parser.add_argument("--rounds", type=int, default=200, help="windows scored (default: 200)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    gestures, examples, rounds = options.gestures, options.examples, options.rounds
    if options.quick:
        gestures, examples, rounds = 3, 2, 3
    if min(gestures, rounds) < 1 or examples < 2:
        raise InputError("--gestures, --rounds: must be positive; --examples: at least 2")
    threadpool_limits(options.threads, user_api="blas")
    recognizer = Recognizer(load_bundle(find_model(options.model)), "cpu", threads=options.threads)
    recognizer.warm_up()
    teacher = Teacher(recognizer)
    taught, last = lesson(gestures, examples)
    teacher.teach(taught, "bench")
    start = time.perf_counter()
    taught = taught.with_examples(taught.names[-1], [last])
    classes = teacher.teach(taught, "bench")
    learned_s = time.perf_counter() - start
    plain, with_classes = (
        Recognizer(load_bundle(find_model(options.model)), "cpu", threads=options.threads)
        for _ in "12"
    )
    with_classes.teach(classes)
    window = [newest_window(teacher.window_s, recognizer.description.body_layout)]
    without_s, with_s = (
        statistics.median(times)
        for times in seconds_in_turn(
            [lambda: plain.score(window, 0), lambda: with_classes.score(window, 0)],
            rounds,
            CLOCKS[options.clock],
        )
    )
    content = {
        "gestures": gestures,
        "examples": examples,
        "learned_s": round(learned_s, 3),
        "window_ms": round(without_s * 1e3, 2),
        "window_with_gestures_ms": round(with_s * 1e3, 2),
        "ratio": round(with_s / without_s, 3),
    }
    text = (
        f"{gestures} gestures of {examples} examples: learned {learned_s:.2f} s after the last "
        f"example (at most 1: {'reached' if learned_s <= 1 else 'MISSED'})\n"
        f"a window: {without_s * 1e3:.2f} ms without them, {with_s * 1e3:.2f} ms with them, "
        f"{with_s / without_s:.2f} times as much (at most 1.05: "
        f"{'reached' if with_s / without_s <= 1.05 else 'MISSED'})"
    )
    show(options, text, content)
    return 0


if __name__ == "__main__":
    run_bench(main)
