"""Recordings replayed by the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
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
"""How long a scheduler may take to answer."""

NO_WORKER_SECONDS = 60.0
"""How long a cluster may be without any worker: one that has died takes a while to come back."""

_POLL_SECONDS = 0.1


def replay_on_cluster(
    tasks: Sequence[BagTask], address: str, *, progress: bool = True
) -> list[BagResult]:
    """Replay recordings by a cluster; a broken one does not harm the others.

    Scheduler and workers need this version of the package. Recordings, truths and models have to be
    under the same paths on every worker.

    Args:
        tasks: What is to be done.
        address: Of the scheduler, as tcp://host:8786.
        progress: Draw a progress bar on stderr.

    Returns:
        One result for each task, in their order, the same as those of `replay_bags`.

    Raises:
        InputError: Dask is not installed, the address is none, or scheduler or workers lack this
            package; names the address.
        OSError: No scheduler answers there; names the address.
    """
    with _connect(address) as client:

        def replay_some(some: Mapping[int, BagTask]) -> Iterator[tuple[int, BagResult]]:
            return _replay_some(client, address, some)

        return replay_each(
            tasks, replay_some, died="the worker that replayed it died", progress=progress
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

    async def greet() -> None:
        connection = await asyncio.wait_for(
            connect(address, timeout=CONNECT_SECONDS, **Security().get_connection_args("client")),
            # Dask's own timeout ends where somebody takes the connection and says nothing.
            CONNECT_SECONDS + 1.0,
        )
        connection.abort()

    try:
        asyncio.run(greet())
    except ValueError as error:
        raise InputError(f"--cluster: {address!r} is no address: {error}") from error
    except Exception as error:  # whatever an answer that is not Dask's leads to
        reason = str(error) or "nothing was said"
        raise OSError(f"--cluster: no scheduler of Dask answers at {address}: {reason}") from error
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)


def _replay_some(
    client: Client, address: str, some: Mapping[int, BagTask]
) -> Iterator[tuple[int, BagResult]]:
    """Yield results as they come, with their numbers; see `ReplaySome`."""
    waiting: dict[Future[BagResult | None], int] = {
        client.submit(_replay_once, _with_whole_paths(task), uuid.uuid4().hex, pure=False): number
        for number, task in some.items()
    }
    last_worker = time.monotonic()
    while waiting:
        for future in [one for one in waiting if one.done()]:
            number = waiting.pop(future)
            result = _result_of(future, some[number], address)
            if result is not None:
                yield number, result
        if _has_worker(client):
            last_worker = time.monotonic()
        elif time.monotonic() - last_worker > NO_WORKER_SECONDS:
            for number in waiting.values():
                problem = f"{some[number].bag}: the cluster {address} has no worker"
                yield number, BagResult(None, problem=problem)
            return
        time.sleep(_POLL_SECONDS)


def _result_of(future: Future[BagResult | None], task: BagTask, address: str) -> BagResult | None:
    """Return the result of a recording; None where a worker died that was, or may have been, at it.

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
    """Replay a recording, on a worker; None where a worker died before that had begun it.

    Dask gives the recordings of a worker that died to others. One that it died of would take those
    along as well.

    Args:
        task: What is to be done.
        name: Of the event of the cluster that is set while somebody is at it.
    """
    from distributed import Event

    at_work = Event(name)
    if at_work.is_set():
        at_work.clear()
        return None
    at_work.set()
    try:
        return bag_result(task)
    finally:
        at_work.clear()


def _with_whole_paths(task: BagTask) -> BagTask:
    """Return a task that means the same in whatever folder a worker was started."""
    settings = task.settings
    model, parameters = settings.model, settings.parameter_file
    if model is not None and Path(model).expanduser().exists():
        model = str(Path(model).expanduser().absolute())
    if parameters is not None:
        parameters = parameters.absolute()
    truth = task.truth if task.truth.startswith(TOPIC) else str(Path(task.truth).absolute())
    return replace(
        task,
        bag=task.bag.absolute(),
        truth=truth,
        settings=replace(settings, model=model, parameter_file=parameters),
    )
