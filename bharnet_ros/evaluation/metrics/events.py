"""How good events are: the numbers of `docs/detection_metrics.md`, pooled over recordings."""

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
    confuse,
    count_broken,
    find_matches,
    find_mistakes,
    pair_up,
)
from bharnet_ros.evaluation.metrics.overlaps import Overlaps, best_matching, find_overlaps
from bharnet_ros.evaluation.metrics.tracks import assign_tracks
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import Timeline

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
class EventMetrics:
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
        matches: What is right, by recording and true start.
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
    matches: tuple[Match, ...]
    mistakes: tuple[Mistake, ...]
    assignments: tuple[TrackAssignment, ...]


def measure(
    timelines: Sequence[Timeline], *, tious: Sequence[float] = TIOUS, tiou: float = EVENT_TIOU
) -> EventMetrics:
    """Compare what was found with what is true, pooled over recordings.

    Truth labelled `background` says that nothing was done, and counts as no action.

    Args:
        timelines: The recordings; their order does not matter.
        tious: Overlaps for PKU-MMD's protocol.
        tiou: Overlap from which an event counts as right for everything else.

    Raises:
        InputError: There is no recording, or an overlap is not greater than 0 and at most 1.
    """
    if not timelines:
        raise InputError("timelines: there is no recording to measure")
    for name, value in [*(("tious", one) for one in tious), ("tiou", tiou)]:
        if not 0.0 < value <= 1.0:
            raise InputError(f"{name}: must be greater than 0 and at most 1, got {value}")
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
    fragmented, merged = count_broken(overlaps)
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
        confusion=confuse(overlaps, pairing),
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
    """Return the curve of each label that is true somewhere."""
    found = np.array([event.label for event in overlaps.events], dtype=object)
    scores = np.array([event.score for event in overlaps.events])
    true_actions = Counter(action.label for action in overlaps.truth)
    return tuple(
        precision_recall(label, scores[found == label], right[found == label], true_actions[label])
        for label in sorted(true_actions)
    )


def _at_overlap(overlaps: Overlaps, tiou: float) -> OverlapResult:
    right = match_by_score(overlaps, tiou)
    average_precision = {curve.label: curve.average_precision for curve in _curves(overlaps, right)}
    scores = np.array([event.score for event in overlaps.events])
    videos = []
    for recording, true_actions in enumerate(np.bincount(overlaps.truth_recording)):
        mine = overlaps.event_recording == recording
        curve = precision_recall("", scores[mine], right[mine], int(true_actions))
        videos.append(curve.average_precision)
    good = np.flatnonzero(overlaps.same_label & (overlaps.tiou >= tiou))
    pairs = best_matching(overlaps.event[good], overlaps.true[good], overlaps.tiou[good])
    return OverlapResult(
        tiou=tiou,
        map_actions=_mean(list(average_precision.values())),
        map_videos=_mean(videos),
        average_precision=average_precision,
        f1=_counts(len(overlaps.truth), len(overlaps.events), len(pairs)).f1,
    )


def _mean(values: Sequence[float]) -> float:
    """Return the mean of what is known; NaN where nothing is. Exact, whatever the order."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _percentiles(values: Sequence[float], wanted: Sequence[float]) -> list[float]:
    if not len(values):
        return [math.nan] * len(wanted)
    return [float(value) for value in np.percentile(values, wanted)]


def _spread(errors: Sequence[float]) -> Spread:
    wanted = (50.0, 90.0)
    return Spread(
        len(errors), *_percentiles(errors, wanted), *_percentiles([abs(e) for e in errors], wanted)
    )


def _latency(latencies_s: Sequence[float]) -> Latency:
    known = [latency for latency in latencies_s if not math.isnan(latency)]
    return Latency(len(known), *_percentiles(known, (50.0, 95.0, 99.0)))
