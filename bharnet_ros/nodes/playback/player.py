"""Plays a recording: each frame when it is due, or when it can be taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bharnet_ros.nodes.playback.acknowledgements import Acknowledgements
from bharnet_ros.nodes.playback.pacing import Pacer
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.managed import LOG_PERIOD
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.types.keypoints import NANOSECONDS

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class PlayerSettings:
    """How a recording is played.

    Attributes:
        as_fast_as_possible: Whether no frame waits for its time.
        loop: Whether to start again at the end, with stamps that keep rising.
    """

    as_fast_as_possible: bool
    loop: bool


class Player:
    """Gives the frames of a recording, stamped by its own times.

    Args:
        frames: The recording, open.
        reopen: Opens it anew.
        settings: How to play.
        answers: What each frame but the first has to wait for; None where none has to.
        wanted: Whether somebody takes the frames; the first one waits for that.
        now_ns: Present time on the clock of the stamps, nanoseconds.
        publish: Takes each frame and its stamp, nanoseconds.
        counters: Counts the frames.
        logger: Is told when the recording is played slower.
    """

    def __init__(
        self,
        frames: FrameSource,
        reopen: Callable[[], FrameSource],
        settings: PlayerSettings,
        *,
        answers: Acknowledgements | None,
        wanted: Callable[[], bool],
        now_ns: Callable[[], int],
        publish: Callable[[Frame, int], None],
        counters: NodeCounters,
        logger: Any,
    ) -> None:
        """Wait for `run`."""
        self.frames = frames
        self._reopen = reopen
        self._settings = settings
        self._answers = answers
        self._wanted = wanted
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
        while not self._stop.is_set() and not self._wanted():
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
        if self._answers is not None:
            self._answers.close()

    def _play_once(self, pacer: Pacer, start: float) -> float:
        """Play a recording that begins `start` seconds after the first; return its last time."""
        time = start
        for frame in self.frames:
            time = start + frame.time
            self._counters.count("received")
            # Only now, when the next frame is made: making it and working on the one before go on
            # side by side.
            self._wait_for_answer()
            stamp_ns = self._stamp_when_due(pacer, time)
            if self._stop.is_set():
                break
            if stamp_ns is None:
                self._counters.count("dropped")
            else:
                self._publish(frame, stamp_ns)
                self._last_stamp_ns = stamp_ns
        return time

    def _wait_for_answer(self) -> None:
        """Wait until the last frame has been answered."""
        if self._answers is None or self._last_stamp_ns is None:
            return
        if not self._answers.wait_for(self._last_stamp_ns):
            self._counters.count("unanswered")

    def _stamp_when_due(self, pacer: Pacer, time: float) -> int | None:
        """Wait for the time of a frame and return its stamp, or None where it is to be skipped.

        Args:
            pacer: Keeps the rate.
            time: Time of the frame in the source, seconds.
        """
        if self._settings.as_fast_as_possible:
            return pacer.stamp(time)
        now_ns = self._now_ns()
        if self._answers is not None:
            wait_ns = pacer.stamp(time) - now_ns
        else:
            delayed_ns = pacer.delayed_ns
            decision = pacer.decide(time, now_ns)
            if decision is None:
                return None
            wait_ns = decision
            if pacer.delayed_ns > delayed_ns:
                self._report_delay(pacer)
        # The clock may be simulated: it is asked again rather than trusted to run on.
        while wait_ns > 0 and not self._stop.wait(min(wait_ns / NANOSECONDS, POLL_SECONDS)):
            wait_ns = pacer.stamp(time) - self._now_ns()
        return pacer.stamp(time)

    def _report_delay(self, pacer: Pacer) -> None:
        self._logger.warning(
            f"source {self.frames.name}: this machine is too slow for its rate; it is "
            f"played slower, by {pacer.delayed_ns / NANOSECONDS:.1f} s so far",
            throttle_duration_sec=LOG_PERIOD,
        )
