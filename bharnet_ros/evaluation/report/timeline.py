"""The timeline of a recording: truth, events and scores in rows of equal duration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bharnet_ros.evaluation.metrics.events import EventMetrics
from bharnet_ros.evaluation.metrics.outcomes import OUTCOME_NAMES, RIGHT, Lane, Outcomes, lanes
from bharnet_ros.evaluation.report.svg import colour, figure_style, fill, inline_svg
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.timeline import FoundEvent, ScoreTrace, Timeline, TrueAction

MOST_ROWS = 12
"""Most rows of one recording."""

MOST_LANES = 6
"""Most people in one row."""

MOST_SAMPLES = 240
"""Most points of a score curve in one row."""

_ROW_LENGTHS_S = (20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_WIDTH, _MARGIN, _END = 960.0, 44.0, 16.0
_BAR, _STRIP, _TITLE, _GAP, _AXIS = 15.0, 28.0, 13.0, 9.0, 16.0
_LETTER = 5.4
_LEAST_SCORE = 0.25
_PAUSE_S = 1.0


@dataclass(frozen=True)
class TimelineFigure:
    """A drawn timeline.

    Attributes:
        svg: The <svg> element.
        left_out: Text about what was not drawn; empty if everything was.
    """

    svg: str
    left_out: str


def row_length(duration_s: float) -> float:
    """Return the greatest duration of a row, in seconds, for a recording of this duration."""
    for length in _ROW_LENGTHS_S:
        if duration_s <= length * MOST_ROWS and (length >= 60 or duration_s <= length):
            return float(length)
    return math.ceil(duration_s / MOST_ROWS / 3600) * 3600.0


def draw_timeline(
    timeline: Timeline, metrics: EventMetrics, name: str, most_bars: int
) -> TimelineFigure:
    """Draw the timeline of a recording.

    Args:
        timeline: The recording.
        metrics: Metrics that include the recording.
        name: Name of the figure, unique in the page.
        most_bars: Most true actions and events to draw; mistakes are kept first.
    """
    outcomes = Outcomes(metrics)
    kept, left_out = _limit_bars(timeline, outcomes, most_bars)
    traces = traces_without_background(timeline)
    length = row_length(timeline.duration_s)
    people = lanes(kept, metrics)
    rows = []
    crowded = 0
    count = max(1, math.ceil(timeline.duration_s / length))
    # Rows get equal durations, divisible into six parts of whole seconds.
    length = max(6.0, 6.0 * math.ceil(timeline.duration_s / count / 6.0))
    for number in range(count):
        shown = [lane for lane in people if _is_in_row(lane, traces, number * length, length)]
        crowded += len(shown) > MOST_LANES
        rows.append((number * length, shown[:MOST_LANES]))
    if crowded:
        left_out += f" {crowded} rows show only {MOST_LANES} people."
    with figure_style():
        heights = [_row_height(shown, traces) for _, shown in rows]
        total = sum(heights) + 2.0
        figure = Figure(figsize=(_WIDTH / 72, total / 72))
        tips: dict[str, str] = {}
        top = total
        for (start, shown), height in zip(rows, heights, strict=True):
            bottom = (top - height + _AXIS) / total
            axes = figure.add_axes(
                (
                    _MARGIN / _WIDTH,
                    bottom,
                    1 - (_MARGIN + _END) / _WIDTH,
                    (height - _AXIS - 10.0) / total,
                )
            )
            _Row(axes, timeline.name, outcomes, start, length, tips).draw(shown, traces)
            top -= height
        description = (
            f"{len(timeline.truth)} true actions above {len(timeline.events)} events, "
            f"in rows of {length:g} s; report.json has the same data"
        )
        svg = inline_svg(figure, name, f"Timeline of {timeline.name}", description, tips)
    return TimelineFigure(svg, left_out.strip())


def clock(time_s: float) -> str:
    """Return a time as minutes and seconds, with hours if needed."""
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def condensed(
    trace: ScoreTrace, start_s: float, end_s: float, most: int = MOST_SAMPLES
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return stamps (S,) and probabilities (S, K) between two times, reduced to `most` samples.

    Each sample has the maximum of the scores that it replaces. A pause without scores becomes one
    row of NaN, which interrupts the curve.
    """
    inside = (trace.stamps_s >= start_s) & (trace.stamps_s <= end_s)
    stamps = np.asarray(trace.stamps_s[inside], dtype=np.float64)
    values = np.asarray(trace.probabilities[inside], dtype=np.float64)
    if len(stamps) > most:
        cuts = np.linspace(0, len(stamps), most + 1).astype(int)[:-1]
        stamps, values = stamps[cuts], np.maximum.reduceat(values, cuts, axis=0)
    breaks = np.flatnonzero(np.diff(stamps) > max(_PAUSE_S, 3 * (end_s - start_s) / most)) + 1
    return np.insert(stamps, breaks, np.nan), np.insert(values, breaks, np.nan, axis=0)


