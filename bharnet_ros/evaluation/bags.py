"""Compares the events of recordings with the truth: `bharnet evaluate bag`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from bharnet_ros.bags.reading import recording_name
from bharnet_ros.bags.replay_arguments import add_replay_arguments, replay_settings_from
from bharnet_ros.bags.truth import truths_of
from bharnet_ros.evaluation.bag_cluster import replay_on_cluster
from bharnet_ros.evaluation.bag_jobs import BagTask, replay_bags
from bharnet_ros.evaluation.tables import add_report_arguments, printable, show
from bharnet_ros.types.errors import InputError

SOME_BROKEN = 1
_ERROR, _BACKGROUND = "error", "background"
_OPTIONS_IN_REPORT = (
    "from",
    "image_topic",
    "topic",
    "max_people",
    "engine",
    "model_folder",
    "roi",
    "depth_topic",
    "camera_info_topic",
    "sync_slop",
    "model",
    "gestures",
    "params_file",
)
"""Options with a value that the command in the report repeats."""


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
        help="the true actions, one source for each bag in the same order: .csv, .txt (PKU-MMD) or "
        "topic:/name; or one topic:/name for all, or one folder of files named like the bags",
    )
    add_replay_arguments(parser)
    parser.add_argument(
        "--other-labels",
        choices=(_ERROR, _BACKGROUND),
        default=_ERROR,
        help="how to treat true actions that the model does not know (default: error)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, default=1, metavar="N", help="bags replayed at once (default: 1)"
    )
    where.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="replay on the workers of a Dask cluster, such as tcp://host:8786",
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write a report to this folder")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet evaluate bag` and return the exit status, 1 if some recordings are broken.

    Raises:
        InputError: An argument is invalid, or no recording can be used; names it.
        OSError: A file cannot be read or written.
    """
    from bharnet_ros.evaluation.event_tables import format_event_metrics
    from bharnet_ros.evaluation.metrics.events import measure
    from bharnet_ros.evaluation.report.page import check_replaceable, write_report

    tasks = tasks_from(arguments)
    if arguments.report is not None:
        # Refuse now rather than after minutes of replay.
        check_replaceable(arguments.report)
    for line in tasks[0].settings.unknown_names():
        print(f"bharnet evaluate bag: warning: {arguments.params_file}: {line}", file=sys.stderr)
    progress = not arguments.json
    if arguments.cluster is None:
        results = replay_bags(tasks, workers=arguments.workers, progress=progress)
    else:
        results = replay_on_cluster(tasks, arguments.cluster, progress=progress)
    broken = {}
    for task, result in zip(tasks, results, strict=True):
        for note in result.notes:
            print(f"bharnet evaluate bag: {task.name}: {note}", file=sys.stderr)
        if result.timeline is None:
            broken[str(task.bag)] = result.problem
    timelines = [result.timeline for result in results if result.timeline is not None]
    if not timelines:
        raise InputError("; ".join(broken.values()))
    for problem in broken.values():
        print(f"bharnet evaluate bag: error: {problem}", file=sys.stderr)
    metrics = measure(timelines)
    if arguments.report is not None:
        write_report(arguments.report, timelines, metrics, command=_command(arguments))
    show(arguments, format_event_metrics(metrics), {**asdict(metrics), "broken_bags": broken})
    return SOME_BROKEN if broken else 0


def _command(arguments: argparse.Namespace) -> str:
    """Return the command, with the arguments that decide what the report says."""
    words = ["bharnet", "evaluate", "bag", *map(str, arguments.bags), "--truth", *arguments.truth]
    for option in _OPTIONS_IN_REPORT:
        value = arguments.stage if option == "from" else getattr(arguments, option)
        if value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    for flag in ("use_depth", "only"):
        if getattr(arguments, flag):
            words.append(f"--{flag.replace('_', '-')}")
    if arguments.other_labels != _ERROR:
        words += ["--other-labels", arguments.other_labels]
    return shlex.join([*words, "--report", str(arguments.report)])


def tasks_from(arguments: argparse.Namespace) -> list[BagTask]:
    """Return the recordings to replay.

    Raises:
        InputError: Arguments contradict each other, a truth is missing, or a report would have a
            recording twice; names it.
    """
    if arguments.workers < 1:
        raise InputError(f"--workers: must be at least 1, got {arguments.workers}")
    settings = replay_settings_from(arguments)
    bags: list[Path] = arguments.bags
    names = [recording_name(bag) for bag in bags]
    tasks = [
        BagTask(
            bag=bag,
            truth=truth,
            settings=settings,
            unknown_as_background=arguments.other_labels == _BACKGROUND,
            name=printable(name if names.count(name) == 1 else str(bag)),
        )
        for bag, name, truth in zip(bags, names, truths_of(bags, arguments.truth), strict=True)
    ]
    if arguments.report is not None:
        for name, count in Counter(task.name for task in tasks).items():
            if count > 1:
                raise InputError(f"{name}: is given {count} times; a report needs different bags")
    return tasks
