"""Event metrics, pooled over recordings; docs/events.md defines them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.average_precision import (
    PrecisionRecall,
    match_by_score,
    precision_recall,
)
from bharnet_ros.evaluation.metrics.background import (
    background_s,
    count_in_background,
    without_background,
)
from bharnet_ros.evaluation.metrics.early_recognition import EarlyRecognition, early_recognition
from bharnet_ros.evaluation.metrics.mistakes import (
    Confusion,
    Match,
    Mistake,
    MistakeKind,
    count_confusion,
    count_fragmented_and_merged,
    find_matches,
    find_mistakes,
    pair_up,
)
from bharnet_ros.evaluation.metrics.overlaps import Overlaps, best_matching, find_overlaps
from bharnet_ros.evaluation.metrics.tracks import assign_tracks
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import Timeline

TIOUS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Least overlaps for average precision and F1 by PKU-MMD's protocol."""

EVENT_TIOU = 0.5
"""Least overlap of a matched pair, for all other metrics."""


@dataclass(frozen=True)
class Counts:
    """Numbers of events and true actions, of one label or of all.

    Attributes:
        true_actions: Number of true actions.
        events: Number of events.
        matched: Number of matched pairs of an event and a true action.
        precision: matched / events; NaN without events.
        recall: matched / true actions; NaN without true actions.
        f1: Harmonic mean of both; NaN without events and true actions.
    """

    true_actions: int
    events: int
    matched: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class OverlapResult:
    """Results of PKU-MMD's protocol at one overlap.

    Attributes:
        tiou: Least overlap of a right event.
        map_actions: Mean of the average precision over the labels in the truth.
        map_videos: Mean of the average precision over the recordings with true actions.
        average_precision: Average precision of each label in the truth.
        f1: F1 over all labels.
    """

    tiou: float
    map_actions: float
    map_videos: float
    average_precision: dict[str, float]
    f1: float


@dataclass(frozen=True)
class Spread:
    """Distribution of signed errors in seconds; percentiles are NaN without errors.

    Attributes:
        count: Number of errors.
        median_s: Median.
        p90_s: 90th percentile.
        absolute_median_s: Median of the absolute values.
        absolute_p90_s: 90th percentile of the absolute values.
    """

    count: int
    median_s: float
    p90_s: float
    absolute_median_s: float
    absolute_p90_s: float


@dataclass(frozen=True)
class Latency:
    """Seconds from capture to publication of ONSETs; percentiles are NaN if none is known.

    Attributes:
        count: Number of ONSETs with a known latency.
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
    """The track that shows a person of the truth.

    Attributes:
        recording: Name of the timeline.
        person: Track id of the person's true actions.
        track_id: Track id of the person's events; None for a person who was never found.
    """

    recording: str
    person: str
    track_id: str | None


@dataclass(frozen=True)
class EventMetrics:
    """All event metrics; docs/events.md defines them.

    Attributes:
        recordings: Number of recordings.
        duration_s: Total duration.
        background_s: Total time without true actions.
        frames: Frames that were processed.
        dropped: Frames that were recorded but not processed.
        overlaps: Results of PKU-MMD's protocol at each of `TIOUS`.
        tiou: Least overlap of a matched pair in the fields below.
        total: Counts over all labels.
        labels: Counts of each label in the truth or the events.
        onset_delay: Capture time at the publication of the ONSET, minus the true start.
        start_error: Estimated minus true start.
        end_error: Estimated minus true end.
        false_in_background: Events that lie mostly in the background.
        false_per_minute: The same per minute of background; NaN without background.
        missed: True actions without an event.
        wrong_label: True actions paired with an event of another label.
        badly_timed: True actions paired with an event of their label that overlaps by less than
            `tiou`.
        false: Events without a true action, whether in the background or not.
        fragmented: True actions with several events of their label mostly within them.
        merged: Events that cover most of several true actions of their label.
        confusion: Found labels against true labels.
        early: Early recognition, by rising fraction.
        latency: Latency from capture to publication.
        curves: Precision and recall of each label in the truth, at `tiou`.
        matches: Matched pairs, by recording and true start.
        mistakes: All mistakes, worst first.
        assignments: The track of each person of the truth.
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
    matches: tuple[Match, ...]
    mistakes: tuple[Mistake, ...]
    assignments: tuple[TrackAssignment, ...]


