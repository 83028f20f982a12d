"""Worker threads: one computes on the newest item only, one finishes every item."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Worker(Generic[Item]):
    """A thread that computes on one item after another.

    Args:
        name: Name of the thread.
        process: Called on the thread with each item.
        on_error: Called on the thread with the exception that `process` raised; the thread goes on.
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
        """Whether no item waits or is being computed."""
        with self._condition:
            return not self._pending and not self._busy

    def close(self) -> None:
        """Finish all items and end the thread."""
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
            except Exception as error:  # no item may end the thread
                self._on_error(error)
            finally:
                with self._condition:
                    self._busy = False
                    self._condition.notify_all()


class LatestWorker(_Worker[Item]):
    """A worker with a queue of one: a newer item replaces one that still waits."""

    def submit(self, item: Item) -> bool:
        """Hand over the newest item.

        Returns:
            False if an older item was waiting and is now dropped.
        """
        with self._condition:
            if self._closed:
                return True
            replaced = bool(self._pending)
            self._put(item)
        return not replaced

    def close(self) -> None:
        """Drop the waiting item, finish the current one and end the thread."""
        with self._condition:
            self._pending = []
            self._closed = True
        super().close()


class Finisher(_Worker[Item]):
    """A worker that finishes every item, in order, while its caller prepares the next."""

    def submit(self, item: Item) -> None:
        """Hand over an item, after waiting for the one before, so that items never pile up.

        Raises:
            RuntimeError: It is closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: not self._pending and not self._busy)
            if self._closed:
                raise RuntimeError("this Finisher is closed")
            self._put(item)
