"""Replay of recordings and their truth, in this process or in several."""

from __future__ import annotations

import math
import multiprocessing
import signal
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
from bharnet_ros.types.actions import kept_classes
from bharnet_ros.types.paths import expand_home
from bharnet_ros.types.timeline import Timeline


@dataclass(frozen=True)
class BagTask:
    """One recording to replay and its truth.

    Attributes:
        bag: The recording.
        truth: Source of the truth, as in `read_truth`.
        settings: Settings of the replay.
        unknown_as_background: Whether true actions that the model does not know count as
            background; otherwise they are refused.
        name: Name of the timeline.
    """

    bag: Path
    truth: str
    settings: ReplaySettings
    unknown_as_background: bool
    name: str


@dataclass(frozen=True, eq=False)
class BagResult:
    """The result of one recording.

    Attributes:
        timeline: True actions and events; None if the recording is broken.
        notes: One sentence for each irregularity.
        problem: Why there is no timeline.
    """

    timeline: Timeline | None
    notes: tuple[str, ...] = ()
    problem: str = ""


def bag_timeline(task: BagTask, *, progress: bool = True) -> tuple[Timeline, tuple[str, ...]]:
    """Replay one recording and add its truth.

    Returns:
        True actions and events; and one sentence for each irregularity.

    Raises:
        InputError: The recording, the truth or the model cannot be used; names file and line, or
            file and topic.
        OSError: A file cannot be read.
    """
    excluded = [task.truth.removeprefix(TOPIC)] if task.truth.startswith(TOPIC) else []
    with Recording(task.bag) as recording:
        settings = task.settings
        plan = plan_replay(recording, settings, excluded)
        rows = read_truth(task.truth, recording, plan.origin_ns)
        if plan.stage in (Stage.IMAGES, Stage.KEYPOINTS):
            from bharnet_ros.gestures.gesture_set import read_gesture_set
            from bharnet_ros.recognition.description import DESCRIPTION, read_description

            # Report a wrong label now rather than after minutes of extraction.
            parameters = settings.parameters("recognition")
            model = find_model(parameters["model"])
            known = kept_classes(parameters["keep_classes"])
            if known is None:
                known = list(read_description(model / DESCRIPTION).class_names)
            if parameters["gestures"]:
                folder = expand_home(parameters["gestures"], "gestures")
                known += read_gesture_set(folder).names
            fitting_truth(rows, math.inf, known, others=task.unknown_as_background)
        result = replay(recording, settings, plan=plan, progress=progress)
    truth = fitting_truth(
        rows, result.duration_s, result.class_names, others=task.unknown_as_background
    )
    return replace(result.timeline(truth), name=task.name), result.notes


def bag_result(task: BagTask, progress: bool = False) -> BagResult:
    """Do the same as `bag_timeline`, but return an error as the problem of the recording."""
    try:
        timeline, notes = bag_timeline(task, progress=progress)
    except (ValueError, OSError, RuntimeError) as error:
        problem = str(error)
        if str(task.bag) not in problem:
            problem = f"{task.bag}: {problem}"
        return BagResult(None, problem=problem)
    return BagResult(timeline, notes)


ReplayBatch: TypeAlias = Callable[[Mapping[int, BagTask]], Iterator[tuple[int, BagResult]]]
"""Replays numbered recordings and yields each result with its number, as it arrives. Leaves out
recordings that were, or may have been, in progress when a process died."""


def replay_each(
    tasks: Sequence[BagTask],
    replay_batch: ReplayBatch,
    *,
    crash_problem: str,
    progress: bool = True,
) -> list[BagResult]:
    """Replay recordings together; after a crash, replay each one without a result alone.

    Args:
        tasks: The recordings to replay.
        replay_batch: Replays several recordings.
        crash_problem: Problem of a recording that crashed its process even when replayed alone.
        progress: Whether to draw a progress bar on stderr.

    Returns:
        One result for each task, in their order.
    """
    numbered = dict(enumerate(tasks))
    results: dict[int, BagResult] = {}
    with tqdm(total=len(tasks), unit="bag", disable=not progress) as bar:

        def collect(batch: Mapping[int, BagTask]) -> None:
            for number, result in replay_batch(batch):
                results[number] = result
                bar.update()

        collect(numbered)
        for number, task in numbered.items():
            if number not in results:
                collect({number: task})
            if number not in results:
                results[number] = BagResult(None, problem=f"{task.bag}: {crash_problem}")
                bar.update()
    return [results[number] for number in numbered]


def replay_bags(
    tasks: Sequence[BagTask], *, workers: int = 1, progress: bool = True
) -> list[BagResult]:
    """Replay recordings, several at once; a broken recording does not affect the others.

    Args:
        tasks: The recordings to replay.
        workers: Number of processes.
        progress: Whether to draw a progress bar on stderr.

    Returns:
        One result for each task, in their order, the same for any number of workers.
    """
    if workers == 1 or len(tasks) == 1:
        return [bag_result(task, progress) for task in tasks]

    def replay_batch(batch: Mapping[int, BagTask]) -> Iterator[tuple[int, BagResult]]:
        # A forked process would inherit locks held by threads that it does not have.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            min(workers, len(batch)),
            mp_context=spawn,
            # Ctrl-C reaches all processes of a terminal; this one ends the others.
            initializer=signal.signal,
            initargs=(signal.SIGINT, signal.SIG_IGN),
        ) as executor:
            waiting: dict[Future[BagResult], int] = {
                executor.submit(bag_result, task): number for number, task in batch.items()
            }
            try:
                for future in as_completed(waiting):
                    try:
                        yield waiting[future], future.result()
                    except BrokenProcessPool:
                        continue
            except KeyboardInterrupt:
                for process in multiprocessing.active_children():
                    process.terminate()
                raise

    return replay_each(
        tasks,
        replay_batch,
        crash_problem="the process that replayed it died",
        progress=progress,
    )
