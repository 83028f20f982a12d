"""Recordings held against the truth: `bharnet evaluate bag`."""

from __future__ import annotations

import argparse
import math
import multiprocessing
import shlex
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tqdm import tqdm

from bharnet_ros.evaluation.report import add_report_arguments, show
from bharnet_ros.evaluation.timeline import Timeline
from bharnet_ros.replay.recording import Recording, recording_name
from bharnet_ros.replay.replay import origin_of, replay
from bharnet_ros.replay.settings import ReplaySettings
from bharnet_ros.replay.stages import Stage, choose_stage
from bharnet_ros.replay.truth import TOPIC, fitting_truth, read_truth
from bharnet_ros.resources import find_model

SOME_BROKEN = 1
_REFUSE, _BACKGROUND = "error", "background"


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet evaluate bag`."""
    parser.add_argument(
        "bags", nargs="+", type=Path, metavar="BAG", help="a recording: folder, .mcap or .db3"
    )
    parser.add_argument(
        "--truth",
        nargs="+",
        required=True,
        metavar="TRUTH",
        help="what truly happened, one for each bag in their order: .csv, .txt (PKU-MMD) or "
        "topic:/name; or for all one topic:/name, or one folder of files named as the bags",
    )
    parser.add_argument(
        "--from",
        dest="stage",
        choices=[stage.value for stage in Stage],
        help="what to take from the bags; the rest is computed (default: the latest in the bag)",
    )
    topic = parser.add_mutually_exclusive_group()
    topic.add_argument("--image-topic", metavar="TOPIC", help="take the images of this topic")
    topic.add_argument("--topic", metavar="TOPIC", help="start from this topic")
    parser.add_argument("--model", help="folder or name of a model bundle")
    parser.add_argument("--device", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--params-file",
        type=Path,
        metavar="FILE",
        help="parameters of the nodes (default: config/recognize.yaml)",
    )
    parser.add_argument(
        "--other-labels",
        choices=(_REFUSE, _BACKGROUND),
        default=_REFUSE,
        help="what to do with true actions that the model does not know (default: error)",
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="bags replayed at once (default: 1)"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write a report to this folder")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet evaluate bag`; returns the exit status, 1 where some recordings are broken.

    Raises:
        ValueError: An argument or every recording cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    from bharnet_ros.evaluation.detection import measure
    from bharnet_ros.evaluation.detection_text import format_detection
    from bharnet_ros.evaluation.report_page import write_report

    tasks = tasks_from(arguments)
    results = replay_bags(tasks, workers=arguments.workers, progress=not arguments.json)
    broken = {}
    for task, result in zip(tasks, results, strict=True):
        for note in result.notes:
            print(f"bharnet evaluate bag: {task.name}: {note}", file=sys.stderr)
        if result.timeline is None:
            broken[str(task.bag)] = result.problem
    timelines = [result.timeline for result in results if result.timeline is not None]
    if not timelines:
        raise ValueError("; ".join(broken.values()))
    for problem in broken.values():
        print(f"bharnet evaluate bag: error: {problem}", file=sys.stderr)
    metrics = measure(timelines)
    if arguments.report is not None:
        write_report(arguments.report, timelines, metrics, command=_command(arguments))
    show(arguments, format_detection(metrics), {**asdict(metrics), "broken_bags": broken})
    return SOME_BROKEN if broken else 0


def _command(arguments: argparse.Namespace) -> str:
    """Return what was asked for, as far as it decides what the report says."""
    words = ["bharnet", "evaluate", "bag", *map(str, arguments.bags), "--truth", *arguments.truth]
    for option in ("from", "image_topic", "topic", "model", "params_file"):
        value = arguments.stage if option == "from" else getattr(arguments, option)
        if value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    if arguments.other_labels != _REFUSE:
        words += ["--other-labels", arguments.other_labels]
    return shlex.join([*words, "--report", str(arguments.report)])


def tasks_from(arguments: argparse.Namespace) -> list[BagTask]:
    """Return what is to be done, by the arguments.

    Raises:
        ValueError: Arguments do not fit together, or a truth is missing; names it.
    """
    if arguments.workers < 1:
        raise ValueError(f"--workers: must be at least 1, got {arguments.workers}")
    stage = None if arguments.stage is None else Stage(arguments.stage)
    if arguments.image_topic is not None:
        if stage not in (None, Stage.IMAGES):
            raise ValueError(f"--image-topic: does not go with --from {arguments.stage}")
        stage = Stage.IMAGES
    settings = ReplaySettings(
        stage=stage,
        topic=arguments.image_topic or arguments.topic,
        model=arguments.model,
        device=arguments.device,
        parameter_file=arguments.params_file,
    )
    bags: list[Path] = arguments.bags
    names = [recording_name(bag) for bag in bags]
    return [
        BagTask(
            bag,
            truth,
            settings,
            arguments.other_labels == _BACKGROUND,
            name if names.count(name) == 1 else str(bag),
        )
        for bag, name, truth in zip(bags, names, _truths(bags, arguments.truth), strict=True)
    ]


