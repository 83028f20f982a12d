"""Waits until an image has been processed, so that the next one is not dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable

TIMEOUT_SECONDS = 5.0
SHORT_TIMEOUT_SECONDS = 0.5


class Acknowledgements:
    """The stamp up to which images were acknowledged. Thread-safe.

    Args:
        expected: Returns whether any node acknowledges images.
    """

    def __init__(self, expected: Callable[[], bool]) -> None:
        """Start with no acknowledgement."""
        self._expected = expected
        self._changed = threading.Condition()
        self._newest_ns = 0
        self._timeout_s = TIMEOUT_SECONDS
        self._closed = False

    def acknowledge(self, stamp_ns: int) -> None:
        """Acknowledge the image with this stamp, nanoseconds."""
        with self._changed:
            self._newest_ns = stamp_ns
            self._changed.notify_all()

    def wait_for(self, stamp_ns: int) -> bool:
        """Wait until the image with this stamp, nanoseconds, is acknowledged.

        Returns:
            False if that did not happen in time.
        """
        if not self._expected():
            return True
        with self._changed:
            acknowledged = self._changed.wait_for(
                lambda: self._newest_ns >= stamp_ns or self._closed, self._timeout_s
            )
        # A node that failed to acknowledge one image may never do so again.
        self._timeout_s = TIMEOUT_SECONDS if acknowledged else SHORT_TIMEOUT_SECONDS
        return acknowledged

    def close(self) -> None:
        """End every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
