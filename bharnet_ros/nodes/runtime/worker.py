"""Threads: one that computes on the newest item only, one that finishes what it began."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Worker(Generic[Item]):
    """One thread that computes on one item after the other.

    Args:
        name: Name of the thread.
        process: Called on the thread with each item.
        on_error: Called on the thread with what `process` raised; the thread goes on.
    """

    def __init__(
        self,
        name: str,
        process: Callable[[Item], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        """Start the thread."""
        self._process = process
        self._on_error = on_error
        self._condition = threading.Condition()
        self._pending: list[Item] = []
        self._busy = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being computed."""
        with self._condition:
            return not self._pending and not self._busy

    def close(self) -> None:
        """Finish what waits and what is being computed, and end the thread."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _put(self, item: Item) -> None:
        self._pending = [item]
        self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._pending or self._closed)
                if not self._pending:
                    return
                item = self._pending.pop()
                self._busy = True
            try:
                self._process(item)
            except Exception as error:  # the thread outlives whatever one item does to it
                self._on_error(error)
            finally:
                with self._condition:
                    self._busy = False
                    self._condition.notify_all()


class LatestWorker(_Worker[Item]):
    """A worker with a queue of one: a newer item takes the place of one that still waits."""

    def submit(self, item: Item) -> bool:
        """Hand over the newest item.

        Returns:
            False where an older item was still waiting and is now dropped.
        """
        with self._condition:
            if self._closed:
                return True
            displaced = bool(self._pending)
            self._put(item)
        return not displaced

    def close(self) -> None:
        """Drop what waits, finish what is being computed and end the thread."""
        with self._condition:
            self._pending = []
            self._closed = True
        super().close()


class Finisher(_Worker[Item]):
    """A worker that finishes every item, in order, while the next one is begun elsewhere."""

    def submit(self, item: Item) -> None:
        """Hand over an item; wait until the one before is finished, so that none pile up.

        Raises:
            RuntimeError: It is closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: not self._pending and not self._busy)
            if self._closed:
                raise RuntimeError("this Finisher is closed")
            self._put(item)