def bag_timeline(task: BagTask, *, progress: bool = True) -> tuple[Timeline, tuple[str, ...]]:
    """Replay one recording and hold it against its truth.

    Returns:
        What is true and what was found; and a sentence for whatever was not as it should be.

    Raises:
        ValueError: The recording, the truth or the model cannot be used; names file and line, or
            file and topic.
        OSError: A file cannot be read.
    """
    left_out = [task.truth.removeprefix(TOPIC)] if task.truth.startswith(TOPIC) else []
    with Recording(task.bag) as recording:
        settings = task.settings
        stage, topic = choose_stage(recording, settings.stage, settings.topic, left_out)
        origin_ns = origin_of(recording, topic if stage is Stage.IMAGES else None)
        rows = read_truth(task.truth, recording, origin_ns)
        if stage in (Stage.IMAGES, Stage.KEYPOINTS):
            from bharnet_ros.recognition.bundle import DESCRIPTION, read_description

            # A wrong label shall not come to light after minutes of extraction.
            model = find_model(settings.parameters("recognition")["model"])
            known = read_description(model / DESCRIPTION).class_names
            fitting_truth(rows, math.inf, known, others=task.others)
        chosen = replace(settings, stage=stage, topic=topic)
        result = replay(recording, chosen, left_out=left_out, progress=progress)
    truth = fitting_truth(rows, result.duration_s, result.class_names, others=task.others)
    return replace(result.timeline(truth), name=task.name), result.notes


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
        return [_result(task, progress) for task in tasks]
    results: dict[int, BagResult] = {}
    with tqdm(total=len(tasks), unit="bag", disable=not progress) as bar:
        for number, result in _together(tasks, workers):
            results[number] = result
            bar.update()
        # Whoever was at work when a process died is not known: those left go one by one.
        for number, task in enumerate(tasks):
            if number not in results:
                results[number] = _alone(task)
                bar.update()
    return [results[number] for number in range(len(tasks))]


def _truths(bags: Sequence[Path], given: Sequence[str]) -> list[str]:
    """Return the truth of each recording."""
    if len(given) == 1 and Path(given[0]).is_dir():
        return [_truth_in(Path(given[0]), bag) for bag in bags]
    if len(given) == 1 and given[0].startswith(TOPIC):
        return list(given) * len(bags)
    if len(given) != len(bags):
        raise ValueError(f"--truth: {len(given)} of them for {len(bags)} bags")
    return list(given)


def _truth_in(folder: Path, bag: Path) -> str:
    name = recording_name(bag)
    found = [path for path in (folder / f"{name}.csv", folder / f"{name}.txt") if path.is_file()]
    if len(found) != 1:
        raise ValueError(f"{folder}: needs one of {name}.csv and {name}.txt, has {len(found)}")
    return str(found[0])


def _processes(workers: int) -> ProcessPoolExecutor:
    # Forked processes would share locks of threads that do not live in them.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _together(tasks: Sequence[BagTask], workers: int) -> Iterator[tuple[int, BagResult]]:
    """Yield results as they come, with their numbers, until a process dies."""
    executor: Executor
    with _processes(min(workers, len(tasks))) as executor:
        waiting: dict[Future[BagResult], int] = {
            executor.submit(_result, task, False): number for number, task in enumerate(tasks)
        }
        for future in as_completed(waiting):
            try:
                yield waiting[future], future.result()
            except BrokenProcessPool:
                continue


def _alone(task: BagTask) -> BagResult:
    """Replay a recording in a process of its own."""
    with _processes(1) as executor:
        try:
            return executor.submit(_result, task, False).result()
        except BrokenProcessPool:
            return BagResult(None, problem=f"{task.bag}: the process that replayed it died")


def _result(task: BagTask, progress: bool) -> BagResult:
    try:
        timeline, notes = bag_timeline(task, progress=progress)
    except (ValueError, OSError, RuntimeError) as error:
        problem = str(error)
        if str(task.bag) not in problem:
            problem = f"{task.bag}: {problem}"
        return BagResult(None, problem=problem)
    return BagResult(timeline, notes)
