"""The result of a replay, and how it is compared with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bharnet_ros.bags.topics import Stage
from bharnet_ros.pipeline.message_log import DUPLICATES, LATE, TIME_JUMPS, UNSTAMPED, CollectedLog
from bharnet_ros.pipeline.stamp_check import NOT_SET
from bharnet_ros.types.actions import ActionEvent
from bharnet_ros.types.keypoints import (
    NANOSECONDS,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
)
from bharnet_ros.types.stamps import is_set
from bharnet_ros.types.timeline import ScoreTrace, Timeline, TrueAction, found_events


@dataclass(frozen=True, eq=False)
class Replay:
    """What a replay found.

    Attributes:
        name: Name of the recording.
        stage: Stage at which the replay started.
        origin_ns: Stamp at which the recording starts, nanoseconds.
        end_ns: Stamp at which it ends.
        events: ONSETs and OFFSETs in order; every event has both.
        latencies_s: Latency of each message in `events`, seconds; None if events were computed.
        class_names: Names of the classes; empty if they are unknown.
        traces: Scores of each person; empty if events were recorded.
        frames: Number of keypoint frames used.
        dropped: Number of recorded images that were not used.
        notes: A sentence for each kind of problem.
        counts: Counters of the chain, such as that of repeated stamps.
        rejected: For each message that could not be used, the reason.
        keypoints: A few frames a second of each person, stamps in seconds from the start.
    """

    name: str
    stage: Stage
    origin_ns: int
    end_ns: int
    events: tuple[ActionEvent, ...]
    latencies_s: tuple[float, ...] | None
    class_names: tuple[str, ...]
    traces: tuple[ScoreTrace, ...]
    frames: int
    dropped: int
    notes: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    keypoints: tuple[KeypointSequence, ...] = ()

    @property
    def duration_s(self) -> float:
        """Time from the start to the end, seconds."""
        return (self.end_ns - self.origin_ns) / NANOSECONDS

    def timeline(self, truth: Sequence[TrueAction]) -> Timeline:
        """Return the events found together with the true actions."""
        return Timeline(
            name=self.name,
            duration_s=self.duration_s,
            truth=tuple(truth),
            events=found_events(self.events, self.origin_ns, self.latencies_s),
            class_names=self.class_names,
            traces=self.traces,
            frames=self.frames,
            dropped=self.dropped,
            keypoints=self.keypoints,
        )


def message_notes(log: CollectedLog, topic: str) -> list[str]:
    """Return a sentence for each kind of message on a topic that was not used, or not as usual."""
    notes = []
    broken = [problem for problem in log.rejected if problem != NOT_SET]
    if broken:
        notes.append(
            f"{len(broken)} messages on {topic} cannot be used; the last one: {broken[-1]}"
        )
    for what, text in (
        (UNSTAMPED, f"messages on {topic} have no stamp and are left out"),
        (LATE, f"messages on {topic} came after later ones and are left out"),
        (DUPLICATES, "messages had the stamp of the one before"),
    ):
        if log.counts[what]:
            notes.append(f"{log.counts[what]} {text}")
    if log.counts[TIME_JUMPS]:
        notes.append(
            "stamps went back, which starts everything anew; times before and after may overlap"
        )
    return notes


_SAMPLE_PERIOD_NS = NANOSECONDS // 4


class SampledPeople:
    """Keeps about four frames a second of each person."""

    def __init__(self) -> None:
        """Start with no frame."""
        self._kept: dict[str, list[tuple[int, PersonKeypoints]]] = {}
        self._size = (0, 0)

    def take(self, frame: FrameKeypoints) -> None:
        """Keep each person at most every quarter of a second; skip stamps that go back or lack."""
        if not is_set(frame.stamp_ns):
            return
        self._size = (frame.width, frame.height)
        for person in frame.people:
            kept = self._kept.setdefault(person.track_id, [])
            if not kept or frame.stamp_ns - kept[-1][0] >= _SAMPLE_PERIOD_NS:
                kept.append((frame.stamp_ns, person))

    def sequences(self, origin_ns: int) -> tuple[KeypointSequence, ...]:
        """Return the frames kept of each person.

        Args:
            origin_ns: Stamp that becomes time zero, nanoseconds.
        """
        width, height = self._size
        return tuple(
            KeypointSequence(
                stamps=np.array([stamp - origin_ns for stamp, _ in kept]) / NANOSECONDS,
                body=np.stack([person.body for _, person in kept]),
                hands=np.stack([person.hands for _, person in kept]),
                hand_scores=np.stack([person.hand_scores for _, person in kept]),
                width=width,
                height=height,
                track_id=track_id,
            )
            for track_id, kept in self._kept.items()
        )
