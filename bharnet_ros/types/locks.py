"""Files that one process at a time may hold; the kernel takes them from one that is killed."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def take_lock(path: Path) -> TextIO | None:
    """Return the open file that is the lock; None if another process, or this one, holds it.

    Args:
        path: The file; it and its folder are made. `leave_lock` deletes it.

    Raises:
        OSError: The file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        lock = path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        except OSError:
            lock.close()
            raise
        # Another process may have deleted the file between the two calls.
        if os.fstat(lock.fileno()).st_nlink:
            return lock
        lock.close()


def leave_lock(lock: TextIO) -> None:
    """Delete the file of a lock and leave it to others."""
    with suppress(OSError):
        Path(lock.name).unlink()
    lock.close()
