"""Spins nodes, and ends them in order on SIGINT and SIGTERM."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import rclpy
from rclpy.context import Context
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity, get_logger_level, set_logger_level
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from bharnet_ros.nodes.runtime.given_names import warn_of_misspelt
from bharnet_ros.types.errors import InputError

Result = TypeVar("Result")

ROUNDS = 3
GIVE_UP_SECONDS = 0.02

_RCL = "rcl"
"""The logger of the library below rclpy."""

_left: set[threading.Thread] = set()
"""Threads that may be at work in foreign code when the process should end."""


class GivenUpError(Exception):
    """Nobody waits for the result of a call any more; it may still come."""


def leave(thread: threading.Thread) -> None:
    """Let the process end without waiting for a thread, as `run_process` says."""
    _left.difference_update([one for one in _left if one.ident and not one.is_alive()])
    _left.add(thread)


class NodeRunner:
    """Spins each node on its own thread and executor.

    This keeps the wait sets small, which rclpy builds in Python, and a node that loads a model for
    seconds does not block the others. A node may have a method `finish`, which is called on its
    thread before it is destroyed. One whose attribute `loading` is true then is left as it is, for
    `run_process` to end: it has nothing to finish, and may load for long.
    """

    def __init__(self, context: Context | None = None) -> None:
        """Start without nodes."""
        self._context = context
        self._spinners: list[_Spinner] = []

    def add(self, node: Node) -> None:
        """Start to spin `node`."""
        self._spinners.append(_Spinner(node, self._context))

    def call(
        self,
        node: Node,
        function: Callable[[], Result],
        give_up: Callable[[], bool] | None = None,
    ) -> Result:
        """Run `function` on the thread that spins `node`; wait for its result and return it.

        Args:
            node: The node.
            function: What to run.
            give_up: Asked, while the result is not there, whether to wait no longer.

        Raises:
            GivenUpError: `give_up` said so.
            Exception: Any exception that `function` raises.
        """
        for spinner in self._spinners:
            if spinner.node is node:
                return spinner.call(function, give_up)
        raise RuntimeError(f"{node.get_name()} is not spun here")

    def close(self) -> None:
        """Finish and destroy every node, in the order in which they were added."""
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

    def call(
        self, function: Callable[[], Result], give_up: Callable[[], bool] | None = None
    ) -> Result:
        _check(give_up)
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
        while not done.wait(None if give_up is None else GIVE_UP_SECONDS):
            _check(give_up)
        if errors:
            raise errors[0]
        return results[0]

    def close(self) -> None:
        finish = getattr(self.node, "finish", None)
        if finish is not None:
            try:
                self.call(finish, lambda: getattr(self.node, "loading", False))
            except GivenUpError:
                self._stopping = True
                leave(self._thread)
                return
            except Exception as error:  # the other nodes still have to be closed
                self._report(error)
            # The executor runs tasks in rounds, the newest first. What `finish` leaves to tasks, as
            # the results of an action server, takes two rounds.
            for _ in range(ROUNDS):
                self.call(lambda: None)
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
            except Exception as error:  # one failed callback must not stop the node
                # Of a node that was left, ROS may be gone already.
                if not self._stopping:
                    self._report(error)

    def _report(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        self.node.get_logger().error(f"internal error: {text}")


def _check(give_up: Callable[[], bool] | None) -> None:
    if give_up is not None and give_up():
        raise GivenUpError


class Stop:
    """Tells the main thread that it should end; signal handlers and other threads may call `set`.

    Unlike that of `threading.Event`, `set` may interrupt itself or `wait`, as it takes no lock. And
    a signal that comes just before `wait` sleeps ends it, if it is written to `fileno` at once: its
    handler runs only when the main thread goes on.
    """

    def __init__(self) -> None:
        """Start unset."""
        self._set = False
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)

    def fileno(self) -> int:
        """Return the file for `signal.set_wakeup_fd`."""
        return self._told.fileno()

    def set(self) -> None:
        """Let `wait` return."""
        self._set = True
        # Full, or closed: whoever waits is awake, or nobody waits.
        with suppress(OSError):
            self._told.send(b"\0")

    def is_set(self) -> bool:
        """Return whether `set` was called."""
        return self._set

    def wait(self) -> None:
        """Wait for `set`; for one thread."""
        while not self._set:
            self._heard.recv(1024)

    def close(self) -> None:
        """Close the files; `set` still works."""
        self._heard.close()
        self._told.close()


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Yield a stop that SIGINT and SIGTERM set; after one of them the process should end.

    rclpy's own handlers would invalidate the context before a node could publish its last events.
    After a signal, further ones stay ignored: a launch sends SIGINT again after the terminal has.
    """
    stop = Stop()
    signalled: list[int] = []

    def end(number: int, _frame: object) -> None:
        signalled.append(number)
        stop.set()

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.set_wakeup_fd(stop.fileno(), warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(-1)
        stop.close()
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_IGN if signalled else handler)


def run_process(work: Callable[[], int]) -> int:
    """Do what this process is for, and return its exit status, or end it here with that status.

    It ends here if a thread that was given to `leave` is still at work, such as one that loads a
    model: Python would stop it in the midst of foreign code, which then aborts the process.

    Args:
        work: Returns the exit status; `GivenUpError` stands for 0.
    """
    try:
        status = work()
    except GivenUpError:
        status = 0
    if any(thread.is_alive() for thread in _left):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(status)
    return status


@contextmanager
def ros(arguments: Sequence[str] | None) -> Iterator[None]:
    """Initialise rclpy with the arguments of the process, without its signal handlers.

    Raises:
        InputError: The arguments, or a parameter of a node created in the block, cannot be used.
    """
    # It would say, before the error below does, that arguments cannot be used.
    set_logger_level(_RCL, LoggingSeverity.FATAL)
    try:
        rclpy.init(
            args=list(arguments) if arguments is not None else None,
            signal_handler_options=SignalHandlerOptions.NO,
        )
    except RuntimeError as error:
        # Without the lines of the sources that it names.
        reason = re.sub(r",? at /[^ ,]+:\d+", "", str(error))
        reason = reason.removeprefix("failed to initialize rcl: ")
        raise InputError(f"ROS arguments: cannot be used: {reason}") from error
    finally:
        # Unless the arguments have set it.
        if get_logger_level(_RCL) == LoggingSeverity.FATAL:
            set_logger_level(_RCL, LoggingSeverity.UNSET)
    try:
        yield
    except ParameterException as error:
        raise InputError(str(error)) from error
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
        factory: Creates the node.
        arguments: Arguments of the process; None for `sys.argv`.
        start: Called with the node and a function that ends the process.

    Returns:
        Exit status: 0, or 1 if the node could not start.
    """

    def work() -> int:
        with stop_signals() as stop, ros(arguments):
            node = factory()
            warn_of_misspelt(sys.argv if arguments is None else arguments, node)
            with NodeRunner() as runner:
                runner.add(node)
                if start is not None:
                    try:
                        start(node, stop.set)
                    except (InputError, OSError) as error:
                        node.get_logger().fatal(str(error))
                        return 1
                stop.wait()
        return 0

    try:
        return run_process(work)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
