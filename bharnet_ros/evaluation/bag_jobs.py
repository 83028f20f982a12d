"""Recordings replayed and held against their truth, wherever that happens."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from tqdm import tqdm

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_plan import plan_replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage
from bharnet_ros.bags.truth import TOPIC, fitting_truth, read_truth
from bharnet_ros.resources import find_model
from bharnet_ros.types.timeline import Timeline


@dataclass(frozen=True)
class BagTask:
    """One recording to be replayed and held against the truth.

    Attributes:
        bag: The recording.
        truth: Of `read_truth`.
        settings: How it is replayed.
        others: Of `fitting_truth`.
        name: Of the timeline.
    """

    bag: Path
    truth: str
    settings: ReplaySettings
    others: bool
    name: str


@dataclass(frozen=True, eq=False)
class BagResult:
    """What came of one recording.

    Attributes:
        timeline: What is true and what was found; None where the recording is broken.
        notes: A sentence for whatever was not as it should be.
        problem: Why there is no timeline.
    """

    timeline: Timeline | None
    notes: tuple[str, ...] = ()
    problem: str = ""


def bag_timeline(task: BagTask, *, progress: bool = True) -> tuple[Timeline, tuple[str, ...]]:
    """Replay one recording and hold it against its truth.

    Returns:
        What is true and what was found; and a sentence for whatever was not as it should be.

    Raises:
        InputError: The recording, the truth or the model cannot be used; names file and line, or
            file and topic.
        OSError: A file cannot be read.
    """
    left_out = [task.truth.removeprefix(TOPIC)] if task.truth.startswith(TOPIC) else []
    with Recording(task.bag) as recording:
        settings = task.settings
        plan = plan_replay(recording, settings, left_out)
        rows = read_truth(task.truth, recording, plan.origin_ns)
        if plan.stage in (Stage.IMAGES, Stage.KEYPOINTS):
            from bharnet_ros.recognition.bundle import DESCRIPTION, read_description

            # A wrong label shall not come to light after minutes of extraction.
            model = find_model(settings.parameters("recognition")["model"])
            known = read_description(model / DESCRIPTION).class_names
            fitting_truth(rows, math.inf, known, others=task.others)
        result = replay(recording, settings, plan=plan, progress=progress)
    truth = fitting_truth(rows, result.duration_s, result.class_names, others=task.others)
    return replace(result.timeline(truth), name=task.name), result.notes


def bag_result(task: BagTask, progress: bool = False) -> BagResult:
    """Do as `bag_timeline`, and return what is wrong with a recording instead of raising it."""
    try:
        timeline, notes = bag_timeline(task, progress=progress)
    except (ValueError, OSError, RuntimeError) as error:
        problem = str(error)
        if str(task.bag) not in problem:
            problem = f"{task.bag}: {problem}"
        return BagResult(None, problem=problem)
    return BagResult(timeline, notes)


ReplaySome: TypeAlias = Callable[[Mapping[int, BagTask]], Iterator[tuple[int, BagResult]]]
"""Replays recordings, and yields results as they come, with the numbers of their recordings; leaves
out those that were, or may have been, at work when something died."""


def replay_each(
    tasks: Sequence[BagTask], replay_some: ReplaySome, *, died: str, progress: bool = True
) -> list[BagResult]:
    """Replay recordings together, and those once more, alone, at which something died.

    Args:
        tasks: What is to be done.
        replay_some: How.
        died: The problem of a recording at which something died although it was alone.
        progress: Draw a progress bar on stderr.

    Returns:
        One result for each task, in their order.
    """
    everything = dict(enumerate(tasks))
    results: dict[int, BagResult] = {}
    with tqdm(total=len(tasks), unit="bag", disable=not progress) as bar:

        def take(some: Mapping[int, BagTask]) -> None:
            for number, result in replay_some(some):
                results[number] = result
                bar.update()

        take(everything)
        for number, task in everything.items():
            if number not in results:
                take({number: task})
            if number not in results:
                results[number] = BagResult(None, problem=f"{task.bag}: {died}")
                bar.update()
    return [results[number] for number in everything]


def replay_bags(
    tasks: Sequence[BagTask], *, workers: int = 1, progress: bool = True
) -> list[BagResult]:
    """Replay recordings, several at once; a broken one does not harm the others.

    Args:
        tasks: What is to be done.
        workers: Processes.
        progress: Draw a progress bar on stderr.

    Returns:
        One result for each task, in their order, however many workers there are.
    """
    if workers == 1 or len(tasks) == 1:
        return [bag_result(task, progress) for task in tasks]

    def replay_some(some: Mapping[int, BagTask]) -> Iterator[tuple[int, BagResult]]:
        # Forked processes would share locks of threads that do not live in them.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(workers, len(some)), mp_context=spawn) as executor:
            waiting: dict[Future[BagResult], int] = {
                executor.submit(bag_result, task): number for number, task in some.items()
            }
            for future in as_completed(waiting):
                try:
                    yield waiting[future], future.result()
                except BrokenProcessPool:
                    continue

    return replay_each(
        tasks, replay_some, died="the process that replayed it died", progress=progress
    )
