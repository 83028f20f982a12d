"""Waits until somebody has answered an image, so that none is sent that would be dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE_SECONDS = 5.0
LITTLE_PATIENCE_SECONDS = 0.5


class Acknowledgements:
    """The stamps up to which images were answered. Thread-safe.

    Args:
        expected: Whether there is anybody who answers at all.
    """

    def __init__(self, expected: Callable[[], bool]) -> None:
        """Begin with no answer."""
        self._expected = expected
        self._changed = threading.Condition()
        self._newest_ns = 0
        self._patience = PATIENCE_SECONDS
        self._closed = False

    def heard(self, stamp_ns: int) -> None:
        """Take an answer to the image of this stamp, nanoseconds."""
        with self._changed:
            self._newest_ns = stamp_ns
            self._changed.notify_all()

    def wait_for(self, stamp_ns: int) -> bool:
        """Wait until the image of this stamp, nanoseconds, is answered.

        Returns:
            False where no answer came in time.
        """
        if not self._expected():
            return True
        with self._changed:
            answered = self._changed.wait_for(
                lambda: self._newest_ns >= stamp_ns or self._closed, self._patience
            )
        # Whoever did not answer once may never do; the images must not crawl for that.
        self._patience = PATIENCE_SECONDS if answered else LITTLE_PATIENCE_SECONDS
        return answered

    def close(self) -> None:
        """End every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
