"""What a running chain published in the last minutes: model, scores and events."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, replace

from bharnet_ros.messages.reading import (
    Message,
    event_from_message,
    event_model_from_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.recognition.events.parameters import EventModel
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, Phase
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

KEPT_S = 300.0
"""How long scores are kept, seconds of capture time."""

MOST_EVENTS = 200
"""Most events that are kept."""

RIGHTED_S = 30.0
"""How long after its start an event can be said to be wrong, seconds of capture time."""


@dataclass(frozen=True)
class RunningModel:
    """What a `model_info` message says.

    Attributes:
        name: Name of the model, and of the taught classes.
        variant: Variant of the network.
        events: Classes and event parameters.
        device: Where the network runs.
    """

    name: str
    variant: str
    events: EventModel
    device: str

    @property
    def actions(self) -> tuple[str, ...]:
        """All classes but that for rest and unknown motion."""
        names = self.events.class_names
        return tuple(one for place, one in enumerate(names) if place != self.events.background_id)


@dataclass(frozen=True)
class SeenEvent:
    """One event; ONSET and OFFSET together once it has ended.

    Attributes:
        onset: The ONSET.
        latency_s: Seconds from the capture of the newest image to its publication.
        offset: The OFFSET; None while the event is open.
    """

    onset: ActionEvent
    latency_s: float
    offset: ActionEvent | None = None

    @property
    def newest(self) -> ActionEvent:
        """The OFFSET, or the ONSET while the event is open."""
        return self.offset or self.onset

    @property
    def length_s(self) -> float:
        """Estimated length of the action so far, seconds."""
        return (self.newest.end_ns - self.onset.start_ns) / NANOSECONDS


class History:
    """Keeps what the chain published; every method takes messages of any library.

    Attributes:
        model: The running model; None before the first `model_info`.
        scores: Scores of the last minutes, oldest first.
    """

    def __init__(self) -> None:
        """Start without anything."""
        self.model: RunningModel | None = None
        self.scores: deque[ActionScores] = deque()
        self._problems: dict[str, str] = {}
        self._classes: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._events: OrderedDict[str, SeenEvent] = OrderedDict()

    @property
    def problem(self) -> str:
        """Why the newest message on a topic cannot be used; empty if those on all can."""
        return next((f"{topic}: {why}" for topic, why in self._problems.items()), "")

    @property
    def now_ns(self) -> int | None:
        """Capture time of the newest scores or event, nanoseconds; None without any."""
        stamps = [one.newest.stamp_ns for one in list(self._events.values())[-1:]]
        stamps += [self.scores[-1].stamp_ns] if self.scores else []
        return max(stamps, default=None)

    @property
    def events(self) -> tuple[SeenEvent, ...]:
        """The last events, newest first."""
        return tuple(reversed(tuple(self._events.values())))

    @property
    def open_actions(self) -> dict[str, str]:
        """The open action of each person with its score, to be written beside them."""
        return {
            one.onset.track_id: f"{one.onset.label} {one.onset.score:.2f}"
            for one in self._events.values()
            if one.offset is None
        }

    def copy(self) -> History:
        """Return a history that later messages do not change."""
        other = History()
        other.model, other.scores = self.model, self.scores.copy()
        other._classes, other._events = self._classes.copy(), self._events.copy()
        return other

    def class_names(self, scores: ActionScores) -> tuple[str, ...]:
        """Return the classes of scores in the order of their probabilities; empty if unknown."""
        return self._classes.get(scores.model_name, ())

    def take_model(self, message: Message) -> None:
        """Take a `model_info` message."""
        try:
            events = event_model_from_message(message)
        except ValueError as error:
            self._problems["model_info"] = str(error)
            return
        self._problems.pop("model_info", None)
        self.model = RunningModel(message.name, message.variant, events, message.device)
        self._classes[message.name] = events.class_names
        kept = {one.model_name for one in self.scores} | {message.name}
        for name in [name for name in self._classes if name not in kept]:
            del self._classes[name]

    def take_scores(self, message: Message) -> None:
        """Take an `action_scores` message; scores of an unknown model are left out."""
        names = self._classes.get(message.model_name)
        if names is None:
            return
        try:
            scores = scores_from_message(message, len(names))
        except InputError as error:
            self._problems["action_scores"] = str(error)
            return
        self._problems.pop("action_scores", None)
        self._restart_before(scores.stamp_ns)
        if self.scores and scores.stamp_ns == self.scores[-1].stamp_ns:
            return
        self.scores.append(scores)
        while scores.stamp_ns - self.scores[0].stamp_ns > KEPT_S * NANOSECONDS:
            self.scores.popleft()

    def take_event(self, message: Message) -> None:
        """Take an `/action_recognition` message; an OFFSET without its ONSET is left out.

        So are events of another camera than that of the scores: other robots may use the same
        topic, and count their people in the same way.
        """
        try:
            event = event_from_message(message)
        except InputError as error:
            self._problems["/action_recognition"] = str(error)
            return
        self._problems.pop("/action_recognition", None)
        if event.phase is Phase.ONSET:
            if self.scores and self.scores[-1].frame_id != event.frame_id:
                return
            latency_s = time_to_ns(message.latency) / NANOSECONDS
            self._events[event.event_id] = SeenEvent(event, latency_s)
        elif event.event_id in self._events:
            self._events[event.event_id] = replace(self._events[event.event_id], offset=event)
        while len(self._events) > MOST_EVENTS:
            self._events.popitem(last=False)

    def end_events(self) -> None:
        """End open events, as their publisher does only when it is back after it was killed."""
        for event_id, one in self._events.items():
            if one.offset is None:
                lost = OffsetReason.PUBLISHER_LOST
                offset = replace(one.onset, phase=Phase.OFFSET, reason=lost)
                self._events[event_id] = replace(one, offset=offset)

    def can_right(self, event: SeenEvent) -> bool:
        """Return whether an event began so lately that it can be said to be wrong."""
        now_ns = self.now_ns
        return now_ns is not None and now_ns - event.onset.start_ns < RIGHTED_S * NANOSECONDS

    def people(self, span_s: float) -> tuple[str, ...]:
        """Return the track ids with scores in the last seconds, those seen first before others."""
        tracks = (person.track_id for one in self.recent(span_s) for person in one.tracks)
        return tuple(dict.fromkeys(tracks))

    def recent(self, span_s: float) -> list[ActionScores]:
        """Return the scores of the last seconds, oldest first."""
        if not self.scores:
            return []
        first_ns = self.scores[-1].stamp_ns - round(span_s * NANOSECONDS)
        found = []
        for one in reversed(self.scores):
            if one.stamp_ns < first_ns:
                break
            found.append(one)
        return found[::-1]

    def _restart_before(self, stamp_ns: int) -> None:
        """Forget everything if stamps went back: a source began anew."""
        if self.scores and stamp_ns < self.scores[-1].stamp_ns:
            self.scores.clear()
            self._events.clear()
