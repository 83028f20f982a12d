"""What the page of a report shows: headline numbers, figures, and what had to be left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bharnet_ros.evaluation.metrics.background import without_background
from bharnet_ros.evaluation.metrics.events import EventMetrics, Spread
from bharnet_ros.evaluation.metrics.mistakes import Mistake, MistakeKind
from bharnet_ros.evaluation.metrics.outcomes import (
    OUTCOME_NAMES,
    RIGHT,
    Outcomes,
    by_name,
    people_of,
)
from bharnet_ros.evaluation.report.figures import (
    LABELS,
    draw_confusion,
    draw_early,
    draw_histogram,
    draw_outcomes,
    draw_overlaps,
    draw_precision_recall,
    worst_labels,
)
from bharnet_ros.evaluation.report.people import draw_person
from bharnet_ros.evaluation.report.svg import SERIES
from bharnet_ros.evaluation.report.timeline import clock, draw_timeline
from bharnet_ros.evaluation.report.traces import draw_traces
from bharnet_ros.evaluation.tables import percent
from bharnet_ros.types.timeline import FoundEvent, Timeline, TrueAction

RECORDINGS, BARS = 20, 3000
"""Most recordings whose timeline is drawn, and most true actions and events in all of them."""

MISTAKES, TRACES = 12, 24
"""Most mistakes, and most other events, that are shown one by one."""

LABEL_ROWS = 150
"""Most labels in the table of labels."""


@dataclass(frozen=True)
class Number:
    """A number for the reader.

    Attributes:
        name: What it is.
        value: With its unit.
        meaning: One sentence.
    """

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Card:
    """One event or missed action, with the figures that show it.

    Attributes:
        outcome: `RIGHT` or the value of a `MistakeKind`.
        headline: What happened.
        details: Where and when.
        figures: <svg> elements.
    """

    outcome: str
    headline: str
    details: str
    figures: tuple[Markup, ...]


def page_content(timelines: Sequence[Timeline], metrics: EventMetrics) -> dict[str, Any]:
    """Return the variables of the template `report.html.jinja`."""
    timelines = [without_background(timeline) for timeline in timelines]
    drawn, undrawn = _timelines(timelines, metrics)
    mistakes = _mistakes(timelines, metrics)
    events, events_left = _other_events(timelines, metrics)
    return {
        "metrics": metrics,
        "title": timelines[0].name if len(timelines) == 1 else f"{len(timelines)} recordings",
        "duration": clock(metrics.duration_s),
        "tiles": _tiles(metrics),
        "verdict": _verdict(metrics),
        "key": OUTCOME_NAMES,
        "outcomes": _svg(draw_outcomes(metrics)) if metrics.labels else None,
        "confusion": _svg(draw_confusion(metrics)) if metrics.labels else None,
        "labels_left": max(0, len(metrics.labels) - LABELS),
        "mistakes": mistakes,
        "mistakes_left": len(metrics.mistakes) - len(mistakes),
        "timelines": drawn,
        "timelines_left": undrawn,
        "delays": _delays(metrics),
        "latencies": _latencies(timelines, metrics),
        "early": _svg(draw_early(metrics))
        if metrics.early and metrics.total.true_actions
        else None,
        "curves": _svg(draw_precision_recall(metrics.curves)) if metrics.curves else None,
        "curves_left": max(0, len(metrics.curves) - SERIES),
        "overlaps": _svg(draw_overlaps(metrics)) if metrics.total.true_actions else None,
        "events": events,
        "events_left": events_left,
        "numbers": _numbers(metrics),
        "labels": _labels(metrics),
        "label_rows_left": max(0, len(metrics.labels) - LABEL_ROWS),
    }


def _svg(drawn: str) -> Markup:
    # Everything of the user's in a figure has been escaped where it was drawn.
    return Markup(drawn)


def _number(value: float, unit: str = "", digits: int = 2) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}{unit}"


def _share(value: float) -> str:
    return _number(100.0 * value, " %", 0)


def _tiles(metrics: EventMetrics) -> list[Number]:
    """Return the few numbers that a robot depends on most."""
    total = metrics.total
    tiles = [
        Number(
            "F1",
            _number(total.f1),
            f"precision {_share(total.precision)}, "
            f"recall {_share(total.recall)}, tIoU ≥ {metrics.tiou:g}",
        ),
        Number(
            "false events per minute",
            _number(metrics.false_per_minute),
            f"{metrics.false_in_background} in {metrics.background_s / 60:.1f} min of background",
        ),
        Number(
            "onset delay",
            _number(metrics.onset_delay.median_s, " s"),
            f"median; nine in ten within {_number(metrics.onset_delay.p90_s, ' s')}",
        ),
        Number("missed", str(metrics.missed), f"of {total.true_actions} true actions"),
    ]
    if metrics.latency.count:
        tiles.append(
            Number(
                "latency",
                _number(1000 * metrics.latency.p95_s, " ms", 0),
                f"95th percentile; median {_number(1000 * metrics.latency.p50_s, ' ms', 0)}",
            )
        )
    return tiles


def _verdict(metrics: EventMetrics) -> str:
    """Say in a sentence how good it is and what goes wrong most."""
    total = metrics.total
    if not total.true_actions:
        return f"Nothing is true in these recordings; {total.events} events were found."
    share = f"{total.matched} of {total.true_actions} true actions were found"
    kinds = {
        MistakeKind.MISSED: metrics.missed,
        MistakeKind.FALSE: metrics.false,
        MistakeKind.WRONG_LABEL: metrics.wrong_label,
        MistakeKind.BADLY_TIMED: metrics.badly_timed,
    }
    worst = max(kinds, key=lambda kind: kinds[kind])
    if not kinds[worst]:
        return f"{share}, and nothing went wrong."
    spoilt = worst_labels(metrics)[0]
    return (
        f"{share}. Most mistakes are of the kind “{OUTCOME_NAMES[worst.value]}” "
        f"({kinds[worst]} of {sum(kinds.values())}), and “{spoilt}” takes part in most."
    )


def _spread(name: str, spread: Spread, meaning: str) -> list[Number]:
    return [
        Number(f"{name}, median", _number(spread.median_s, " s"), meaning),
        Number(f"{name}, 90th percentile", _number(spread.p90_s, " s"), "nine in ten are less"),
        Number(
            f"{name}, size",
            f"{_number(spread.absolute_median_s, ' s')} / {_number(spread.absolute_p90_s, ' s')}",
            "median and 90th percentile without signs",
        ),
    ]


def _numbers(metrics: EventMetrics) -> list[Number]:
    """Return the table of all numbers that are one number."""
    total = metrics.total
    tiou = f"overlapping by tIoU ≥ {metrics.tiou:g}"
    dropped = metrics.dropped / max(1, metrics.dropped + metrics.frames)
    return [
        Number("true actions", str(total.true_actions), "what should have been found"),
        Number("events", str(total.events), "what was found"),
        Number("matched", str(total.matched), f"pairs of both with the same label, {tiou}"),
        Number("precision", percent(total.precision), "matched, of the events"),
        Number("recall", percent(total.recall), "matched, of the true actions"),
        Number("F1", _number(total.f1), "harmonic mean of both"),
        Number("missed", str(metrics.missed), "true actions without any event"),
        Number(
            "wrong label",
            str(metrics.wrong_label),
            "true actions that an event of another label lies over",
        ),
        Number(
            "badly timed",
            str(metrics.badly_timed),
            "true actions whose event overlaps them too little",
        ),
        Number("false events", str(metrics.false), "events without a true action"),
        Number(
            "false events per minute",
            _number(metrics.false_per_minute),
            f"{metrics.false_in_background} in {metrics.background_s / 60:.1f} minutes of "
            "background",
        ),
        Number("fragmented", str(metrics.fragmented), "true actions that several events cover"),
        Number("merged", str(metrics.merged), "events that cover several true actions"),
        *_spread(
            "onset delay", metrics.onset_delay, "publication of the ONSET after the true start"
        ),
        *_spread("start error", metrics.start_error, "estimated after true start"),
        *_spread("end error", metrics.end_error, "estimated after true end"),
        Number(
            "latency p50 / p95 / p99",
            " / ".join(
                _number(1000 * seconds, " ms", 0)
                for seconds in (metrics.latency.p50_s, metrics.latency.p95_s, metrics.latency.p99_s)
            ),
            f"from capture to publication, {metrics.latency.count} events",
        ),
        Number("frames", str(metrics.frames), "that went in"),
        Number(
            "dropped",
            f"{metrics.dropped} ({percent(dropped)})",
            "recorded frames that did not go in",
        ),
    ]


def _labels(metrics: EventMetrics) -> list[tuple[str, ...]]:
    """Return the table of labels: name and counts as text, those with most mistakes first."""
    ap = {curve.label: curve.average_precision for curve in metrics.curves}
    return [
        (
            label,
            str(counts.true_actions),
            str(counts.events),
            str(counts.matched),
            percent(counts.precision),
            percent(counts.recall),
            _number(counts.f1),
            _number(ap.get(label, math.nan)),
        )
        for label in worst_labels(metrics)[:LABEL_ROWS]
        for counts in (metrics.labels[label],)
    ]


def _timelines(
    timelines: Sequence[Timeline], metrics: EventMetrics
) -> tuple[list[dict[str, Any]], int]:
    """Return the drawn timelines, those with most mistakes first, and how many are left out."""
    spoilt = dict.fromkeys((timeline.name for timeline in timelines), 0)
    for mistake in metrics.mistakes:
        spoilt[mistake.recording] += 1
    order = sorted(timelines, key=lambda timeline: -spoilt[timeline.name])
    shown = order[:RECORDINGS]
    drawn = []
    for number, timeline in enumerate(shown):
        figure = draw_timeline(timeline, metrics, f"timeline{number}", BARS // len(shown))
        drawn.append(
            {
                "name": timeline.name,
                "mistakes": spoilt[timeline.name],
                "duration": clock(timeline.duration_s),
                "svg": _svg(figure.svg),
                "left_out": figure.left_out,
            }
        )
    return drawn, len(timelines) - len(shown)


def _mistakes(timelines: Sequence[Timeline], metrics: EventMetrics) -> list[Card]:
    named = by_name(timelines)
    cards = []
    for number, mistake in enumerate(metrics.mistakes[:MISTAKES]):
        timeline = named[mistake.recording]
        truth, event = mistake.truth, mistake.event
        people = people_of(timeline, metrics, truth, event)
        span = event if truth is None else truth
        assert span is not None
        moments = [span.start_s + part * span.duration_s for part in (0.1, 0.5, 0.9)]
        kind = mistake.kind.value
        figures = (
            draw_traces(timeline, truth, event, people, kind, f"mistake{number}"),
            draw_person(timeline, people, moments, f"person{number}"),
        )
        cards.append(
            Card(
                outcome=kind,
                headline=_headline(mistake),
                details=f"{timeline.name}, {_span(span)}"
                + (f", {'/'.join(people)}" if people else "")
                + f"; {mistake.severity_s:.1f} s differ",
                figures=tuple(_svg(figure) for figure in figures if figure),
            )
        )
    return cards


def _headline(mistake: Mistake) -> str:
    truth, event = mistake.truth, mistake.event
    if truth is None:
        return f"“{event.label}” found, nothing true" if event else ""
    if event is None:
        return f"“{truth.label}” missed"
    if truth.label != event.label:
        return f"“{truth.label}” taken for “{event.label}”"
    return f"“{truth.label}” at the wrong time"


def _span(span: TrueAction | FoundEvent) -> str:
    return f"{clock(span.start_s)} to {clock(span.end_s)}"


def _other_events(timelines: Sequence[Timeline], metrics: EventMetrics) -> tuple[list[Card], int]:
    """Return events that are not among the worst mistakes: those of least score, mistakes first."""
    outcomes = Outcomes(metrics)
    shown = [mistake.event for mistake in metrics.mistakes[:MISTAKES]]
    others = [
        (outcomes.of_event(timeline.name, event), event, timeline)
        for timeline in timelines
        for event in timeline.events
        if not any(event is one for one in shown)
    ]
    others.sort(key=lambda one: (one[0] == RIGHT, one[1].score))
    pairs = {id(one.event): one.truth for one in metrics.matches}
    cards = []
    for number, (outcome, event, timeline) in enumerate(others[:TRACES]):
        truth = pairs.get(id(event))
        figure = draw_traces(timeline, truth, event, (event.track_id,), outcome, f"event{number}")
        cards.append(
            Card(
                outcome=outcome,
                headline=f"“{event.label}” {OUTCOME_NAMES[outcome]}",
                details=f"{timeline.name}, {_span(event)}, {event.track_id}; "
                f"score {event.score:.2f}, {event.reason}",
                figures=(_svg(figure),),
            )
        )
    return cards, len(others) - len(cards)


def _delays(metrics: EventMetrics) -> Markup | None:
    delays = [one.event.onset_s - one.truth.start_s for one in metrics.matches]
    if not delays:
        return None
    marks = [("median", metrics.onset_delay.median_s), ("p90", metrics.onset_delay.p90_s)]
    return _svg(draw_histogram(delays, marks, "s", "delays", "ONSETs after the true start"))


def _latencies(timelines: Sequence[Timeline], metrics: EventMetrics) -> Markup | None:
    known = [
        1000.0 * event.latency_s
        for timeline in timelines
        for event in timeline.events
        if math.isfinite(event.latency_s)
    ]
    if not known:
        return None
    latency = metrics.latency
    percentiles = (("p50", latency.p50_s), ("p95", latency.p95_s), ("p99", latency.p99_s))
    marks = [(name, 1000.0 * seconds) for name, seconds in percentiles]
    return _svg(draw_histogram(known, marks, "ms", "latencies", "From capture to publication"))
