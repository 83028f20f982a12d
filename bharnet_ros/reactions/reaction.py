"""What to do when an action begins or ends: one reaction, and when it is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bharnet_ros.messages.reading import Message, event_from_message
from bharnet_ros.types.actions import ActionEvent, Phase
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.stamps import Step, step_between

PLACEHOLDERS = ("{label}", "{track_id}", "{hand}", "{phase}", "{score}", "{event_id}")
"""Arguments of a command that stand for what the event says."""


@dataclass(frozen=True)
class Send:
    """A message for a topic, or a request for a service.

    Attributes:
        name: Name of the topic or service.
        type_name: Its type, such as "geometry_msgs/msg/Twist".
        message: The message or request.
        times: Times in it that are set when it is sent.
        values: What the file says of its fields, to be shown.
        to_service: Whether it is a request.
    """

    name: str
    type_name: str
    message: Message
    times: tuple[Message, ...]
    values: str
    to_service: bool

    def describe(self, said: Mapping[str, str]) -> str:
        """Return what is done, in a few words."""
        verb = "call" if self.to_service else "publish on"
        return f"{verb} {self.name} {self.values}"


@dataclass(frozen=True)
class Run:
    """A command, without a shell.

    Attributes:
        words: The program and its arguments; an argument that is one of `PLACEHOLDERS` stands for
            what the event says.
    """

    words: tuple[str, ...]

    def describe(self, said: Mapping[str, str]) -> str:
        """Return what is done, in a few words; `said` has a text for each of `PLACEHOLDERS`."""
        return f"run {self.arguments(said)}"

    def arguments(self, said: Mapping[str, str]) -> list[str]:
        """Return the program and its arguments; `said` has a text for each of `PLACEHOLDERS`."""
        return [said.get(word, word) for word in self.words]


Deed: TypeAlias = Send | Run


@dataclass(frozen=True)
class Reaction:
    """When to do what.

    Attributes:
        key: Where it stands in its file, such as "reactions[0]".
        labels: Names of the actions.
        phase: Whether their ONSET or their OFFSET counts.
        hand: The hand that acts; empty for any.
        track_id: Identity of the person; empty for anyone.
        cooldown_s: Seconds, by stamps, before it is done again, for anyone.
        deed: What is done.
    """

    key: str
    labels: tuple[str, ...]
    phase: Phase
    hand: str
    track_id: str
    cooldown_s: float
    deed: Deed

    def wants(self, event: ActionEvent, hand: str) -> bool:
        """Return whether an event, done with a hand, is one that it reacts to."""
        return (
            event.label in self.labels
            and event.phase is self.phase
            and self.hand in ("", hand)
            and self.track_id in ("", event.track_id)
        )


@dataclass(frozen=True)
class Due:
    """What is to be done for one event.

    Attributes:
        reactions: The reactions.
        said: What the event says, for each of `PLACEHOLDERS`.
    """

    reactions: tuple[Reaction, ...]
    said: Mapping[str, str]


class Reactions:
    """Reactions, and when each was done last.

    Attributes:
        all: The reactions.
    """

    def __init__(self, reactions: Iterable[Reaction]) -> None:
        """Start with none done."""
        self.all = tuple(reactions)
        self._done_ns: dict[str, int] = {}

    def take(self, message: Message) -> Due:
        """Take an ActionEvent message and return what is to be done for it.

        A cool-down also ends when stamps jump back; an event that is merely late, as of a second
        camera, does not end it.

        Raises:
            InputError: Its phase or its reason is unknown.
        """
        event = event_from_message(message)
        hand = str(getattr(message, "hand", ""))
        due = [one for one in self.all if one.wants(event, hand) and not self._cools(one, event)]
        for reaction in due:
            done_ns, stamp_ns = self._done_ns.get(reaction.key), event.stamp_ns
            if step_between(done_ns, stamp_ns) is not Step.LATE:
                self._done_ns[reaction.key] = stamp_ns
        values = (
            *(event.label, event.track_id, hand, event.phase.name.lower()),
            *(f"{event.score:.2f}", event.event_id),
        )
        return Due(tuple(due), dict(zip(PLACEHOLDERS, values, strict=True)))

    def _cools(self, reaction: Reaction, event: ActionEvent) -> bool:
        done_ns = self._done_ns.get(reaction.key)
        if done_ns is None or step_between(done_ns, event.stamp_ns) is Step.BACK:
            return False
        return max(0, event.stamp_ns - done_ns) < reaction.cooldown_s * NANOSECONDS
