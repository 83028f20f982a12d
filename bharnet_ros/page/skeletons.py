"""Examples of gestures as small drawings that move."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND, FloatArray
from bharnet_ros.types.layouts import BODY_BONES, HAND_BONES, LEAST_VISIBILITY

_MOST_FRAMES = 24
"""Most frames of a drawing: more look the same and take longer to send."""

_AROUND_S = 0.2
"""How much of the rest before and after the motion is shown, seconds."""

_PAUSE_S = 0.4
"""How long the last frame stands before the drawing begins anew, seconds."""

_SIZE = 100
"""Length of the longer side of a drawing, in its own units."""

_UPPER_BODY = range(25)
"""Landmarks of the body that are shown; legs make the hands small."""


def skeleton_loop(example: ClipKeypoints, title: str) -> str:
    """Return an <svg> in which the person of an example shows its motion again and again.

    Args:
        example: The example.
        title: What it shows, for those who do not see it; must be escaped.
    """
    frames, seconds = _shown(example)
    body = example.body[frames][..., :2].astype(np.float64)
    body[example.body[frames][..., 3] < LEAST_VISIBILITY] = np.nan
    hands = example.hands[frames][..., :2].astype(np.float64)
    everything = np.concatenate([body[:, _UPPER_BODY].reshape(-1, 2), hands.reshape(-1, 2)])
    everything = everything[np.isfinite(everything).all(axis=1)]
    if not len(everything):
        return _svg(title, _SIZE, _SIZE, ())
    # Robust against a landmark that jumped far away.
    low, high = np.percentile(everything, (1, 99), axis=0)
    margin = 0.12 * float((high - low).max()) + 1e-6
    low, high = low - margin, high + margin
    scale = _SIZE / float((high - low).max())
    width, height = np.ceil((high - low) * scale).astype(int)
    bones = tuple(bone for bone in BODY_BONES if max(bone) in _UPPER_BODY)
    duration = f"{seconds + _PAUSE_S:.2f}s"
    moving = seconds / (seconds + _PAUSE_S)
    parts = [
        _path("body", (body - low) * scale, bones, duration, moving),
        _path("left", (hands[:, LEFT_HAND] - low) * scale, HAND_BONES, duration, moving),
        _path("right", (hands[:, RIGHT_HAND] - low) * scale, HAND_BONES, duration, moving),
    ]
    return _svg(title, width, height, parts)


def _svg(title: str, width: int, height: int, parts: Iterable[str]) -> str:
    return (
        f'<svg class="skeleton" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{title}</title>{''.join(parts)}</svg>"
    )


def _shown(example: ClipKeypoints) -> tuple[list[int], float]:
    """Return the frames to draw and how long they last, seconds."""
    stamps = example.stamp
    start, end = example.motion or (float(stamps[0]), float(stamps[-1]))
    first = int(np.searchsorted(stamps, start - _AROUND_S))
    last = max(int(np.searchsorted(stamps, end + _AROUND_S, side="right")) - 1, first)
    count = min(last - first + 1, _MOST_FRAMES)
    frames = [int(place) for place in np.linspace(first, last, count)]
    return frames, max(float(stamps[last] - stamps[first]), 0.1)


def _path(
    name: str,
    points: FloatArray,
    bones: tuple[tuple[int, int], ...],
    duration: str,
    moving: float,
) -> str:
    """Return a <path> whose lines move; empty if nothing was seen.

    Args:
        name: Its class in the style of the page.
        points: (F, V, 2) in units of the drawing, NaN where absent.
        bones: Which points to join.
        duration: Length of the loop.
        moving: Share 0..1 of the loop in which the frames change.
    """
    drawn = [_lines(frame, bones) for frame in points]
    if not any(drawn):
        return ""
    times = ";".join(f"{place * moving / len(drawn):.4f}" for place in range(len(drawn)))
    values = ";".join(one or "M0 0" for one in drawn)
    return (
        f'<path class="{name}" d="{drawn[len(drawn) // 2]}"><animate attributeName="d" '
        f'calcMode="discrete" repeatCount="indefinite" dur="{duration}" keyTimes="{times}" '
        f'values="{values}"/></path>'
    )


def _lines(points: FloatArray, bones: tuple[tuple[int, int], ...]) -> str:
    present = np.isfinite(points).all(axis=1)
    return "".join(
        f"M{points[start, 0]:.1f} {points[start, 1]:.1f}L{points[end, 0]:.1f} {points[end, 1]:.1f}"
        for start, end in bones
        if present[start] and present[end]
    )
