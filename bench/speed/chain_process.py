"""Run the chain from images to events in processes of its own, and end them.

The processes use a ROS domain that nothing else on the machine uses, and the shared memory that
`launch/recognize.launch.py` gives its nodes.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bharnet_ros.resources import find_resource

TOGETHER, APART = "together", "apart"
CHAINS = (TOGETHER, APART)
"""All nodes in one process, as `bharnet run` starts them, or each in a process of its own."""

NODES = ("action_event_publisher", "recognition", "pose_extraction")
"""The lifecycle nodes, the end of the chain first, so that no message lacks a subscriber."""

START_SECONDS = 120.0
END_SECONDS = 20.0
POLL_SECONDS = 0.05
_PROFILES = "FASTRTPS_DEFAULT_PROFILES_FILE"
# On Linux, the ports of DDS domains above 101 overlap with the kernel's ephemeral ports.
_DOMAINS = range(1, 102)
# The ports that ROS's own domain_coordinator binds to reserve a domain.
_FIRST_PORT = 22119
_LOG_LINES = 20


@contextmanager
def ros_environment() -> Iterator[None]:
    """Give this process and its children a ROS domain of their own.

    Enter it before rclpy is initialised.

    Raises:
        RuntimeError: Every ROS domain is in use.
    """
    before = dict(os.environ)
    with _reserved_domain() as domain, tempfile.TemporaryDirectory(prefix="bench-") as log:
        os.environ.update(
            ROS_DOMAIN_ID=str(domain),
            ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST",
            ROS_LOG_DIR=log,
        )
        os.environ.setdefault(_PROFILES, str(find_resource("config/fastdds.xml")))
        for name in ("ROS_LOCALHOST_ONLY", "ROS_STATIC_PEERS"):
            os.environ.pop(name, None)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def _reserved_domain() -> Iterator[int]:
    for domain in itertools.islice(itertools.cycle(_DOMAINS), os.getpid() % 101, 404):
        # A bound port is a lock; the kernel releases it however this process ends.
        with socket.socket() as reservation:
            try:
                reservation.bind(("127.0.0.1", _FIRST_PORT + domain))
            except OSError:
                continue
            yield domain
            return
    raise RuntimeError(f"all {len(_DOMAINS)} ROS domains are in use")


class ChainProcesses:
    """The processes of a chain by name: one per node of `NODES`, or one named `bharnet run`."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        """Start a process for each command."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, command in commands.items():
                self._processes[name] = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                    # Ctrl-C at a terminal reaches only this process, which then ends the others.
                    start_new_session=True,
                )
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by name."""
        return {name: process.pid for name, process in self._processes.items()}

    def check(self) -> None:
        """Check that all processes still run.

        Raises:
            RuntimeError: A process has ended; names it, with the last lines printed.
        """
        for name, process in self._processes.items():
            status = process.poll()
            if status is not None:
                raise RuntimeError(f"{name} ended with status {status}:\n{self.last_lines()}")

    def last_lines(self) -> str:
        """Return the last lines that the processes printed."""
        # The processes share the file's position, so reading must not move it.
        descriptor = self._log.fileno()
        printed = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        lines = printed.decode(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])

    def stop(self, name: str, number: int) -> float:
        """Send a process a signal and return the seconds until it has ended.

        Raises:
            RuntimeError: It does not end within `END_SECONDS`, or not with status 0.
        """
        process = self._processes[name]
        start = time.perf_counter()
        process.send_signal(number)
        try:
            status = process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{name} did not end:\n{self.last_lines()}") from None
        seconds = time.perf_counter() - start
        if status:
            raise RuntimeError(f"{name} ended with status {status}:\n{self.last_lines()}")
        return seconds

    def close(self) -> None:
        """End every process: first as Ctrl-C does, then by force."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        end = time.monotonic() + END_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(end - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()


@contextmanager
def running_chain(
    kind: str, node: Any, max_people: int, gestures: str = ""
) -> Iterator[ChainProcesses]:
    """Run a chain whose nodes are active, and end it in any case.

    Args:
        kind: One of `CHAINS`.
        node: A spinning node of this process, which requests the transitions.
        max_people: Greatest number of people to track.
        gestures: Folder of a gesture set; empty: none.

    Raises:
        RuntimeError: A node did not start.
    """
    chain = ChainProcesses(_commands(kind, max_people, gestures))
    try:
        if kind == APART:
            _activate(chain, node)
        yield chain
    finally:
        with _interrupts_ignored():
            chain.close()


def wait_for(condition: Callable[[], bool], what: str, chain: ChainProcesses) -> None:
    """Wait until a condition holds.

    Raises:
        RuntimeError: It does not hold within `START_SECONDS`, or a process of the chain ended.
    """
    end = time.monotonic() + START_SECONDS
    while not condition():
        chain.check()
        if time.monotonic() > end:
            raise RuntimeError(
                f"waited {START_SECONDS:.0f} s for {what}; the chain printed:\n{chain.last_lines()}"
            )
        time.sleep(POLL_SECONDS)


def _commands(kind: str, max_people: int, gestures: str) -> dict[str, list[str]]:
    def python(module: str) -> list[str]:
        # Not the installed executables: they would run another package than a checkout's bench.
        return [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main())"]

    if kind == TOGETHER:
        words = ["--image-topic", "image_raw", "--max-people", str(max_people)]
        # With a namespace, its topics have the names that are measured here.
        words += ["--ros-args", "-r", "__ns:=/", "-p", f"recognition:gestures:='{gestures}'"]
        return {"bharnet run": [*python("bharnet_ros.cli"), "run", *words]}
    parameters = str(find_resource("config/recognize.yaml"))
    return {
        name: [
            *(*python(f"bharnet_ros.nodes.{name}"), "--ros-args", "--log-level", "warn"),
            *("-r", f"__node:={name}", "--params-file", parameters),
            *("-p", f"pose_extraction:max_people:={max_people}"),
            *("-p", f"recognition:gestures:='{gestures}'"),
        ]
        for name in NODES
    }


def _activate(chain: ChainProcesses, node: Any) -> None:
    """Configure every node and then activate it, as the launch file does."""
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    clients = {name: node.create_client(ChangeState, f"/{name}/change_state") for name in NODES}
    try:
        for name, client in clients.items():
            wait_for(client.service_is_ready, f"the lifecycle of {name}", chain)
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            answers = {}
            for name, client in clients.items():
                request = ChangeState.Request()
                request.transition.id = transition
                answers[name] = client.call_async(request)
            for name, answer in answers.items():
                wait_for(answer.done, f"transition {transition} of {name}", chain)
                if not answer.result().success:
                    raise RuntimeError(
                        f"{name} refused transition {transition}:\n{chain.last_lines()}"
                    )
    finally:
        for client in clients.values():
            node.destroy_client(client)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore interrupts, so that a second Ctrl-C leaves no processes behind."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
