"""Plays a recording: publishes each frame when it is due, or when the last is processed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bharnet_ros.nodes.playback.acknowledgements import Acknowledgements
from bharnet_ros.nodes.playback.pacing import Pacer
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.types.keypoints import NANOSECONDS

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class PlayerSettings:
    """How a recording is played.

    Attributes:
        as_fast_as_possible: Whether to publish frames before they are due.
        loop: Whether to restart at the end, with stamps that keep rising.
    """

    as_fast_as_possible: bool
    loop: bool


class Player:
    """Publishes the frames of a recording, with stamps that keep its own times.

    Args:
        frames: The recording, open.
        reopen: Opens the recording again.
        settings: How to play.
        acknowledgements: Each frame waits until the one before is acknowledged; None if frames do
            not wait.
        ready: Returns whether the first frame may be published.
        now_ns: Returns the current time on the clock of the stamps, nanoseconds.
        publish: Publishes a frame with its stamp, nanoseconds.
        counters: Counts the frames.
        logger: Logs when the recording is delayed.
    """

    def __init__(
        self,
        frames: FrameSource,
        reopen: Callable[[], FrameSource],
        settings: PlayerSettings,
        *,
        acknowledgements: Acknowledgements | None,
        ready: Callable[[], bool],
        now_ns: Callable[[], int],
        publish: Callable[[Frame, int], None],
        counters: NodeCounters,
        logger: Any,
    ) -> None:
        """Store the arguments; `run` plays."""
        self.frames = frames
        self._reopen = reopen
        self._settings = settings
        self._acknowledgements = acknowledgements
        self._ready = ready
        self._now_ns = now_ns
        self._publish = publish
        self._counters = counters
        self._logger = logger
        self._stop = threading.Event()
        self._last_stamp_ns: int | None = None

    def run(self) -> None:
        """Play until the recording ends or `stop` is called.

        Raises:
            InputError, OSError: The recording cannot be read; the message says why.
        """
        while not self._stop.is_set() and not self._ready():
            self._stop.wait(POLL_SECONDS)
        period = 1.0 / self.frames.fps
        pacer = Pacer(self._now_ns(), period)
        round_start = 0.0
        while not self._stop.is_set():
            time = self._play_once(pacer, round_start)
            if not self._settings.loop:
                return
            round_start = time + period
            self.frames.close()
            self.frames = self._reopen()

    def stop(self) -> None:
        """Make `run` return soon, from another thread."""
        self._stop.set()
        if self._acknowledgements is not None:
            self._acknowledgements.close()

    def _play_once(self, pacer: Pacer, start: float) -> float:
        """Play the recording once, `start` seconds after the first time; return its last time."""
        time = start
        for frame in self.frames:
            time = start + frame.time
            self._counters.count("received")
            # Not before the next frame is read: reading it and processing the last one overlap.
            self._wait_for_acknowledgement()
            stamp_ns = self._stamp_when_due(pacer, time)
            if self._stop.is_set():
                break
            if stamp_ns is None:
                self._counters.count("dropped")
            else:
                self._publish(frame, stamp_ns)
                self._last_stamp_ns = stamp_ns
        return time

    def _wait_for_acknowledgement(self) -> None:
        """Wait until the last frame is acknowledged."""
        if self._acknowledgements is None or self._last_stamp_ns is None:
            return
        if not self._acknowledgements.wait_for(self._last_stamp_ns):
            self._counters.count("unanswered")

    def _stamp_when_due(self, pacer: Pacer, time: float) -> int | None:
        """Wait until a frame is due; return its stamp, or None to skip it.

        Args:
            pacer: Keeps the rate.
            time: Time of the frame in the source, seconds.
        """
        if self._settings.as_fast_as_possible:
            return pacer.stamp(time)
        now_ns = self._now_ns()
        if self._acknowledgements is not None:
            wait_ns = pacer.stamp(time) - now_ns
        else:
            delayed_ns = pacer.delayed_ns
            decision = pacer.decide(time, now_ns)
            if decision is None:
                return None
            wait_ns = decision
            if pacer.delayed_ns > delayed_ns:
                self._report_delay(pacer)
        # The clock may be simulated and stand still, so it is read again after each short wait.
        while wait_ns > 0 and not self._stop.wait(min(wait_ns / NANOSECONDS, POLL_SECONDS)):
            wait_ns = pacer.stamp(time) - self._now_ns()
        return pacer.stamp(time)

    def _report_delay(self, pacer: Pacer) -> None:
        self._logger.warning(
            f"source {self.frames.name}: this machine is too slow for its rate; it is "
            f"delayed by {pacer.delayed_ns / NANOSECONDS:.1f} s so far",
            throttle_duration_sec=LOG_PERIOD,
        )
