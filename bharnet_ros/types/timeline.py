"""What happened in a recording and what was found: true actions, events and scores over time.

All times are seconds since the start of the recording, by capture stamps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.actions import ActionEvent, ActionScores, Hand, OffsetReason, Phase
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, KeypointSequence
from bharnet_ros.types.places import Point

ANYBODY = ""
"""Track of a true action that any person may have done."""


@dataclass(frozen=True)
class TrueAction:
    """One action that a person did, in a recording, a data set or a script of the puppet.

    Attributes:
        label: Name of the action.
        start_s: When it began.
        end_s: When it ended; not before `start_s`.
        track_id: Track of the person who did it, or `ANYBODY`.
    """

    label: str
    start_s: float
    end_s: float
    track_id: str = ANYBODY

    def __post_init__(self) -> None:
        """Check the times.

        Raises:
            InputError: A time is not finite, or the end lies before the start.
        """
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s)):
            raise InputError(
                f"{self.label}: start and end must be finite, got {self.start_s} and {self.end_s}"
            )
        if self.end_s < self.start_s:
            raise InputError(f"{self.label}: end {self.end_s} is before start {self.start_s}")

    @property
    def duration_s(self) -> float:
        """How long the action lasted."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class FoundEvent:
    """One event, ONSET and OFFSET together.

    Attributes:
        label: Name of the action.
        start_s: Estimated start of the action.
        end_s: Estimated end.
        score: Greatest smoothed probability up to the OFFSET, 0..1.
        track_id: Track of the person who did it.
        onset_s: Capture time of the newest frame when the ONSET was published.
        offset_s: The same for the OFFSET.
        reason: Why it ended.
        latency_s: Seconds from the capture of the ONSET's frame to its publication; NaN where
            nothing was published, as in a replay.
        hand: The hand that acted: left, right, both or none.
        position: Where the person was at the ONSET, metres in the camera's optical frame; None if
            it is not known.
    """

    label: str
    start_s: float
    end_s: float
    score: float
    track_id: str
    onset_s: float
    offset_s: float
    reason: str = OffsetReason.ENDED.value
    latency_s: float = math.nan
    hand: str = Hand.NONE.value
    position: Point | None = None

    @property
    def duration_s(self) -> float:
        """How long the action lasted, by this estimate."""
        return self.end_s - self.start_s


@dataclass(frozen=True, eq=False)
class ScoreTrace:
    """Probabilities of one person over time.

    Attributes:
        track_id: Track of the person.
        stamps_s: (S,) capture time of the newest frame of each window, increasing.
        probabilities: (S, K) calibrated, not smoothed, in class order.
    """

    track_id: str
    stamps_s: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Timeline:
    """One recording: what is true and what was found.

    Attributes:
        name: Name of the recording.
        duration_s: Seconds from the first to the last stamp.
        truth: True actions.
        events: Events in the order of their ONSETs.
        class_names: Names of the classes in the order of the probabilities.
        traces: Scores of each person; empty if only events were recorded.
        frames: Number of input frames.
        dropped: Number of recorded frames that were not used as input.
        keypoints: People to draw beside mistakes, if any. Stamps are seconds since the start of
            the recording; track ids are those of the events. A few frames a second are enough.
    """

    name: str
    duration_s: float
    truth: tuple[TrueAction, ...]
    events: tuple[FoundEvent, ...]
    class_names: tuple[str, ...] = ()
    traces: tuple[ScoreTrace, ...] = field(default=())
    frames: int = 0
    dropped: int = 0
    keypoints: tuple[KeypointSequence, ...] = field(default=())


class TraceCollector:
    """Collects the probabilities of each person over time."""

    def __init__(self) -> None:
        """Start without scores."""
        self._stamps: dict[str, list[int]] = {}
        self._probabilities: dict[str, list[np.ndarray]] = {}

    def take(self, scores: ActionScores) -> None:
        """Add scores; skip those of a person that are not newer than the last ones."""
        for person in scores.tracks:
            stamps = self._stamps.setdefault(person.track_id, [])
            if stamps and scores.stamp_ns <= stamps[-1]:
                continue
            stamps.append(scores.stamp_ns)
            rows = self._probabilities.setdefault(person.track_id, [])
            rows.append(np.array(person.probabilities, dtype=np.float32))

    def traces(self, origin_ns: int) -> tuple[ScoreTrace, ...]:
        """Return the trace of each person, in the order of their first scores.

        Args:
            origin_ns: Stamp from which times are counted, nanoseconds.
        """
        return tuple(
            ScoreTrace(
                track_id,
                (np.array(stamps, dtype=np.int64) - origin_ns) / NANOSECONDS,
                np.stack(self._probabilities[track_id]),
            )
            for track_id, stamps in self._stamps.items()
        )


def found_events(
    events: Sequence[ActionEvent], origin_ns: int, latencies_s: Sequence[float] | None = None
) -> tuple[FoundEvent, ...]:
    """Join each ONSET with its OFFSET.

    Args:
        events: ONSETs and OFFSETs in the order of their publication.
        origin_ns: Start of the recording, nanoseconds.
        latencies_s: Latency of each event, seconds; None if nothing was published.

    Raises:
        InputError: An OFFSET has no ONSET, an ONSET has no OFFSET, or one of them occurs twice; the
            message names the id.
    """
    latencies = [math.nan] * len(events) if latencies_s is None else latencies_s
    begun: dict[str, tuple[ActionEvent, float]] = {}
    ended: dict[str, ActionEvent] = {}
    for event, latency in zip(events, latencies, strict=True):
        same_phase = ended if event.phase is Phase.OFFSET else begun
        if event.event_id in same_phase:
            raise InputError(f"event {event.event_id}: has two {event.phase.name}s")
        if event.phase is Phase.ONSET:
            begun[event.event_id] = event, latency
        elif event.event_id in begun:
            ended[event.event_id] = event
        else:
            raise InputError(f"event {event.event_id}: has an OFFSET and no ONSET before it")
    unfinished = [event_id for event_id in begun if event_id not in ended]
    if unfinished:
        raise InputError(f"event {unfinished[0]}: has an ONSET and no OFFSET")

    def seconds(stamp_ns: int) -> float:
        return (stamp_ns - origin_ns) / NANOSECONDS

    return tuple(
        FoundEvent(
            label=onset.label,
            start_s=seconds(onset.start_ns),
            end_s=seconds(ended[event_id].end_ns),
            score=ended[event_id].score,
            track_id=onset.track_id,
            onset_s=seconds(onset.stamp_ns),
            offset_s=seconds(ended[event_id].stamp_ns),
            reason=ended[event_id].reason.value,
            latency_s=latency,
            hand=ended[event_id].hand.value,
            position=onset.place.position,
        )
        for event_id, (onset, latency) in begun.items()
    )
