"""Drawings of the last seconds: the probability of each class, and the events."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from bharnet_ros.page.history import History, RunningModel, SeenEvent
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.keypoints import NANOSECONDS

SPAN_S = 20.0
"""What is drawn of probabilities, seconds."""

EVENTS_SPAN_S = 60.0
"""What is drawn of events, seconds."""

_MOST_CLASSES = 12
"""Most classes of one person that are drawn; of more, those that were likeliest."""

_HEIGHT = 100


def probabilities(history: History, track_id: str, parameters: EventParameters) -> str:
    """Return the probabilities of one person over the last seconds as HTML; empty without any.

    Each class has a strip of its own with its thresholds, and marks where it was an event.

    Args:
        history: What was published.
        track_id: The person.
        parameters: Event parameters that are in use.
    """
    model = history.model
    stamps, values = _trace(history, track_id)
    if model is None or not stamps:
        return ""
    now_ns = history.recent(0.0)[-1].stamp_ns
    times = [1000.0 + 1000.0 * (stamp - now_ns) / NANOSECONDS / SPAN_S for stamp in stamps]
    events = [one for one in history.events if one.onset.track_id == track_id]
    strips = [
        _strip(
            parameters.of_class(name), name, times, values[:, place], _spans(events, name, now_ns)
        )
        for place, name in _drawn_classes(model, values)
    ]
    return (
        f'<div class="strips" role="img" aria-label="Probabilities of {escape(track_id)} over the '
        f'last {SPAN_S:g} seconds">{"".join(strips)}'
        f'<div class="axis"><span></span><span class="ends"><span>{SPAN_S:g} s ago</span>'
        f"<span>now</span></span><span></span></div></div>"
    )


def _trace(history: History, track_id: str) -> tuple[list[int], np.ndarray]:
    """Return the stamps (S,) and the probabilities (S, K) by the classes of the running model.

    Scores of a class that was not known then are zero.
    """
    model = history.model
    if model is None:
        return [], np.zeros((0, 0))
    names = model.events.class_names
    stamps, rows = [], []
    for scores in history.recent(SPAN_S):
        known = history.class_names(scores)
        for person in scores.tracks:
            if person.track_id != track_id:
                continue
            row = person.probabilities
            if known != names:
                by_name = dict(zip(known, row, strict=True))
                row = np.array([by_name.get(name, 0.0) for name in names])
            stamps.append(scores.stamp_ns)
            rows.append(row)
    return stamps, np.array(rows)


def _drawn_classes(model: RunningModel, values: np.ndarray) -> list[tuple[int, str]]:
    """Return place and name of the classes to draw, in the order of the model."""
    actions = [
        (place, name)
        for place, name in enumerate(model.events.class_names)
        if place != model.events.background_id
    ]
    if len(actions) <= _MOST_CLASSES:
        return actions
    likeliest = sorted(actions, key=lambda one: -float(values[:, one[0]].max()))[:_MOST_CLASSES]
    return sorted(likeliest)


def _strip(
    parameters: EventParameters,
    name: str,
    times: Sequence[float],
    values: np.ndarray,
    spans: Sequence[tuple[float, float, bool]],
) -> str:
    """Return one class: its name, its curve with thresholds and events, and its newest value."""
    heights = _HEIGHT * (1.0 - np.clip(values, 0.0, 1.0))
    line = "L".join(f"{x:.0f} {y:.0f}" for x, y in zip(times, heights, strict=True))
    enter = _HEIGHT * (1.0 - max(parameters.enter_threshold, parameters.rejection_threshold))
    leave = _HEIGHT * (1.0 - parameters.exit_threshold)
    marks = "".join(
        f'<rect class="{"open" if is_open else "event"}" x="{start:.0f}" y="0" '
        f'width="{max(end - start, 2.0):.0f}" height="{_HEIGHT}"/>'
        for start, end, is_open in spans
    )
    label = escape(name)
    return (
        f'<div class="strip" data-label="{label}"><span class="name" title="{label}">{label}</span>'
        f'<svg viewBox="0 0 1000 {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{marks}'
        f'<path class="area" d="M{times[0]:.0f} {_HEIGHT}L{line}L{times[-1]:.0f} {_HEIGHT}Z"/>'
        f'<path class="curve" d="M{line}"/>'
        f'<path class="enter" d="M0 {enter:.1f}H1000"/><path class="exit" d="M0 {leave:.1f}H1000"/>'
        f'</svg><span class="value">{float(values[-1]):.2f}</span></div>'
    )


def _spans(events: Sequence[SeenEvent], label: str, now_ns: int) -> list[tuple[float, float, bool]]:
    """Return begin and end of the events of a class in units of a strip, and whether it is open."""
    spans = []
    for one in events:
        if one.onset.label != label:
            continue
        is_open = one.offset is None
        end_ns = now_ns if is_open else one.newest.end_ns
        start, end = (
            1000.0 + 1000.0 * (stamp - now_ns) / NANOSECONDS / SPAN_S
            for stamp in (one.onset.start_ns, end_ns)
        )
        if end > 0.0:
            spans.append((max(start, 0.0), min(end, 1000.0), is_open))
    return spans


def timeline(events: Sequence[SeenEvent], now_ns: int, span_s: float = EVENTS_SPAN_S) -> str:
    """Return events over the last seconds as HTML, a row for each person; empty without any.

    Args:
        events: The events.
        now_ns: End of the timeline, nanoseconds of capture time.
        span_s: Its length, seconds.
    """
    rows: dict[str, list[str]] = {}
    for one in sorted(events, key=lambda one: one.onset.start_ns):
        end_ns = now_ns if one.offset is None else one.newest.end_ns
        start, end = (
            100.0 + 100.0 * (stamp - now_ns) / NANOSECONDS / span_s
            for stamp in (one.onset.start_ns, end_ns)
        )
        if end <= 0.0:
            continue
        start, end = max(start, 0.0), min(end, 100.0)
        label, is_open = escape(one.onset.label), one.offset is None
        retracted = one.offset is not None and one.offset.reason.value == "retracted"
        kind = "open" if is_open else "retracted" if retracted else "event"
        rows.setdefault(one.onset.track_id, []).append(
            f'<span class="{kind}" data-label="{label}" title="{label}" style="left:{start:.2f}%;'
            f'width:{max(end - start, 0.3):.2f}%">{label}</span>'
        )
    if not rows:
        return ""
    lines = "".join(
        f'<span class="name">{escape(track)}</span><div class="lane">{"".join(bars)}</div>'
        for track, bars in sorted(rows.items())
    )
    return (
        f'<div class="timeline">{lines}<span></span><span class="ends"><span>{span_s:g} s ago'
        f"</span><span>now</span></span></div>"
    )
