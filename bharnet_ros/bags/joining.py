"""Messages of several topics that belong together by their stamps, in whatever order they came."""

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
"""Stamp of a message, nanoseconds, and its place in the order of recording."""


class JoinedTopics:
    """The messages of one topic, each with the nearest of every other topic.

    A message of another topic may belong to several. Its stamp alone decides, and where stamps
    come twice, as after a jump of time, the place in the recording.

    Attributes:
        total: Messages on the topic.
        joined: How many of them have one of every other topic.
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
        """Read all stamps, and find what belongs together.

        Args:
            recording: An open recording.
            topic: Of the messages that others are found for.
            others: Other topics; all messages have headers.
            slop_s: Seconds by which the stamp of another message may differ.
            progress: Draw a progress bar on stderr.

        Raises:
            InputError: The slop is out of range, or as `Recording.messages` says.
        """
        if not 0.0 <= slop_s < math.inf:
            raise InputError(f"sync_slop_s: must be 0 or more, got {slop_s}")
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
        for place, one in enumerate(messages):
            moments[one.topic].append((time_to_ns(one.message.header.stamp), place))
        slop_ns = round(slop_s * NANOSECONDS)
        found = [nearest(moments[topic], moments[name], slop_ns) for name in others]
        # The name of a topic and the number of a message on it, for each other topic.
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

        In `beside`, each has the nearest message of every other topic, or none at all where a
        topic has none that is near enough. A message waits for others that were recorded later.

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
                yield replace(first, beside=tuple(held[partner] for partner in partners))
                for partner in partners:
                    needed[partner] -= 1
                    if not needed[partner]:
                        del held[partner]


def nearest(moments: Sequence[Moment], others: Sequence[Moment], slop_ns: int) -> list[int | None]:
    """Return for each moment the index of the nearest other one.

    Args:
        moments: In any order.
        others: In any order.
        slop_ns: Nanoseconds by which stamps may differ.

    Returns:
        Indices into `others`, None where none is near enough. Of those whose stamps are as near,
        the one that was recorded nearer.
    """
    order = sorted(range(len(others)), key=lambda index: others[index])
    stamps = [others[index][0] for index in order]

    def search(moment: Moment) -> int | None:
        stamp, place = moment
        near = order[bisect_left(stamps, stamp - slop_ns) : bisect_right(stamps, stamp + slop_ns)]
        return min(
            near,
            key=lambda index: (abs(others[index][0] - stamp), abs(others[index][1] - place)),
            default=None,
        )

    return [search(moment) for moment in moments]
