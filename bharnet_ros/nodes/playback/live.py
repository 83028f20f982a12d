"""Publishes the newest frames of a live source, and reopens one that was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

REOPEN_SECONDS = 1.0


class LivePlayer:
    """Publishes the frames of a webcam or a stream as they arrive, with their capture times.

    Args:
        frames: The source, open.
        reopen: Opens a lost source again; None if a loss ends the run.
        now_ns: Returns the current time on the clock of the stamps, nanoseconds.
        publish: Publishes a frame with its stamp, nanoseconds.
        counters: Counts the frames.
        logger: Logs when the source is lost and when it is back.
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
        """Store the arguments; `run` publishes."""
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
        """Why there are currently no frames; empty while they arrive."""
        return self._lost

    def run(self) -> None:
        """Publish frames until `stop` is called.

        Raises:
            OSError: The source was lost for good; the message says why.
        """
        while not self._stop.is_set():
            try:
                self._publish_until_lost()
            except OSError as error:
                if self._reopen is None:
                    raise
                self._lost = str(error)
                self._logger.error(f"source {self.frames.name}: {error}; waiting")
                self._reopen_when_back(self._reopen)

    def stop(self) -> None:
        """Make `run` return soon, from another thread."""
        self._stop.set()
        # Ends the wait for the next frame.
        self.frames.close()

    def _publish_until_lost(self) -> None:
        # Frames skipped before the first, while models were loaded, do not count as dropped.
        skipped = self.frames.skipped
        for frame in self.frames:
            stamp_ns = self._now_ns() - round(self.frames.age(frame) * NANOSECONDS)
            self._counters.count("received", 1 + self.frames.skipped - skipped)
            self._counters.count("dropped", self.frames.skipped - skipped)
            skipped = self.frames.skipped
            if self._stop.is_set():
                return
            self._publish(frame, stamp_ns)

    def _reopen_when_back(self, reopen: Callable[[], FrameSource]) -> None:
        """Wait until the source is back as it was, or `stop` is called."""
        self.frames.close()
        while not self._stop.wait(REOPEN_SECONDS):
            try:
                frames = reopen()
            except (OSError, InputError) as error:
                self._lost = str(error)
                if not self._stop.is_set():
                    self._logger.warning(str(error), throttle_duration_sec=LOG_PERIOD)
            else:
                self.frames = frames
                if self._stop.is_set():
                    # Nobody may be there any more to close it.
                    frames.close()
                    return
                self._lost = ""
                self._logger.info(f"source {self.frames.name}: is back")
                return
