"""Keeps depth images until the keypoints of their images are found."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from bharnet_ros.types.stamps import InputTimeout

Item = TypeVar("Item")


class DepthFeed(Generic[Item]):
    """Keeps the newest depth images by the stamp of their image; one thread puts, another takes.

    A depth image usually arrives before the keypoints of its image are found. Otherwise `take`
    waits for it, but not for long, and not at all once depth has stopped: a broken depth camera
    must not delay keypoints.
    """

    def __init__(self, *, kept: int = 10, wait_s: float = 0.1, timeout_s: float = 1.0) -> None:
        """Start empty.

        Args:
            kept: Maximum number of depth images to keep.
            wait_s: Longest time that `take` waits, seconds of the wall clock.
            timeout_s: Seconds of images without depth after which depth counts as stopped.

        Raises:
            InputError: The timeout is not positive.
        """
        self._kept = kept
        self._wait_s = wait_s
        self._timeout = InputTimeout(timeout_s)
        self._condition = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """Forget all depth images and stamps, as after a time jump."""
        with self._condition:
            self._items: dict[int, Item] = {}
            self._newest_ns: int | None = None
            self._timeout.reset()

    def put(self, stamp_ns: int, item: Item) -> None:
        """Keep the depth image that belongs to the image with this stamp."""
        with self._condition:
            self._items[stamp_ns] = item
            self._newest_ns = stamp_ns
            self._timeout.received(stamp_ns)
            while len(self._items) > self._kept:
                del self._items[min(self._items)]
            self._condition.notify_all()

    def take(self, stamp_ns: int) -> Item | None:
        """Return the depth image that belongs to the image with this stamp, and drop older ones.

        Waits for it; returns None once a later one has arrived, or the waiting time is over.
        """
        with self._condition:
            self._timeout.expected(stamp_ns)
            if not self._timeout.expired(stamp_ns):
                self._condition.wait_for(
                    lambda: self._newest_ns is not None and self._newest_ns >= stamp_ns,
                    self._wait_s,
                )
            found = self._items.get(stamp_ns)
            self._items = {at: item for at, item in self._items.items() if at > stamp_ns}
            return found

    def stopped(self, stamp_ns: int | None) -> bool:
        """Return whether images up to this stamp lacked depth for longer than the timeout."""
        with self._condition:
            return self._timeout.expired(stamp_ns)
