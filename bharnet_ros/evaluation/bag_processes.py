"""Recordings replayed on this machine, one after the other or in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from bharnet_ros.evaluation.bag_replay import BagResult, BagTask, bag_result, replay_each


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
