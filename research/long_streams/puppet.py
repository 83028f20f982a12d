"""`python -m research long-streams puppet`: events in long recordings of the puppet.

The keypoints are the puppet's exact ones.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace

from threadpoolctl import threadpool_limits

from bharnet_ros.evaluation.event_tables import show_event_metrics
from bharnet_ros.evaluation.tables import add_report_arguments
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import Timeline
from research.long_streams.scoring import score_recording, timeline_of

SCRIPTS = {1: "long", 2: "long_two_people"}
"""Script of the puppet for each number of people."""


def puppet_timeline(
    recognizer: Recognizer, people: int, frame_rate: float, *, minutes: float = 10.0, seed: int = 0
) -> Timeline:
    """Recognise the first minutes of a long script.

    Args:
        recognizer: Scores the windows.
        people: 1 or 2.
        frame_rate: Frames per second.
        minutes: Length of the recording, at most ten.
        seed: Chooses the variation and the order of the motions.

    Raises:
        InputError: There is no script for this number of people, or a value is out of range.
    """
    if people not in SCRIPTS:
        raise InputError(f"people: there are scripts for 1 and 2, got {people}")
    for name, value in (("minutes", minutes), ("fps", frame_rate)):
        if not 0 < value < math.inf:
            raise InputError(f"{name}: must be positive and finite, got {value}")
    if seed < 0:
        raise InputError(f"seed: must not be negative, got {seed}")
    source = open_puppet(SCRIPTS[people], fps=frame_rate, seed=seed)
    count = min(source.frame_count, max(1, round(60.0 * minutes * frame_rate)))
    frames = [source.truth(number) for number in range(count)]
    end = (count - 1) / frame_rate
    truth = [
        replace(one, end_s=min(one.end_s, end)) for one in source.true_actions if one.start_s < end
    ]
    scored = score_recording(f"{people} x {frame_rate:g} fps", frames, truth, recognizer)
    return timeline_of(scored, recognizer.description.event_parameters())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research long-streams puppet`."""
    parser.add_argument("--model", default="gestures", help="folder or name of a model bundle")
    parser.add_argument(
        "--minutes",
        type=float,
        default=10.0,
        help="length of each recording, at most 10 (default: 10)",
    )
    parser.add_argument(
        "--fps",
        type=float,
        nargs="+",
        default=(10.0, 15.0, 30.0),
        help="frame rates (default: 10 15 30)",
    )
    parser.add_argument(
        "--people", type=int, nargs="+", default=(1, 2), help="people in view (default: 1 2)"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research long-streams puppet`; returns the exit status.

    Raises:
        InputError: An argument or the model cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    threadpool_limits(1, user_api="blas")
    recognizer = Recognizer(load_bundle(find_model(arguments.model)), arguments.device, threads=1)
    timelines = [
        puppet_timeline(recognizer, people, rate, minutes=arguments.minutes, seed=arguments.seed)
        for people in arguments.people
        for rate in arguments.fps
    ]
    show_event_metrics(arguments, {one.name: [one] for one in timelines})
    return 0
