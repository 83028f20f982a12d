"""Small drawings of a person's keypoints at a few moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from bharnet_ros.evaluation.report.svg import colour, figure_style, inline_svg, quiet_axes
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND, KeypointSequence
from bharnet_ros.types.layouts import BODY_BONES, HAND_BONES, LEAST_VISIBILITY, get_layout
from bharnet_ros.types.timeline import ANYBODY, Timeline

NEAREST_S = 0.5
"""Greatest distance of a drawn frame from its moment."""

Points = npt.NDArray[np.floating]
Bones = tuple[tuple[int, int], ...]


def draw_person(
    timeline: Timeline, tracks: Sequence[str], moments_s: Sequence[float], name: str
) -> str:
    """Return an <svg> of the person at each moment, side by side; empty without keypoints.

    Args:
        timeline: The recording, with keypoints.
        tracks: Track ids of the person; none, or `ANYBODY` alone, means any person.
        moments_s: Moments in seconds since the start of the recording.
        name: Name of the figure, unique in the page.
    """
    sequences = [
        sequence
        for sequence in timeline.keypoints
        if sequence.track_id in tracks or set(tracks) <= {ANYBODY}
    ]
    drawn = [(moment, *_nearest(sequences, moment)) for moment in moments_s]
    found = [
        (moment, sequence, frame)
        for moment, sequence, frame in drawn
        if sequence is not None and _points(sequence, frame)
    ]
    if not found:
        return ""
    with figure_style():
        figure = Figure(figsize=(1.15 * len(found), 1.5))
        grid = figure.subplots(1, len(found), squeeze=False)[0]
        figure.subplots_adjust(0.0, 0.0, 1.0, 0.88, wspace=0.05)
        for axes, (moment, sequence, frame) in zip(grid, found, strict=True):
            _draw(axes, sequence, frame)
            axes.set_title(f"{moment:.1f} s", fontsize=8, color=colour("muted"), pad=2)
        times = ", ".join(f"{moment:.1f}" for moment, _, _ in found)
        return inline_svg(figure, name, "Keypoints", f"The person's keypoints at {times} s")


def _nearest(
    sequences: Sequence[KeypointSequence], moment_s: float
) -> tuple[KeypointSequence | None, int]:
    """Return the sequence and frame nearest to a moment; None if none is near enough."""
    best: tuple[float, KeypointSequence | None, int] = (NEAREST_S, None, 0)
    for sequence in sequences:
        frame = int(np.argmin(np.abs(sequence.stamps - moment_s)))
        distance = abs(float(sequence.stamps[frame]) - moment_s)
        if distance < best[0]:
            best = distance, sequence, frame
    return best[1], best[2]


def _points(sequence: KeypointSequence, frame: int) -> list[tuple[Points, Bones, str, float]]:
    """Return the visible parts, each with (V, 2) points, bones, colour and line width."""
    layout = get_layout(sequence.body_layout)
    if layout.name.startswith("mediapipe"):
        bones: Bones = BODY_BONES
    else:
        bones = tuple(
            (layout.sources[child], layout.sources[parent])
            for child, parent in enumerate(layout.parents)
            if child != parent
        )
    body = sequence.body[frame, :, :2].astype(np.float64)
    body[sequence.body[frame, :, 3] < LEAST_VISIBILITY] = np.nan
    if layout.dimensions == 3:
        body[:, 1] *= -1.0  # The y axis of depth cameras points up.
    parts: list[tuple[Points, Bones, str, float]] = [
        (body, tuple(bone for bone in bones if max(bone) < len(body)), "ink", 1.3)
    ]
    for side, role in ((LEFT_HAND, "badly_timed"), (RIGHT_HAND, "right")):
        parts.append((sequence.hands[frame, side, :, :2], HAND_BONES, role, 0.9))
    return [part for part in parts if np.isfinite(part[0]).all(axis=1).any()]


def _draw(axes: Axes, sequence: KeypointSequence, frame: int) -> None:
    parts = _points(sequence, frame)
    for points, bones, role, width in parts:
        segments = [points[list(bone)] for bone in bones if np.isfinite(points[list(bone)]).all()]
        axes.add_collection(
            LineCollection(segments, colors=colour(role), linewidths=width, capstyle="round")
        )
    everything = np.concatenate([points for points, *_ in parts])
    everything = everything[np.isfinite(everything).all(axis=1)]
    low, high = everything.min(axis=0), everything.max(axis=0)
    margin = 0.06 * max(float((high - low).max()), 1e-6)
    axes.set_xlim(low[0] - margin, high[0] + margin)
    axes.set_ylim(high[1] + margin, low[1] - margin)
    axes.set_aspect("equal")
    quiet_axes(axes)
