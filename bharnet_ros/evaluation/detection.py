"""How good events are: the numbers of `docs/detection_metrics.md`, pooled over recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharnet_ros.evaluation.average_precision import PrecisionRecall
from bharnet_ros.evaluation.early_recognition import EarlyRecognition
from bharnet_ros.evaluation.mistakes import Confusion, Mistake
from bharnet_ros.evaluation.timeline import Timeline

TIOUS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Overlaps from which an event counts as right, for average precision and F1."""

EVENT_TIOU = 0.5
"""The overlap from which it does for everything else."""


@dataclass(frozen=True)
class Counts:
    """Events and true actions, of one label or of all.

    Attributes:
        true_actions: True actions.
        events: Events found.
        matched: Pairs of both that are the same; nothing is in two pairs.
        precision: matched / events; NaN without events.
        recall: matched / true actions; NaN without true actions.
        f1: Harmonic mean of both; NaN where there is neither an event nor a true action.
    """

    true_actions: int
    events: int
    matched: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class OverlapResult:
    """PKU-MMD's protocol at one overlap.

    Attributes:
        tiou: Least overlap in time at which an event counts as right.
        map_actions: Mean over the labels that are true somewhere of their average precision.
        map_videos: Mean over the recordings with a true action of their average precision.
        average_precision: Of each label that is true somewhere.
        f1: Over all labels.
    """

    tiou: float
    map_actions: float
    map_videos: float
    average_precision: dict[str, float]
    f1: float


@dataclass(frozen=True)
class Spread:
    """Signed errors in seconds; percentiles are NaN where there are none.

    Attributes:
        count: How many.
        median_s: Half are less.
        p90_s: Nine in ten are less.
        absolute_median_s: The median without signs.
        absolute_p90_s: The 90th percentile without signs.
    """

    count: int
    median_s: float
    p90_s: float
    absolute_median_s: float
    absolute_p90_s: float


@dataclass(frozen=True)
class Latency:
    """Seconds from capture to publication of ONSETs; percentiles are NaN where none is known.

    Attributes:
        count: ONSETs whose latency is known.
        p50_s: Median.
        p95_s: 95th percentile.
        p99_s: 99th percentile.
    """

    count: int
    p50_s: float
    p95_s: float
    p99_s: float


@dataclass(frozen=True)
class TrackAssignment:
    """Whom a track shows.

    Attributes:
        recording: Name of the timeline.
        person: Track of true actions.
        track_id: Track of events; None for somebody who was never found.
    """

    recording: str
    person: str
    track_id: str | None


@dataclass(frozen=True)
class DetectionMetrics:
    """All numbers; each is defined in `docs/detection_metrics.md`.

    Attributes:
        recordings: How many.
        duration_s: All of them together.
        background_s: The time of them in which nobody does anything.
        frames: Frames that went in.
        dropped: Frames that were recorded and did not go in.
        overlaps: PKU-MMD's protocol at each of `TIOUS`.
        tiou: What is matched in the fields below overlaps at least so much.
        total: Over all labels.
        labels: Each label that is true or was found.
        onset_delay: Capture time at the publication of the ONSET, minus the true start.
        start_error: Estimated minus true start.
        end_error: Estimated minus true end.
        false_in_background: Events that lie, for the greater part, in the background.
        false_per_minute: The same by minute of background; NaN without background.
        missed: True actions without any event.
        wrong_label: True actions that an event of another label lies over.
        badly_timed: True actions that an event of their label overlaps, but by less than `tiou`.
        false: Events without a true action, whether in the background or not.
        fragmented: True actions that several events of their label cover.
        merged: Events that cover several true actions of their label.
        confusion: Labels found against true labels.
        early: Early recognition, by rising fraction.
        latency: From capture to publication.
        curves: Precision and recall of each label that is true somewhere, at `tiou`.
        mistakes: All of them, worst first.
        assignments: Whom the tracks were taken for.
    """

    recordings: int
    duration_s: float
    background_s: float
    frames: int
    dropped: int
    overlaps: tuple[OverlapResult, ...]
    tiou: float
    total: Counts
    labels: dict[str, Counts]
    onset_delay: Spread
    start_error: Spread
    end_error: Spread
    false_in_background: int
    false_per_minute: float
    missed: int
    wrong_label: int
    badly_timed: int
    false: int
    fragmented: int
    merged: int
    confusion: Confusion
    early: tuple[EarlyRecognition, ...]
    latency: Latency
    curves: tuple[PrecisionRecall, ...]
    mistakes: tuple[Mistake, ...]
    assignments: tuple[TrackAssignment, ...]


def measure(timelines: Sequence[Timeline]) -> DetectionMetrics:
    """Compare what was found with what is true, pooled over recordings."""
    raise NotImplementedError
