"""Depth images that wait for the keypoints of their images, and whether they still come."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from bharnet_ros.types.stamps import InputTimeout

Item = TypeVar("Item")


class DepthFeed(Generic[Item]):
    """Keeps the newest depth images by the stamp of their image; one thread puts, another takes.

    Finding keypoints takes longer than a depth image does to come, so that it mostly waits there
    already. Where it does not, it is waited for, but not for long, and not at all once depth has
    stopped: keypoints must not suffer from a broken depth camera.
    """

    def __init__(self, *, kept: int = 10, patience_s: float = 0.1, timeout_s: float = 1.0) -> None:
        """Start with none.

        Args:
            kept: How many are kept.
            patience_s: Longest time that `take` waits, seconds of the wall clock.
            timeout_s: Seconds of images without depth after which depth counts as stopped.

        Raises:
            InputError: The timeout is not positive.
        """
        self._kept = kept
        self._patience_s = patience_s
        self._depth = InputTimeout(timeout_s)
        self._condition = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """Forget all stamps, as after a jump of time."""
        with self._condition:
            self._items: dict[int, Item] = {}
            self._newest_ns: int | None = None
            self._depth.reset()

    def put(self, stamp_ns: int, item: Item) -> None:
        """Keep the depth image of the image of this time."""
        with self._condition:
            self._items[stamp_ns] = item
            self._newest_ns = stamp_ns
            self._depth.received(stamp_ns)
            while len(self._items) > self._kept:
                del self._items[min(self._items)]
            self._condition.notify_all()

    def take(self, stamp_ns: int) -> Item | None:
        """Return the depth image of the image of this time, and let go of older ones.

        None where there is none and the next one has come, or has not for the time of patience.
        """
        with self._condition:
            self._depth.expected(stamp_ns)
            if not self._depth.expired(stamp_ns):
                self._condition.wait_for(
                    lambda: self._newest_ns is not None and self._newest_ns >= stamp_ns,
                    self._patience_s,
                )
            found = self._items.get(stamp_ns)
            self._items = {at: item for at, item in self._items.items() if at > stamp_ns}
            return found

    def stopped(self, stamp_ns: int | None) -> bool:
        """Return whether images up to this time came for long without depth."""
        with self._condition:
            return self._depth.expired(stamp_ns)