def _limit_bars(timeline: Timeline, outcomes: Outcomes, most: int) -> tuple[Timeline, str]:
    """Return the timeline with at most so many bars, mistakes first, and a text about the rest."""
    truth = [(outcomes.of_truth(timeline.name, action), action) for action in timeline.truth]
    events = [(outcomes.of_event(timeline.name, event), event) for event in timeline.events]
    if len(truth) + len(events) <= most:
        return timeline, ""

    def chosen(judged: Sequence[tuple[str, TrueAction | FoundEvent]]) -> set[int]:
        order = sorted(range(len(judged)), key=lambda number: judged[number][0] == RIGHT)
        return set(order[: most // 2])

    keep_truth, keep_events = chosen(truth), chosen(events)
    kept = Timeline(
        name=timeline.name,
        duration_s=timeline.duration_s,
        truth=tuple(action for number, (_, action) in enumerate(truth) if number in keep_truth),
        events=tuple(event for number, (_, event) in enumerate(events) if number in keep_events),
        class_names=timeline.class_names,
    )
    return kept, (
        f"Shown are {len(kept.truth)} of {len(truth)} true actions and {len(kept.events)} of "
        f"{len(events)} events, mistakes first."
    )


def _is_in_row(lane: Lane, traces: Sequence[ScoreTrace], start_s: float, length_s: float) -> bool:
    end_s = start_s + length_s
    spans: Iterable[TrueAction | FoundEvent] = (*lane.truth, *lane.events)
    if any(span.end_s >= start_s and span.start_s <= end_s for span in spans):
        return True
    return any(
        bool(((trace.stamps_s >= start_s) & (trace.stamps_s < end_s)).any())
        for trace in traces
        if trace.track_id in lane.tracks
    )


def _has_scores(lane: Lane, traces: Sequence[ScoreTrace]) -> bool:
    return any(trace.track_id in lane.tracks for trace in traces)


def _row_height(shown: Sequence[Lane], traces: Sequence[ScoreTrace]) -> float:
    heights = [
        _TITLE + 2 * _BAR + (_STRIP if _has_scores(lane, traces) else 0.0) + _GAP for lane in shown
    ]
    return max(sum(heights), _BAR) + _AXIS + 10.0


class _Row:
    """One row of a timeline; the y axis of its axes is in points and points down."""

    def __init__(
        self,
        axes: Axes,
        recording: str,
        outcomes: Outcomes,
        start_s: float,
        length_s: float,
        tips: dict[str, str],
    ) -> None:
        self._axes = axes
        self._recording = recording
        self._outcomes = outcomes
        self._start = start_s
        self._end = start_s + length_s
        self._points_per_s = (_WIDTH - _MARGIN - _END) / length_s
        self._tips = tips

    def draw(self, shown: Sequence[Lane], traces: Sequence[ScoreTrace]) -> None:
        axes = self._axes
        y = 0.0
        for lane in shown:
            self._margin_text(y + _TITLE / 2, lane.title, "ink", inside=True)
            y += _TITLE
            self._margin_text(y + _BAR / 2, "truth", "muted")
            for action in lane.truth:
                outcome = self._outcomes.of_truth(self._recording, action)
                self._bar(y, action, outcome, f"true {action.label}")
            y += _BAR
            self._margin_text(y + _BAR / 2, "events", "muted")
            for event in lane.events:
                outcome = self._outcomes.of_event(self._recording, event)
                self._bar(y, event, outcome, f"event {event.label}, score {event.score:.2f}")
            y += _BAR
            if _has_scores(lane, traces):
                self._margin_text(y + _STRIP / 2 + 2, "scores", "muted")
                for trace in traces:
                    if trace.track_id in lane.tracks:
                        self._strip(y + 3, trace)
                y += _STRIP
            y += _GAP
        axes.set_xlim(self._start, self._end)
        axes.set_ylim(max(y, _BAR), 0.0)
        axes.set_yticks([])
        step = (self._end - self._start) / 6
        ticks = [self._start + number * step for number in range(7)]
        axes.set_xticks(ticks, [clock(tick) for tick in ticks], fontsize=9)
        axes.tick_params(axis="x", length=3)
        axes.grid(axis="x", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)

    def _margin_text(self, y: float, text: str, role: str, inside: bool = False) -> None:
        self._axes.annotate(
            text,
            (0.0, y),
            xycoords=("axes fraction", "data"),
            xytext=(0 if inside else -6, 0),
            textcoords="offset points",
            ha="left" if inside else "right",
            va="center",
            fontsize=9,
            fontweight="bold" if inside else "normal",
            color=colour(role),
            annotation_clip=False,
        )

    def _bar(self, y: float, span: TrueAction | FoundEvent, outcome: str, text: str) -> None:
        start, end = max(span.start_s, self._start), min(span.end_s, self._end)
        if start > end or span.start_s >= self._end:
            return
        # A bar is at least one point wide, so that it can be seen.
        width = max(end - start, 1.0 / self._points_per_s)
        gid = f"tip{len(self._tips)}"
        self._tips[gid] = (
            f"{text}: {span.start_s:.2f} to {span.end_s:.2f} s, {OUTCOME_NAMES[outcome]}"
        )
        self._axes.add_patch(
            Rectangle(
                (start, y + 1.0),
                width,
                _BAR - 2.5,
                facecolor=fill(outcome),
                edgecolor=colour(outcome),
                linewidth=1.0,
                gid=gid,
            )
        )
        letters = int((width * self._points_per_s - 4.0) / _LETTER)
        if letters >= min(3, len(span.label)):
            fits = len(span.label) <= letters
            self._axes.text(
                start + 3 / self._points_per_s,
                y + _BAR / 2,
                span.label if fits else f"{span.label[: letters - 1]}…",
                fontsize=9,
                va="center_baseline",
            )

    def _strip(self, y: float, trace: ScoreTrace) -> None:
        stamps, values = condensed(trace, self._start, self._end)
        if not len(stamps):
            return
        for curve in values.T:
            if np.nanmax(curve) >= _LEAST_SCORE:
                heights = y + (1.0 - curve) * (_STRIP - 5)
                self._axes.plot(stamps, heights, color=colour("muted"), linewidth=0.8)
        self._axes.hlines(
            y + _STRIP - 5, self._start, self._end, color=colour("line"), linewidth=0.6
        )


def traces_without_background(timeline: Timeline) -> tuple[ScoreTrace, ...]:
    """Return the scores of a recording without the class `background`."""
    if BACKGROUND not in timeline.class_names:
        return timeline.traces
    column = timeline.class_names.index(BACKGROUND)
    return tuple(
        ScoreTrace(trace.track_id, trace.stamps_s, np.delete(trace.probabilities, column, axis=1))
        for trace in timeline.traces
    )
