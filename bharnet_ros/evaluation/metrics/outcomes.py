"""Outcome of each true action and each event, and the person behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharnet_ros.evaluation.metrics.events import EventMetrics
from bharnet_ros.evaluation.metrics.mistakes import MistakeKind
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import ANYBODY, FoundEvent, Timeline, TrueAction

RIGHT = "right"
"""Outcome of everything that is in no mistake; the others are the values of `MistakeKind`."""

TRUTH_OUTCOMES = (
    RIGHT,
    MistakeKind.BADLY_TIMED.value,
    MistakeKind.WRONG_LABEL.value,
    MistakeKind.MISSED.value,
)
"""Possible outcomes of a true action, best first."""

OUTCOME_NAMES = {
    RIGHT: "right",
    MistakeKind.BADLY_TIMED.value: "badly timed",
    MistakeKind.WRONG_LABEL.value: "wrong label",
    MistakeKind.MISSED.value: "missed",
    MistakeKind.FALSE.value: "false event",
}
"""Text of every outcome."""


class Outcomes:
    """Looks up the outcome of true actions and events."""

    def __init__(self, metrics: EventMetrics) -> None:
        """Index the mistakes by true action and by event."""
        self._truth: dict[tuple[object, ...], str] = {}
        self._events: dict[tuple[object, ...], str] = {}
        # Mistakes are sorted worst first; of several with the same key, the worst counts.
        for mistake in reversed(metrics.mistakes):
            if mistake.truth is not None:
                self._truth[_key(mistake.recording, mistake.truth)] = mistake.kind.value
            if mistake.event is not None:
                self._events[_key(mistake.recording, mistake.event)] = mistake.kind.value

    def of_truth(self, recording: str, action: TrueAction) -> str:
        """Return `RIGHT` or the value of a `MistakeKind`."""
        return self._truth.get(_key(recording, action), RIGHT)

    def of_event(self, recording: str, event: FoundEvent) -> str:
        """Return `RIGHT` or the value of a `MistakeKind`."""
        return self._events.get(_key(recording, event), RIGHT)


@dataclass(frozen=True)
class Lane:
    """One person of a recording: true actions, and the events of the tracks assigned to the person.

    Attributes:
        title: Name to show.
        tracks: Track ids of the person's events and scores.
        truth: True actions of the person.
        events: Events of the tracks.
    """

    title: str
    tracks: tuple[str, ...]
    truth: tuple[TrueAction, ...]
    events: tuple[FoundEvent, ...]


def lanes(timeline: Timeline, metrics: EventMetrics) -> tuple[Lane, ...]:
    """Return the people of a recording, those of the truth first, then tracks without a person."""
    tracks = sorted(
        {event.track_id for event in timeline.events}
        | {trace.track_id for trace in timeline.traces}
    )
    people = sorted({action.track_id for action in timeline.truth})
    assigned: dict[str, list[str]] = {person: [] for person in people}
    for assignment in metrics.assignments:
        if assignment.recording == timeline.name and assignment.track_id in tracks:
            assigned.setdefault(assignment.person, []).append(assignment.track_id)
    if people == [ANYBODY] and len(tracks) == 1:
        assigned[ANYBODY] = list(tracks)
    taken = {track for person_tracks in assigned.values() for track in person_tracks}
    grouped = list(assigned.items())
    grouped += [(track, [track]) for track in tracks if track not in taken]
    return tuple(
        Lane(
            title=_title(person, person_tracks),
            tracks=tuple(dict.fromkeys(person_tracks)),
            truth=tuple(
                action
                for action in timeline.truth
                if action.track_id == person and person in assigned
            ),
            events=tuple(event for event in timeline.events if event.track_id in person_tracks),
        )
        for person, person_tracks in grouped
    )


def track_ids_of(
    timeline: Timeline,
    metrics: EventMetrics,
    truth: TrueAction | None,
    event: FoundEvent | None,
) -> tuple[str, ...]:
    """Return the track ids of the person behind a true action or an event; empty for anybody."""
    if event is not None:
        return (event.track_id,)
    if truth is None or truth.track_id == ANYBODY:
        return ()
    assigned = [
        assignment.track_id
        for assignment in metrics.assignments
        if assignment.recording == timeline.name
        and assignment.person == truth.track_id
        and assignment.track_id is not None
    ]
    return (truth.track_id, *assigned)


def recordings_by_name(timelines: Sequence[Timeline]) -> dict[str, Timeline]:
    """Return the recordings by their names, which mistakes refer to.

    Raises:
        InputError: Two recordings have the same name; names it.
    """
    named: dict[str, Timeline] = {}
    for timeline in timelines:
        if timeline.name in named:
            raise InputError(f"timelines: two recordings are named {timeline.name!r}")
        named[timeline.name] = timeline
    return named


def _key(recording: str, span: TrueAction | FoundEvent) -> tuple[object, ...]:
    return recording, span.track_id, span.label, span.start_s, span.end_s


def _title(person: str, tracks: Sequence[str]) -> str:
    others = [track for track in dict.fromkeys(tracks) if track != person]
    name = person if person != ANYBODY else "anybody"
    return f"{name} (found as {', '.join(others)})" if others else name
