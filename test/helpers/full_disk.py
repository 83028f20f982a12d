"""A disk that is nearly full, for one process."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_disk(pid: int = 0, size: int = 1000) -> Iterator[None]:
    """Let a process write no file beyond a size.

    Not a fixture: the report of the tests, which may be a file, must grow before it ends.

    Args:
        pid: The process; 0 for this one.
        size: The size, bytes.
    """
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
