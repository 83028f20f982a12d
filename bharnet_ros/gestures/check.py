"""Holds each example of a set against the others: what would be taken for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

from bharnet_ros.gestures.gesture_set import GestureSet
from bharnet_ros.gestures.taught import EmbeddedExample
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.types.errors import InputError

NONE = "none"
"""What an example is taken for if it is like no gesture."""

_FALSE_PER_MINUTE = 40.0
"""False events a minute for each share of unknown motion, as `python -m research taught_streams`
finds them in streams of people whom the model was not trained on; right within a factor of two."""


@dataclass(frozen=True)
class GestureCheck:
    """What a leave-one-out check of a set found.

    Attributes:
        taken_for: For each gesture, how many of its examples are taken for each gesture or none
            when they are left out.
        false_share: Share 0..1 of the model's background windows of unknown motion in which an
            event of a gesture would begin.
        thresholds: Probability at which an event of each gesture begins.
    """

    taken_for: Mapping[str, Mapping[str, int]]
    false_share: float
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def right(self, name: str) -> int:
        """Return how many examples of a gesture are recognised."""
        return self.taken_for[name].get(name, 0)

    def examples(self, name: str) -> int:
        """Return how many examples of a gesture were held against the others."""
        return sum(self.taken_for[name].values())

    @property
    def false_per_minute(self) -> float:
        """False events a minute to expect of a person who moves all the time."""
        return _FALSE_PER_MINUTE * self.false_share

    @property
    def most_alike(self) -> tuple[str, str, int] | None:
        """The two gestures most often taken for each other, and how often; None if never."""
        names = list(self.taken_for)
        pairs = [
            (
                self.taken_for[one].get(other, 0) + self.taken_for[other].get(one, 0),
                (one, other),
            )
            for place, one in enumerate(names)
            for other in names[place + 1 :]
        ]
        count, (one, other) = max(pairs, default=(0, ("", "")))
        return (one, other, count) if count else None


def check_gestures(
    teacher: Teacher, gestures: GestureSet, stop: Callable[[], bool] = lambda: False
) -> GestureCheck:
    """Leave each example out in turn and see what the others take it for.

    A gesture with one example cannot be checked: it is taken for none.

    Args:
        teacher: The model.
        gestures: At least one gesture.
        stop: Asked before each example whether to give up.

    Raises:
        InputError: The set has no gestures.
        CancelledError: `stop` said so.
    """
    if not gestures.names:
        raise InputError("gestures: the set is empty")
    embedded = teacher.embed_set(gestures)
    background = [teacher.embed(one) for one in gestures.background]
    taken_for: dict[str, dict[str, int]] = {name: {} for name in embedded}
    for name, left_out, others in _left_out(embedded):
        if stop():
            raise CancelledError
        found = NONE
        if others:
            taught = teacher.fit(others, background)
            best = taught.probabilities(left_out.shown)[:, :-1].max(axis=0)
            likeliest = taught.class_names[int(best.argmax())]
            # A robot would see an event of it.
            if best.max() >= taught.enter_thresholds[likeliest]:
                found = likeliest
        taken_for[name][found] = taken_for[name].get(found, 0) + 1
    taught = teacher.fit(embedded, background)
    return GestureCheck(taken_for, teacher.false_share(taught), taught.enter_thresholds)


def _left_out(
    embedded: Mapping[str, Sequence[EmbeddedExample]],
) -> Iterator[tuple[str, EmbeddedExample, dict[str, list[EmbeddedExample]]]]:
    """Yield each example with its gesture, and all others."""
    for name, examples in embedded.items():
        for place, example in enumerate(examples):
            others = {other: list(given) for other, given in embedded.items()}
            del others[name][place]
            yield name, example, {other: given for other, given in others.items() if given}
