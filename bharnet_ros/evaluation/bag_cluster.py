"""Replay of recordings on the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bharnet_ros.bags.truth import TOPIC
from bharnet_ros.evaluation.bag_jobs import BagResult, BagTask, bag_result, replay_each
from bharnet_ros.types.errors import InputError

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 5.0
"""Longest time to wait for an answer of the scheduler."""

NO_WORKER_SECONDS = 60.0
"""Longest time that a cluster may have no worker; a worker that died takes a while to restart."""

_POLL_SECONDS = 0.1


def replay_on_cluster(
    tasks: Sequence[BagTask], address: str, *, progress: bool = True
) -> list[BagResult]:
    """Replay recordings on a cluster; a broken recording does not affect the others.

    Scheduler and workers need this version of the package. Recordings, truths and models must be at
    the same paths on every worker.

    Args:
        tasks: The recordings to replay.
        address: Address of the scheduler, such as tcp://host:8786.
        progress: Whether to draw a progress bar on stderr.

    Returns:
        One result for each task, in their order, the same as from `replay_bags`.

    Raises:
        InputError: Dask is not installed, the address is invalid, or scheduler or workers lack
            this package; names the address.
        OSError: No scheduler answers there; names the address.
    """
    with _connect(address) as client:

        def replay_batch(batch: Mapping[int, BagTask]) -> Iterator[tuple[int, BagResult]]:
            return _replay_batch(client, address, batch)

        return replay_each(
            tasks,
            replay_batch,
            crash_problem="the worker that replayed it died",
            progress=progress,
        )


def _connect(address: str) -> Client:
    try:
        from distributed import Client
        from distributed.comm import connect
        from distributed.security import Security
    except ImportError as error:
        raise InputError(
            "--cluster: needs Dask, which is not installed: pip install 'bharnet_ros[cluster]'"
        ) from error

    async def check_connection() -> None:
        connection = await asyncio.wait_for(
            connect(address, timeout=CONNECT_SECONDS, **Security().get_connection_args("client")),
            # Dask's own timeout does not cover a peer that accepts the connection but stays silent.
            CONNECT_SECONDS + 1.0,
        )
        connection.abort()

    try:
        asyncio.run(check_connection())
    except ValueError as error:
        raise InputError(f"--cluster: {address!r} is not an address: {error}") from error
    except Exception as error:  # an answer from another program can raise anything
        reason = str(error) or "no answer"
        raise OSError(f"--cluster: no Dask scheduler answers at {address}: {reason}") from error
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)


def _replay_batch(
    client: Client, address: str, batch: Mapping[int, BagTask]
) -> Iterator[tuple[int, BagResult]]:
    """Yield results as they arrive, with the numbers of their tasks; see `ReplayBatch`."""
    waiting: dict[Future[BagResult | None], int] = {
        client.submit(
            _replay_once, _with_absolute_paths(task), uuid.uuid4().hex, pure=False
        ): number
        for number, task in batch.items()
    }
    worker_seen = time.monotonic()
    while waiting:
        for future in [future for future in waiting if future.done()]:
            number = waiting.pop(future)
            result = _result_of(future, batch[number], address)
            if result is not None:
                yield number, result
        if _has_worker(client):
            worker_seen = time.monotonic()
        elif time.monotonic() - worker_seen > NO_WORKER_SECONDS:
            for number in waiting.values():
                problem = f"{batch[number].bag}: the cluster {address} has no worker"
                yield number, BagResult(None, problem=problem)
            return
        time.sleep(_POLL_SECONDS)


def _result_of(future: Future[BagResult | None], task: BagTask, address: str) -> BagResult | None:
    """Return the result of a recording; None if it may have crashed a worker.

    Raises:
        InputError: Scheduler or workers lack this package; names the address.
    """
    from distributed import CancelledError, KilledWorker, TimeoutError

    lost = BagResult(None, problem=f"{task.bag}: the cluster {address} was lost")
    try:
        return future.result(timeout=NO_WORKER_SECONDS)
    except KilledWorker:
        return None
    except (CancelledError, TimeoutError):
        return lost
    except (ImportError, RuntimeError) as error:
        reason = error.__cause__ or error
        raise InputError(
            f"--cluster: the scheduler and every worker at {address} need this version of "
            f"bharnet_ros: {reason}"
        ) from error


def _has_worker(client: Client) -> bool:
    try:
        return bool(client.nthreads())
    except OSError:
        return False


def _replay_once(task: BagTask, name: str) -> BagResult | None:
    """Replay a recording on a worker; return None if an earlier worker died while replaying it.

    Dask hands the recordings of a dead worker to other workers. A recording that crashed one worker
    would crash those too.

    Args:
        task: The recording to replay.
        name: Name of a Dask event, which is set while a worker replays the recording.
    """
    from distributed import Event

    started = Event(name)
    if started.is_set():
        started.clear()
        return None
    started.set()
    try:
        return bag_result(task)
    finally:
        started.clear()


def _with_absolute_paths(task: BagTask) -> BagTask:
    """Return the task with absolute paths, because a worker may run in another folder."""
    settings = task.settings
    model, parameters = settings.model, settings.parameter_file
    if model is not None:
        with contextlib.suppress(RuntimeError):  # the worker reports an unknown home folder
            folder = Path(model).expanduser()
            if folder.exists():
                model = str(folder.absolute())
    if parameters is not None:
        parameters = parameters.absolute()
    truth = task.truth if task.truth.startswith(TOPIC) else str(Path(task.truth).absolute())
    return replace(
        task,
        bag=task.bag.absolute(),
        truth=truth,
        settings=replace(settings, model=model, parameter_file=parameters),
    )
