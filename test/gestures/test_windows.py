"""The windows of an example: which show its motion, and which rest."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.gestures.windows import example_windows
from bharnet_ros.types.keypoint_file import ClipKeypoints

WINDOW_S = 1.0


def clip(seconds: float, motion: tuple[float, float] | None = None) -> ClipKeypoints:
    """Return a clip at 20 frames a second; the nose moves right by a pixel a frame."""
    frames = round(seconds * 20) + 1
    body = np.ones((frames, 33, 4), dtype=np.float32)
    body[:, 0, 0] = np.arange(frames)
    return ClipKeypoints(
        stamp=np.arange(frames) / 20,
        body=body,
        hands=np.full((frames, 2, 21, 3), np.nan, dtype=np.float32),
        hand_scores=np.zeros((frames, 2), dtype=np.float32),
        width=640,
        height=480,
        motion=motion,
    )


def newest(window) -> float:
    """Return the time of the newest frame of a window in seconds of the clip."""
    return float(window.body[-1, 0, 0]) / 20


def test_windows_that_show_most_of_the_motion_are_examples_of_it() -> None:
    windows = example_windows(clip(4.0, (1.5, 2.3)), WINDOW_S)
    assert windows.duration_s == pytest.approx(0.8)
    # 0.8 of 0.8 s are shown from 0.64 s after the start to 0.16 s before the start is lost.
    assert [newest(one) for one in windows.shown] == pytest.approx(
        [2.2, 2.3, 2.4, 2.5, 2.6], abs=0.051
    )
    assert all(newest(one) <= 1.5 + 0.16 or newest(one) >= 3.3 - 0.16 for one in windows.rest)
    assert windows.rest
    assert len(windows.rest) <= 8


def test_a_long_motion_fills_windows_of_its_middle() -> None:
    windows = example_windows(clip(6.0, (1.0, 5.0)), WINDOW_S)
    assert len(windows.shown) == 8
    times = [newest(one) for one in windows.shown]
    assert min(times) >= 1.8 - 0.051
    assert max(times) <= 5.2 + 0.051
    assert max(times) - min(times) > 2.5


@pytest.mark.parametrize("seconds", [0.05, 0.4, 0.9])
def test_a_clip_without_rest_is_shown_by_its_last_windows(seconds: float) -> None:
    windows = example_windows(clip(seconds), WINDOW_S)
    assert windows.shown
    assert windows.rest == ()
    assert newest(windows.shown[-1]) == pytest.approx(seconds, abs=0.051)


def test_a_short_motion_at_the_start_is_one_window() -> None:
    windows = example_windows(clip(0.3, (0.0, 0.2)), WINDOW_S)
    (window,) = windows.shown
    assert newest(window) == pytest.approx(0.2)
