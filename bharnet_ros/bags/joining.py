"""Joining messages of several topics by their stamps, whatever the order of recording."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from tqdm import tqdm

from bharnet_ros.bags.reading import Recorded, Recording
from bharnet_ros.messages.reading import time_to_ns
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

Moment: TypeAlias = tuple[int, int]
"""Stamp of a message, nanoseconds, and its position in the order of recording."""


class JoinedTopics:
    """The messages of one topic, each with the nearest message of every other topic.

    One message of another topic may be the nearest to several. Stamps decide. If a stamp occurs
    twice, as after a time jump, the nearer position in the recording decides.

    The recording is read twice: the first pass reads the stamps, so that the second knows which
    messages it must keep, and until when.

    Attributes:
        total: Number of messages on the topic.
        joined: Number of them that have a partner on every other topic.
    """

    def __init__(
        self,
        recording: Recording,
        topic: str,
        others: Sequence[str],
        slop_s: float,
        *,
        progress: bool = True,
    ) -> None:
        """Read all stamps, and find the partners of each message.

        Args:
            recording: An open recording.
            topic: Topic whose messages get partners.
            others: Topics that partners come from. All messages have headers.
            slop_s: Greatest difference between the stamps of a message and a partner, seconds.
            progress: Whether to draw a progress bar on stderr.

        Raises:
            InputError: `slop_s` is out of range, or as `Recording.messages` says.
        """
        if not 0.0 <= slop_s * NANOSECONDS < math.inf:
            raise InputError(f"sync_slop_s: must be 0 or more and finite in ns, got {slop_s}")
        self._recording = recording
        self._topic = topic
        self._topics = (topic, *others)
        moments: dict[str, list[Moment]] = {name: [] for name in self._topics}
        messages = tqdm(
            recording.messages(*self._topics),
            total=recording.count(*self._topics),
            desc=f"{recording.name}: stamps",
            unit="message",
            disable=not progress,
        )
        for position, one in enumerate(messages):
            moments[one.topic].append((time_to_ns(one.message.header.stamp), position))
        slop_ns = round(slop_s * NANOSECONDS)
        found = [nearest(moments[topic], moments[name], slop_ns) for name in others]
        # For each message, a partner on each other topic: its topic, and its number there.
        self._partners = [
            tuple(
                (name, number)
                for name, number in zip(others, numbers, strict=True)
                if number is not None
            )
            if None not in numbers
            else ()
            for numbers in zip(*found, strict=True)
        ]
        self.total = len(self._partners)
        self.joined = sum(bool(partners) for partners in self._partners)

    def messages(self) -> Iterator[Recorded]:
        """Yield the messages of the topic in the order of recording.

        `partners` holds the nearest message of every other topic, or nothing if a topic has none
        that is near enough. A message waits for partners that were recorded later.

        Raises:
            InputError: As `Recording.messages` says.
        """
        needed = Counter(partner for partners in self._partners for partner in partners)
        held: dict[tuple[str, int], Recorded] = {}
        waiting: deque[tuple[Recorded, tuple[tuple[str, int], ...]]] = deque()
        seen: Counter[str] = Counter()
        for one in self._recording.messages(*self._topics):
            key = (one.topic, seen[one.topic])
            seen[one.topic] += 1
            if one.topic == self._topic:
                waiting.append((one, self._partners[key[1]]))
            elif needed[key]:
                held[key] = one
            while waiting and all(partner in held for partner in waiting[0][1]):
                first, partners = waiting.popleft()
                yield replace(first, partners=tuple(held[partner] for partner in partners))
                for partner in partners:
                    needed[partner] -= 1
                    if not needed[partner]:
                        del held[partner]


def nearest(moments: Sequence[Moment], others: Sequence[Moment], slop_ns: int) -> list[int | None]:
    """Return the index of the nearest other moment for each moment.

    Args:
        moments: In any order.
        others: In any order.
        slop_ns: Greatest difference between two stamps, nanoseconds.

    Returns:
        Indices into `others`, None where none is near enough. Among equally near stamps, the
        nearest position in the recording wins.
    """
    order = sorted(range(len(others)), key=lambda index: others[index])
    stamps = [others[index][0] for index in order]

    def search(moment: Moment) -> int | None:
        stamp, position = moment
        near = order[bisect_left(stamps, stamp - slop_ns) : bisect_right(stamps, stamp + slop_ns)]
        return min(
            near,
            key=lambda index: (abs(others[index][0] - stamp), abs(others[index][1] - position)),
            default=None,
        )

    return [search(moment) for moment in moments]
