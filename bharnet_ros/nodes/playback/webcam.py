"""Relays the newest frames of a webcam, and outlives its loss."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.managed import LOG_PERIOD
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.types.keypoints import NANOSECONDS

REOPEN_SECONDS = 1.0


class WebcamPlayer:
    """Gives the frames of a webcam as they come, stamped by when they were taken.

    Args:
        frames: The webcam, open.
        reopen: Opens it anew after it was lost; None where that is the end.
        now_ns: Present time on the clock of the stamps, nanoseconds.
        publish: Takes each frame and its stamp, nanoseconds.
        counters: Counts the frames.
        logger: Is told of a loss and of the return.
    """

    def __init__(
        self,
        frames: FrameSource,
        reopen: Callable[[], FrameSource] | None,
        *,
        now_ns: Callable[[], int],
        publish: Callable[[Frame, int], None],
        counters: NodeCounters,
        logger: Any,
    ) -> None:
        """Wait for `run`."""
        self.frames = frames
        self._reopen = reopen
        self._now_ns = now_ns
        self._publish = publish
        self._counters = counters
        self._logger = logger
        self._stop = threading.Event()
        self._lost = ""

    @property
    def lost(self) -> str:
        """Why there are no frames just now; empty where there are some."""
        return self._lost

    def run(self) -> None:
        """WebcamPlayer until `stop` is called.

        Raises:
            OSError: The webcam was lost for good; the message says why.
        """
        while not self._stop.is_set():
            try:
                self._relay_until_lost()
            except OSError as error:
                if self._reopen is None:
                    raise
                self._lost = str(error)
                self._logger.error(f"source {self.frames.name}: {error}; waiting")
                self._open_again(self._reopen)

    def stop(self) -> None:
        """Make `run` return soon, from another thread."""
        self._stop.set()
        # Ends the wait for its next picture.
        self.frames.close()

    def _relay_until_lost(self) -> None:
        # Those that nobody asked for, while models were loaded, are no loss.
        skipped = self.frames.skipped
        for frame in self.frames:
            stamp_ns = self._now_ns() - round(self.frames.age(frame) * NANOSECONDS)
            self._counters.count("received", 1 + self.frames.skipped - skipped)
            self._counters.count("dropped", self.frames.skipped - skipped)
            skipped = self.frames.skipped
            if self._stop.is_set():
                return
            self._publish(frame, stamp_ns)

    def _open_again(self, reopen: Callable[[], FrameSource]) -> None:
        """Wait until the webcam is back, or `stop` is called."""
        self.frames.close()
        while not self._stop.wait(REOPEN_SECONDS):
            try:
                self.frames = reopen()
            except OSError as error:
                self._lost = str(error)
                self._logger.warning(str(error), throttle_duration_sec=LOG_PERIOD)
            else:
                self._lost = ""
                self._logger.info(f"source {self.frames.name}: is back")
                return
