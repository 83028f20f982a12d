"""Files that one process at a time may hold; the kernel takes them from one that is killed."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO


def take_lock(path: Path) -> TextIO | None:
    """Return the open file that is the lock; None if another process, or this one, holds it.

    Args:
        path: The file; it and its folder are made, and stay. Close the lock to leave it.

    Raises:
        OSError: The file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    except OSError:
        lock.close()
        raise
    return lock
