"""What a replay found, and its place beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharnet_ros.actions import ActionEvent
from bharnet_ros.evaluation.timeline import ScoreTrace, Timeline, TrueAction, found_events
from bharnet_ros.keypoints import NANOSECONDS, KeypointSequence
from bharnet_ros.replay.stages import Stage


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
