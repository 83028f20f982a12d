"""Spinning of nodes, and their orderly end on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import rclpy
from rclpy.context import Context
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from bharnet_ros.types.errors import InputError

Result = TypeVar("Result")


class Finishing(Protocol):
    """A node that has something to close before it goes."""

    def finish(self) -> None:
        """Close everything; called on the thread that spins the node."""


class NodeRunner:
    """Spins each node on a thread and executor of its own.

    One executor for each node keeps the wait sets, which rclpy builds in Python, small, and lets
    a transition that loads a model for seconds hold up nobody else.
    """

    def __init__(self, context: Context | None = None) -> None:
        """Start without nodes."""
        self._context = context
        self._spinners: list[_Spinner] = []

    def add(self, node: Node) -> None:
        """Begin to spin `node`."""
        self._spinners.append(_Spinner(node, self._context))

    def call(self, node: Node, function: Callable[[], Result]) -> Result:
        """Run `function` on the thread that spins `node`, wait for it and return its result.

        Raises:
            Exception: Whatever `function` raises.
        """
        for spinner in self._spinners:
            if spinner.node is node:
                return spinner.call(function)
        raise InputError(f"{node.get_name()} is not spun here")

    def close(self) -> None:
        """Finish and destroy every node, the first added first."""
        for spinner in self._spinners:
            spinner.close()
        self._spinners.clear()

    def __enter__(self) -> NodeRunner:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()


class _Spinner:
    def __init__(self, node: Node, context: Context | None) -> None:
        self.node = node
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(node)
        self._stopping = False
        self._thread = threading.Thread(
            target=self._spin, name=f"spin {node.get_name()}", daemon=True
        )
        self._thread.start()

    def call(self, function: Callable[[], Result]) -> Result:
        done = threading.Event()
        results: list[Result] = []
        errors: list[Exception] = []

        def task() -> None:
            try:
                results.append(function())
            except Exception as error:
                errors.append(error)
            finally:
                done.set()

        self._executor.create_task(task)
        done.wait()
        if errors:
            raise errors[0]
        return results[0]

    def close(self) -> None:
        finish = getattr(self.node, "finish", None)
        if finish is not None:
            try:
                self.call(finish)
            except Exception as error:  # the other nodes still have to close
                self._report(error)
        self._stopping = True
        # A task, because waking the executor alone does not make spin_once return.
        self._executor.create_task(lambda: None)
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()

    def _spin(self) -> None:
        while not self._stopping:
            try:
                self._executor.spin_once()
            except Exception as error:  # one failing callback must not silence the node
                self._report(error)

    def _report(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        self.node.get_logger().error(f"internal error: {text}")


@contextmanager
def stop_signals(*, ends_process: bool = False) -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set.

    rclpy's own handlers would invalidate the context before a node could publish its last events.

    Args:
        ends_process: Whether the process ends after that. Then SIGINT stays ignored once a signal
            has come: a launch sends it to whomever the terminal told before.
    """
    stop, told = threading.Event(), threading.Event()

    def end(_number: int, _frame: object) -> None:
        told.set()
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        if ends_process and told.is_set():
            before[signal.SIGINT] = signal.SIG_IGN
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ros(arguments: Sequence[str] | None) -> Iterator[None]:
    """Initialise rclpy with the arguments of the process, without its signal handlers."""
    rclpy.init(
        args=list(arguments) if arguments is not None else None,
        signal_handler_options=SignalHandlerOptions.NO,
    )
    try:
        yield
    finally:
        rclpy.try_shutdown()


def run_node(
    factory: Callable[[], Node],
    arguments: Sequence[str] | None = None,
    *,
    start: Callable[[Node, Callable[[], None]], None] | None = None,
) -> int:
    """Run one node as a process, until SIGINT, SIGTERM or its own end.

    Args:
        factory: Makes the node.
        arguments: Arguments of the process; None for `sys.argv`.
        start: Called with the node and a function that ends the process.

    Returns:
        Exit status: 0, or 1 where the node could not start.
    """
    with stop_signals(ends_process=True) as stop, ros(arguments):
        try:
            node = factory()
        except ParameterException as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        with NodeRunner() as runner:
            runner.add(node)
            if start is not None:
                try:
                    start(node, stop.set)
                except (ValueError, OSError) as error:
                    node.get_logger().fatal(str(error))
                    return 1
            stop.wait()
    return 0
