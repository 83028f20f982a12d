"""What a replay found, and its place beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bharnet_ros.bags.topics import Stage
from bharnet_ros.types.actions import ActionEvent
from bharnet_ros.types.keypoints import (
    NANOSECONDS,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
)
from bharnet_ros.types.timeline import ScoreTrace, Timeline, TrueAction, found_events


@dataclass(frozen=True, eq=False)
class Replay:
    """What a replay found.

    Attributes:
        name: Of the recording.
        stage: Where the replay started.
        origin_ns: Stamp at which the recording starts, nanoseconds.
        end_ns: Stamp at which it ends.
        events: ONSETs and OFFSETs in their order, every event whole.
        latencies_s: Latency of each, seconds; None where they were not published but computed.
        class_names: Names of the classes; none where the recording does not tell.
        traces: Scores of each person; none of recorded events.
        frames: Frames of keypoints that went in.
        dropped: Images that were recorded and did not go in.
        notes: A sentence for whatever was not as it should be.
        counts: What was counted on the way, such as repeated stamps.
        rejected: Why messages could not be used, one for each.
        keypoints: A few frames a second of everybody, stamps in seconds from the start.
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
        """From the start to the end, seconds."""
        return (self.end_ns - self.origin_ns) / NANOSECONDS

    def timeline(self, truth: Sequence[TrueAction]) -> Timeline:
        """Return what was found beside what is true."""
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


_APART_NS = NANOSECONDS // 4


class SampledPeople:
    """Keeps about four frames a second of each person."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._kept: dict[str, list[tuple[int, PersonKeypoints]]] = {}
        self._size = (0, 0)

    def take(self, frame: FrameKeypoints) -> None:
        """Keep whoever was not kept a quarter of a second ago; stamps that go back are left out."""
        self._size = (frame.width, frame.height)
        for person in frame.people:
            kept = self._kept.setdefault(person.track_id, [])
            if not kept or frame.stamp_ns - kept[-1][0] >= _APART_NS:
                kept.append((frame.stamp_ns, person))

    def sequences(self, origin_ns: int) -> tuple[KeypointSequence, ...]:
        """Return each person over time.

        Args:
            origin_ns: Stamp that their times count from, nanoseconds.
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
