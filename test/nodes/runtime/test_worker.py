"""Worker threads: one for the newest item, one for every item."""

from __future__ import annotations

import threading

import pytest

from bharnet_ros.nodes.runtime.worker import Finisher, LatestWorker


class Slow:
    """A computation that waits until it is released."""

    def __init__(self):
        self.started = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.done: list[int] = []

    def __call__(self, item: int) -> None:
        self.started.release()
        assert self.go.acquire(timeout=30)
        self.done.append(item)


def test_overload_keeps_the_newest_item_and_reports_each_loss():
    slow, errors = Slow(), []
    worker = LatestWorker("test", slow, errors.append)
    assert worker.submit(0)
    assert slow.started.acquire(timeout=30)

    nothing_dropped = [worker.submit(item) for item in (1, 2, 3)]
    slow.go.release()
    assert slow.started.acquire(timeout=30)
    slow.go.release()
    worker.close()

    assert nothing_dropped == [True, False, False]
    assert slow.done == [0, 3]
    assert errors == []


@pytest.mark.parametrize("kind", [LatestWorker, Finisher])
def test_error_is_reported_and_the_thread_goes_on(kind):
    errors, done = [], threading.Event()

    def process(item: str) -> None:
        if item == "bad":
            raise ValueError("bad item")
        done.set()

    reported = threading.Event()

    def on_error(error: Exception) -> None:
        errors.append(str(error))
        reported.set()

    worker = kind("test", process, on_error)
    worker.submit("bad")
    assert reported.wait(30)
    worker.submit("good")
    assert done.wait(30)
    worker.close()
    assert errors == ["bad item"]


def test_worker_is_not_idle_while_it_computes():
    slow = Slow()
    worker = LatestWorker("test", slow, lambda error: None)
    assert worker.idle
    worker.submit(0)
    assert slow.started.acquire(timeout=30)
    assert not worker.idle
    slow.go.release()
    worker.close()
    assert worker.idle


def test_close_finishes_the_current_item_and_drops_the_waiting_one():
    slow = Slow()
    worker = LatestWorker("test", slow, lambda error: None)
    worker.submit(0)
    assert slow.started.acquire(timeout=30)
    worker.submit(1)
    closing = threading.Thread(target=worker.close)
    closing.start()
    slow.go.release()
    closing.join(30)
    worker.submit(2)
    assert not closing.is_alive()
    assert slow.done == [0]


def test_finisher_finishes_every_item_in_order_one_at_a_time():
    slow = Slow()
    finisher = Finisher("test", slow, lambda error: None)
    assert finisher.idle
    finisher.submit(0)
    assert slow.started.acquire(timeout=30)
    assert not finisher.idle

    second = threading.Thread(target=finisher.submit, args=(1,))
    second.start()
    second.join(0.05)
    assert second.is_alive() and slow.done == []
    slow.go.release()
    second.join(30)
    assert not second.is_alive() and slow.done == [0]

    slow.go.release()
    finisher.close()
    assert slow.done == [0, 1] and finisher.idle
