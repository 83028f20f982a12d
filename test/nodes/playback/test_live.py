"""The frames of a live source, and the loss of one."""

from __future__ import annotations

import logging
import threading

import numpy as np
import pytest

from bharnet_ros.nodes.playback import live
from bharnet_ros.nodes.playback.live import LivePlayer
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.types.errors import InputError

SECOND = 1_000_000_000
NOW = 1000 * SECOND


class NodeLogger(logging.LoggerAdapter):
    """A logger that accepts the arguments of a node's logger."""

    def process(self, msg, kwargs):
        kwargs.pop("throttle_duration_sec", None)
        return msg, kwargs


LOGGER = NodeLogger(logging.getLogger("webcam"))


class Camera(FrameSource):
    """Yields a few frames, skips two before each, then is lost."""

    def __init__(self, frames: int) -> None:
        super().__init__("webcam", fps=30.0, frame_count=None, live=True)
        self.frames = frames
        self.closed = threading.Event()

    def __iter__(self):
        for index in range(self.frames):
            if self.closed.is_set():
                return
            self.skipped += 2
            yield Frame(np.full((4, 6, 3), index, np.uint8), index / self.fps)
        raise OSError("unplugged")

    def age(self, frame):
        return 0.25

    def close(self):
        self.closed.set()


def make(camera, reopen=None, publish=lambda frame, stamp_ns: None, counters=None) -> LivePlayer:
    return LivePlayer(
        camera,
        reopen,
        now_ns=lambda: NOW,
        publish=publish,
        counters=counters or NodeCounters(),
        logger=LOGGER,
    )


def test_stamps_are_capture_times_and_skipped_frames_are_counted():
    stamps, counters = [], NodeCounters()
    player = make(
        Camera(3), publish=lambda frame, stamp_ns: stamps.append(stamp_ns), counters=counters
    )
    with pytest.raises(OSError, match="unplugged"):
        player.run()
    assert stamps == [NOW - SECOND // 4] * 3
    assert (counters.totals["received"], counters.totals["dropped"]) == (9, 6)


def test_lost_webcam_is_reopened_when_it_is_back(monkeypatch, caplog):
    monkeypatch.setattr(live, "REOPEN_SECONDS", 0.001)
    first, second = Camera(1), Camera(2)
    attempts, lost = [], []

    def reopen():
        attempts.append(first.closed.is_set())
        lost.append(player.lost)
        if len(attempts) < 3:
            raise OSError("there is no /dev/video0")
        return second

    shown = []

    def publish(frame, stamp_ns):
        shown.append((int(frame.image[0, 0, 0]), player.lost))
        if len(shown) == 3:
            player.stop()

    player = make(first, reopen, publish)
    with caplog.at_level(logging.INFO):
        player.run()
    assert attempts == [True] * 3
    assert lost == ["unplugged", "there is no /dev/video0", "there is no /dev/video0"]
    assert shown == [(0, ""), (0, ""), (1, "")]
    assert second.closed.is_set()
    assert "webcam: unplugged; waiting" in caplog.text
    assert "webcam: is back" in caplog.text


def test_webcam_that_comes_back_with_another_size_is_waited_for(monkeypatch):
    monkeypatch.setattr(live, "REOPEN_SECONDS", 0.001)
    lost = []

    def reopen():
        lost.append(player.lost)
        if len(lost) == 1:
            raise InputError("width, height: webcam 0 does not give 640 x 480 pixels")
        return Camera(1)

    player = make(Camera(0), reopen, lambda frame, stamp_ns: player.stop())
    player.run()
    assert lost == ["unplugged", "width, height: webcam 0 does not give 640 x 480 pixels"]


def test_stop_ends_the_wait_for_a_lost_webcam(monkeypatch):
    monkeypatch.setattr(live, "REOPEN_SECONDS", 0.001)
    tried = threading.Event()

    def reopen():
        tried.set()
        raise OSError("there is no /dev/video0")

    player = make(Camera(0), reopen)
    thread = threading.Thread(target=player.run, daemon=True)
    thread.start()
    assert tried.wait(10)
    player.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert player.lost == "there is no /dev/video0"
