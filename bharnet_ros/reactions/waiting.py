"""Waits for actions: which event ends which wait, the best scores so far, and time-outs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from bharnet_ros.messages.reading import (
    Message,
    event_from_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.reactions.labels import Labels
from bharnet_ros.reactions.passing_time import PassingTime
from bharnet_ros.types.actions import ActionEvent, Phase

_MOST_OPEN = 256
"""Open events to remember: a publisher that dies leaves some that nothing ends."""


class Outcome(IntEnum):
    """How a wait ended, with the numbers of WaitForAction."""

    HAPPENED = 1
    TIMED_OUT = 2
    REFUSED = 3
    CANCELLED = 4
    SHUTDOWN = 5


@dataclass(frozen=True)
class WaitGoal:
    """What to wait for.

    Attributes:
        labels: Names of the actions; empty for any.
        track_id: Identity of the person; empty for anyone.
        timeout_s: Seconds to wait; 0 waits without end.
        accept_open: Whether an action counts that began before the wait and goes on.
    """

    labels: tuple[str, ...] = ()
    track_id: str = ""
    timeout_s: float = 0.0
    accept_open: bool = False

    def admits(self, label: str, track_id: str) -> bool:
        """Return whether an action of a person is one that is waited for."""
        return (not self.labels or label in self.labels) and self.track_id in ("", track_id)

    def problem(self) -> str:
        """Return what is wrong with any model; empty if nothing is."""
        if not (math.isfinite(self.timeout_s) and self.timeout_s >= 0.0):
            return f"timeout: must be 0 or a positive number of seconds, got {self.timeout_s}"
        return ""


@dataclass(frozen=True)
class Ending:
    """How a wait ended.

    Attributes:
        outcome: What happened.
        text: The same in one line.
        event: The message of the ONSET; None if none came.
    """

    outcome: Outcome
    text: str
    event: Message | None = None


@dataclass(eq=False)
class Wait:
    """One wait.

    Attributes:
        goal: What is waited for.
        begin: When it began, of `PassingTime`.
        best: Highest probability so far of each label waited for, 0..1.
        ending: How it ended; None while it goes on.
    """

    goal: WaitGoal
    begin: float
    best: dict[str, float] = field(default_factory=dict)
    ending: Ending | None = None

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """Labels and their best scores, the highest first."""
        return sorted(self.best.items(), key=lambda one: -one[1])


class Waits:
    """Any number of waits at once. Methods that take a message return the waits that it ended.

    An event begins with its ONSET: one that came before the wait began counts only if the goal
    accepts open events, and only while its OFFSET has not come.
    """

    def __init__(
        self, silence_s: float = 2.0, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """Start without waits and without a model.

        Args:
            silence_s: Seconds without scores after which a steady clock counts the time-outs.
            steady: Returns seconds on a clock that never goes back.
        """
        self._time = PassingTime(silence_s, steady)
        self._labels: Labels | None = None
        self._waits: list[Wait] = []
        self._open: dict[tuple[str, str], tuple[ActionEvent, Message]] = {}

    @property
    def waiting(self) -> tuple[Wait, ...]:
        """The waits that go on."""
        return tuple(self._waits)

    def start(self, goal: WaitGoal) -> Wait:
        """Begin a wait; it has ended already if it is refused, or by an open event."""
        wait = Wait(goal, self._time.begin())
        problem = goal.problem() or self._unknown(goal)
        if problem:
            wait.ending = Ending(Outcome.REFUSED, problem)
            return wait
        wait.best = dict.fromkeys(self._wanted(goal), 0.0)
        self._waits.append(wait)
        if goal.accept_open:
            for event, message in reversed(self._open.values()):
                if self._happened([wait], event, message):
                    break
        return wait

    def end(
        self, waits: Iterable[Wait], outcome: Outcome, text: str, event: Message | None = None
    ) -> list[Wait]:
        """End those of some waits that go on, and return them."""
        ended = [wait for wait in waits if wait.ending is None]
        for wait in ended:
            wait.ending = Ending(outcome, text, event)
            self._waits.remove(wait)
        return ended

    def waited_s(self, wait: Wait) -> float:
        """Return the seconds since a wait began."""
        return self._time.since(wait.begin)

    def take_model(self, message: Message) -> list[Wait]:
        """Take a ModelInfo message; waits for labels that it does not have are refused."""
        self._labels = Labels.of_message(message)
        ended = []
        for wait in self.waiting:
            problem = self._unknown(wait.goal)
            ended += self.end([wait], Outcome.REFUSED, problem) if problem else []
            wait.best = {name: wait.best.get(name, 0.0) for name in self._wanted(wait.goal)}
        return ended

    def take_scores(self, message: Message) -> list[Wait]:
        """Take an ActionScores message: its stamp is the time, its probabilities are noted.

        Raises:
            InputError: The probabilities cannot be used; the time has passed all the same.
        """
        self._time.take(time_to_ns(message.header.stamp))
        labels = self._labels
        # After a change of the classes, scores and classes of one model come in any order.
        if labels is not None and message.model_name == labels.model:
            places = labels.places
            for track in scores_from_message(message, len(labels.classes)).tracks:
                for wait in self._waits:
                    if wait.goal.track_id not in ("", track.track_id):
                        continue
                    for name, best in wait.best.items():
                        wait.best[name] = max(best, float(track.probabilities[places[name]]))
        return self.check()

    def take_event(self, message: Message) -> list[Wait]:
        """Take an ActionEvent message.

        Raises:
            InputError: Its phase or its reason is unknown.
        """
        event = event_from_message(message)
        person = (event.frame_id, event.track_id)
        if event.phase is Phase.OFFSET:
            if person in self._open and self._open[person][0].event_id == event.event_id:
                del self._open[person]
            return []
        # A person has at most one open event: this one is the newest.
        self._open.pop(person, None)
        self._open[person] = (event, message)
        for oldest in list(self._open)[:-_MOST_OPEN]:
            del self._open[oldest]
        return self._happened(self.waiting, event, message)

    def check(self) -> list[Wait]:
        """Return the waits whose time is up; call it regularly, for when no scores come."""
        ended = []
        for wait in self.waiting:
            if wait.goal.timeout_s and self.waited_s(wait) >= wait.goal.timeout_s:
                ended += self.end([wait], Outcome.TIMED_OUT, self._why_nothing(wait))
        return ended

    def _happened(self, waits: Iterable[Wait], event: ActionEvent, message: Message) -> list[Wait]:
        admitting = [wait for wait in waits if wait.goal.admits(event.label, event.track_id)]
        text = f"{event.track_id} began {event.label}"
        return self.end(admitting, Outcome.HAPPENED, text, message)

    def _unknown(self, goal: WaitGoal) -> str:
        """Return which label of a goal is unknown; empty before the model is known."""
        return "" if self._labels is None else self._labels.problem(goal.labels)

    def _wanted(self, goal: WaitGoal) -> Iterable[str]:
        if self._labels is None:
            return ()
        return goal.labels or self._labels.places

    def _why_nothing(self, wait: Wait) -> str:
        waited = f"nothing happened in {wait.goal.timeout_s:g} s"
        if self._labels is None:
            return f"{waited}; no model_info came, so nothing recognises actions"
        if not any(wait.best.values()):
            return f"{waited}; no scores came of such a person"
        label, score = wait.ranking[0]
        return f"{waited}; the highest score was {score:.2f} of {label}"
