"""Cards of the report: single mistakes and events, with figures of their scores and keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bharnet_ros.evaluation.metrics.events import EventMetrics
from bharnet_ros.evaluation.metrics.mistakes import Mistake
from bharnet_ros.evaluation.metrics.outcomes import (
    OUTCOME_NAMES,
    RIGHT,
    Outcomes,
    recordings_by_name,
    track_ids_of,
)
from bharnet_ros.evaluation.report.people import draw_person
from bharnet_ros.evaluation.report.timeline import clock
from bharnet_ros.evaluation.report.traces import draw_traces
from bharnet_ros.types.timeline import FoundEvent, Timeline, TrueAction

_HANDS = {"left": "left hand, ", "right": "right hand, ", "both": "both hands, "}
MOST_MISTAKES, MOST_OTHER_EVENTS = 12, 24
"""Most mistakes, and most other events, that get a card."""


@dataclass(frozen=True)
class Card:
    """One event or missed action, with its figures.

    Attributes:
        outcome: `RIGHT` or the value of a `MistakeKind`.
        headline: What happened.
        details: Recording, time and person.
        figures: <svg> elements.
    """

    outcome: str
    headline: str
    details: str
    figures: tuple[Markup, ...]


def mistake_cards(timelines: Sequence[Timeline], metrics: EventMetrics) -> list[Card]:
    """Return the cards of the worst mistakes."""
    recordings = recordings_by_name(timelines)
    cards = []
    for number, mistake in enumerate(metrics.mistakes[:MOST_MISTAKES]):
        timeline = recordings[mistake.recording]
        truth, event = mistake.truth, mistake.event
        tracks = track_ids_of(timeline, metrics, truth, event)
        span = event if truth is None else truth
        assert span is not None
        moments_s = [span.start_s + fraction * span.duration_s for fraction in (0.1, 0.5, 0.9)]
        kind = mistake.kind.value
        figures = (
            draw_traces(timeline, truth, event, tracks, kind, f"mistake{number}"),
            draw_person(timeline, tracks, moments_s, f"person{number}"),
        )
        cards.append(
            Card(
                outcome=kind,
                headline=_headline(mistake),
                details=f"{timeline.name}, {_span(span)}"
                + (f", {'/'.join(tracks)}" if tracks else "")
                + f"; differs for {mistake.severity_s:.1f} s",
                figures=tuple(Markup(figure) for figure in figures if figure),
            )
        )
    return cards


def other_event_cards(
    timelines: Sequence[Timeline], metrics: EventMetrics
) -> tuple[list[Card], int]:
    """Return cards of other events, and how many events are left out.

    Mistakes come first, then right events, both by rising score.
    """
    outcomes = Outcomes(metrics)
    shown = [mistake.event for mistake in metrics.mistakes[:MOST_MISTAKES]]
    others = [
        (outcomes.of_event(timeline.name, event), event, timeline)
        for timeline in timelines
        for event in timeline.events
        if not any(event is other for other in shown)
    ]
    others.sort(key=lambda other: (other[0] == RIGHT, other[1].score))
    matched = {id(match.event): match.truth for match in metrics.matches}
    cards = []
    for number, (outcome, event, timeline) in enumerate(others[:MOST_OTHER_EVENTS]):
        truth = matched.get(id(event))
        figure = draw_traces(timeline, truth, event, (event.track_id,), outcome, f"event{number}")
        cards.append(
            Card(
                outcome=outcome,
                headline=f"“{event.label}” {OUTCOME_NAMES[outcome]}",
                details=f"{timeline.name}, {_span(event)}, {event.track_id}; "
                f"score {event.score:.2f}, {_HANDS.get(event.hand, '')}{event.reason}",
                figures=(Markup(figure),),
            )
        )
    return cards, len(others) - len(cards)


def _headline(mistake: Mistake) -> str:
    truth, event = mistake.truth, mistake.event
    if truth is None:
        return f"“{event.label}” found without a true action" if event else ""
    if event is None:
        return f"“{truth.label}” missed"
    if truth.label != event.label:
        return f"“{truth.label}” taken for “{event.label}”"
    return f"“{truth.label}” at the wrong time"


def _span(span: TrueAction | FoundEvent) -> str:
    return f"{clock(span.start_s)} to {clock(span.end_s)}"