def measure(
    timelines: Sequence[Timeline], *, tious: Sequence[float] = TIOUS, tiou: float = EVENT_TIOU
) -> EventMetrics:
    """Compare events with the truth, pooled over recordings.

    Truth labelled `background` is no action.

    Args:
        timelines: The recordings; their order does not matter.
        tious: Least overlaps for PKU-MMD's protocol, each greater than 0 and at most 1.
        tiou: Least overlap of a matched pair, for all other metrics.

    Raises:
        InputError: There is no recording.
        ValueError: An overlap is out of range; names the argument.
    """
    if not timelines:
        raise InputError("timelines: there is no recording to measure")
    for name, value in [*(("tious", one) for one in tious), ("tiou", tiou)]:
        if not 0.0 < value <= 1.0:
            raise ValueError(f"{name}: must be greater than 0 and at most 1, got {value}")
    recordings = [without_background(timeline) for timeline in timelines]
    assigned = [assign_tracks(timeline) for timeline in recordings]
    overlaps = find_overlaps(recordings, assigned)
    pairing = pair_up(overlaps, tiou)
    found = Counter(event.label for event in overlaps.events)
    true_actions = Counter(action.label for action in overlaps.truth)
    names = [timeline.name for timeline in recordings]
    matches = find_matches(overlaps, pairing, names)
    hits = Counter(one.event.label for one in matches)
    mistakes = find_mistakes(overlaps, pairing, names)
    kinds = Counter(mistake.kind for mistake in mistakes)
    background = background_s(recordings, assigned)
    in_background = count_in_background(recordings, assigned)
    fragmented, merged = count_fragmented_and_merged(overlaps)
    return EventMetrics(
        recordings=len(recordings),
        duration_s=math.fsum(timeline.duration_s for timeline in recordings),
        background_s=background,
        frames=sum(timeline.frames for timeline in recordings),
        dropped=sum(timeline.dropped for timeline in recordings),
        overlaps=tuple(_at_overlap(overlaps, one) for one in tious),
        tiou=tiou,
        total=_counts(len(overlaps.truth), len(overlaps.events), len(matches)),
        labels={
            label: _counts(true_actions[label], found[label], hits[label])
            for label in sorted({*true_actions, *found})
        },
        onset_delay=_spread([one.event.onset_s - one.truth.start_s for one in matches]),
        start_error=_spread([one.event.start_s - one.truth.start_s for one in matches]),
        end_error=_spread([one.event.end_s - one.truth.end_s for one in matches]),
        false_in_background=in_background,
        false_per_minute=60.0 * in_background / background if background > 0.0 else math.nan,
        missed=kinds[MistakeKind.MISSED],
        wrong_label=kinds[MistakeKind.WRONG_LABEL],
        badly_timed=kinds[MistakeKind.BADLY_TIMED],
        false=kinds[MistakeKind.FALSE],
        fragmented=fragmented,
        merged=merged,
        confusion=count_confusion(overlaps, pairing),
        early=early_recognition(recordings, assigned, overlaps),
        latency=_latency([event.latency_s for event in overlaps.events]),
        curves=_curves(overlaps, match_by_score(overlaps, tiou)),
        matches=matches,
        mistakes=mistakes,
        assignments=_assignments(names, assigned),
    )


def _assignments(
    names: Sequence[str], assigned: Sequence[Mapping[str, str | None]]
) -> tuple[TrackAssignment, ...]:
    return tuple(
        TrackAssignment(name, person, track)
        for name, tracks in sorted(zip(names, assigned, strict=True), key=lambda each: each[0])
        for person, track in tracks.items()
    )


def _counts(true_actions: int, events: int, matched: int) -> Counts:
    return Counts(
        true_actions=true_actions,
        events=events,
        matched=matched,
        precision=matched / events if events else math.nan,
        recall=matched / true_actions if true_actions else math.nan,
        f1=2.0 * matched / (true_actions + events) if true_actions + events else math.nan,
    )


def _curves(overlaps: Overlaps, right: npt.NDArray[np.bool_]) -> tuple[PrecisionRecall, ...]:
    """Return the curve of each label in the truth."""
    found = np.array([event.label for event in overlaps.events], dtype=object)
    scores = np.array([event.score for event in overlaps.events])
    true_actions = Counter(action.label for action in overlaps.truth)
    return tuple(
        precision_recall(label, scores[found == label], right[found == label], true_actions[label])
        for label in sorted(true_actions)
    )


def _at_overlap(overlaps: Overlaps, tiou: float) -> OverlapResult:
    """Return the results of PKU-MMD's protocol at one overlap."""
    right = match_by_score(overlaps, tiou)
    average_precision = {curve.label: curve.average_precision for curve in _curves(overlaps, right)}
    scores = np.array([event.score for event in overlaps.events])
    videos = []
    for recording, true_actions in enumerate(np.bincount(overlaps.truth_recording)):
        in_video = overlaps.event_recording == recording
        curve = precision_recall("", scores[in_video], right[in_video], int(true_actions))
        videos.append(curve.average_precision)
    candidates = np.flatnonzero(overlaps.same_label & (overlaps.tiou >= tiou))
    pairs = best_matching(
        overlaps.event_index[candidates],
        overlaps.truth_index[candidates],
        overlaps.tiou[candidates],
    )
    return OverlapResult(
        tiou=tiou,
        map_actions=_mean(list(average_precision.values())),
        map_videos=_mean(videos),
        average_precision=average_precision,
        f1=_counts(len(overlaps.truth), len(overlaps.events), len(pairs)).f1,
    )


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are not NaN, exact in any order; NaN without any."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _percentiles(values: Sequence[float], percents: Sequence[float]) -> list[float]:
    if not len(values):
        return [math.nan] * len(percents)
    return [float(value) for value in np.percentile(values, percents)]


def _spread(errors: Sequence[float]) -> Spread:
    percents = (50.0, 90.0)
    sizes = [abs(error) for error in errors]
    return Spread(len(errors), *_percentiles(errors, percents), *_percentiles(sizes, percents))


def _latency(latencies_s: Sequence[float]) -> Latency:
    known = [latency for latency in latencies_s if not math.isnan(latency)]
    return Latency(len(known), *_percentiles(known, (50.0, 95.0, 99.0)))
