"""Does what takes long in teaching, one thing after another, while the robot goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from bharnet_ros.types.errors import InputError

MOST_WAITING = 8
"""Requests that wait, at most: a client that asks faster than gestures are learned would otherwise
keep the node from ending."""

Result = TypeVar("Result")


class TeachingThread:
    """A thread that starts with the first work. All methods but `wait` are called from one thread.

    It may be used again after `close`.
    """

    def __init__(self) -> None:
        """Start without work."""
        self._pool: ThreadPoolExecutor | None = None
        self._requests: list[Future[Any]] = []
        self._given_up = threading.Event()

    @property
    def stop(self) -> Callable[[], bool]:
        """Tells a request of now, when it is at work, whether `cancel_requests` has come."""
        return self._given_up.is_set

    def do(
        self, function: Callable[..., Result], *arguments: object, **options: object
    ) -> Future[Result]:
        """Do something in any case, after all that waits."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="teaching")
        return self._pool.submit(function, *arguments, **options)

    def request(self, function: Callable[[], Result]) -> Future[Result]:
        """Do something after all that waits, unless `cancel_requests` comes first.

        Raises:
            InputError: `MOST_WAITING` requests wait.
        """
        self._requests = [one for one in self._requests if not one.done()]
        if sum(not one.running() for one in self._requests) >= MOST_WAITING:
            raise InputError(f"{MOST_WAITING} requests wait already; try again when one is done")
        request = self.do(function)
        self._requests.append(request)
        return request

    def cancel_requests(self) -> None:
        """Give up requests that wait or ask `stop`; their futures raise `CancelledError`."""
        self._given_up.set()
        self._given_up = threading.Event()
        for request in self._requests:
            request.cancel()

    def wait(self) -> None:
        """Wait until all is done that was asked for so far; may be called on any thread."""
        pool = self._pool
        if pool is not None:
            pool.submit(lambda: None).result()

    def close(self) -> None:
        """Wait until all is done, and end the thread."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
