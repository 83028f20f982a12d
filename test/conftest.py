"""Fixtures for all tests."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

# On Linux, the ports of DDS domains above 101 overlap with those that the kernel hands out. Domain
# 0 is what other ROS programs on the machine use by default.
_DOMAINS = range(1, 102)
_next_domain = itertools.count(os.getpid())


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return a function from a path inside ../shared/data to the file there, or skip."""

    def find(name: str) -> Path:
        path = CHECKOUT.parent / "shared" / "data" / name
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


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[int]:
    """Give the test, and every process it starts, a ROS domain of its own on this machine only."""
    domain, reservation = _reserve_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "ros_log"))
    monkeypatch.delenv("ROS_LOCALHOST_ONLY", raising=False)
    monkeypatch.delenv("ROS_STATIC_PEERS", raising=False)
    yield domain
    reservation.close()
