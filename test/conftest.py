"""Fixtures for all tests."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

# For bench/ and research/, which are not installed. Appended, so that an installed bharnet_ros
# takes precedence.
sys.path.append(str(CHECKOUT))

# A script that starts the tests in the background lets them, and all processes they start, ignore
# SIGINT.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# On Linux, the ports of DDS domains above 101 overlap with those that the kernel assigns. Domain
# 0 is what other ROS programs on the machine use by default.
_DOMAINS = range(1, 102)
_next_domain = itertools.count(os.getpid())


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return a function that finds a file of ../shared/data, or skips the test."""
    return _find_shared("data")


@pytest.fixture(scope="session")
def shared_case() -> Callable[[str], Path]:
    """Return a function that finds a file of ../shared/cases, or skips the test."""
    return _find_shared("cases")


def _find_shared(folder: str) -> Callable[[str], Path]:
    def find(name: str) -> Path:
        path = CHECKOUT.parent / "shared" / folder / name
        if not path.exists():
            pytest.skip(f"needs {path}, which is not part of the repository")
        return path

    return find


def _reserve_domain() -> tuple[int, socket.socket]:
    """Return a domain id that no other test process of this machine uses, and its reservation."""
    for _ in _DOMAINS:
        domain = _DOMAINS[next(_next_domain) % len(_DOMAINS)]
        # A bound port is a lock that the kernel releases however the process ends. The ports are
        # those of ROS's own domain_coordinator.
        reservation = socket.socket()
        try:
            reservation.bind(("127.0.0.1", 22119 + domain))
        except OSError:
            reservation.close()
        else:
            return domain, reservation
    raise RuntimeError(f"all {len(_DOMAINS)} ROS domains are in use by other tests")


@contextmanager
def _own_domain(folder: Path) -> Iterator[int]:
    domain, reservation = _reserve_domain()
    with reservation, pytest.MonkeyPatch.context() as environment:
        environment.setenv("ROS_DOMAIN_ID", str(domain))
        environment.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        environment.setenv("ROS_LOG_DIR", str(folder / "ros_log"))
        # Where the event publisher keeps what is open.
        environment.setenv("ROS_HOME", str(folder / "ros_home"))
        environment.delenv("ROS_LOCALHOST_ONLY", raising=False)
        environment.delenv("ROS_STATIC_PEERS", raising=False)
        yield domain


@pytest.fixture
def ros_domain(tmp_path: Path) -> Iterator[int]:
    """Give the test, and every process it starts, a ROS domain of its own on this machine only."""
    with _own_domain(tmp_path) as domain:
        yield domain


@pytest.fixture(scope="module")
def shared_ros_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the tests of a module such a domain together, for nodes that they share."""
    with _own_domain(tmp_path_factory.mktemp("ros")) as domain:
        yield domain


# Helpers are imported where they are used, because not all tests need torch or the bag library.


@pytest.fixture
def start(ros_domain: int) -> Iterator[Callable[..., Any]]:
    """Return a function that starts a process in the test's ROS domain."""
    from processes import Process

    processes: list[Process] = []

    def begin(code: str, *arguments: str) -> Process:
        processes.append(Process(code, *arguments))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()


@pytest.fixture(scope="session")
def messages() -> Any:
    """Return a maker of messages for recordings."""
    from recordings import Messages

    return Messages()


@pytest.fixture(scope="session")
def write_bag() -> Callable[..., Path]:
    """Return the function that writes a recording."""
    from recordings import write

    return write


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model bundle with random weights."""
    from bundles import make_bundle

    return make_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def cropped() -> Any:
    """Return the module that makes clips with crops."""
    import cropped_data

    return cropped_data


@pytest.fixture(scope="session")
def rgb_bundle(tmp_path_factory: pytest.TempPathFactory, cropped: Any) -> Path:
    """Return the folder of a model bundle with random weights and a stream `rgb`."""
    pytest.importorskip("torchvision.models", reason="needs the torchvision that fits torch")
    from bundles import make_bundle

    folder = tmp_path_factory.mktemp("bundles") / "rgb"
    return make_bundle(folder, name="rgb", streams={"rgb": cropped.STREAM})


@pytest.fixture(scope="session")
def eager_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model that recognises its first class in everything."""
    # Imported here because not every test needs torch.
    from bharnet_ros.recognition.bundle import load_bundle
    from bharnet_ros.recognition.weights import load_network, write_bundle

    bundle = load_bundle(tiny_bundle)
    weights = load_network(bundle).state_dict()
    biases = [tensor for name, tensor in weights.items() if name.endswith("classify.bias")]
    assert len(biases) == 2
    for bias in biases:
        bias[0] += 100.0
    folder = tmp_path_factory.mktemp("bundles") / "eager"
    write_bundle(folder, bundle.description, weights, "# A model that sees one thing only\n")
    return folder
