"""Pairs of events and true actions, and the mistakes; each is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.overlaps import Indices, Overlaps, best_matching
from bharnet_ros.types.timeline import FoundEvent, TrueAction

NOTHING = "nothing"
"""Row of the confusion matrix for false events; column for missed true actions."""


class MistakeKind(str, Enum):
    """Kind of disagreement between events and truth."""

    MISSED = "missed"
    FALSE = "false"
    WRONG_LABEL = "wrong_label"
    BADLY_TIMED = "badly_timed"


@dataclass(frozen=True)
class Match:
    """An event that is right, and its true action.

    Attributes:
        recording: Name of the timeline.
        truth: The true action.
        event: The event.
    """

    recording: str
    truth: TrueAction
    event: FoundEvent


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        kind: Kind of mistake.
        recording: Name of the timeline.
        severity_s: Seconds in which event and truth differ.
        truth: The true action; None for a false event.
        event: The event; None for a missed true action.
    """

    kind: MistakeKind
    recording: str
    severity_s: float
    truth: TrueAction | None
    event: FoundEvent | None


@dataclass(frozen=True)
class Confusion:
    """Found labels against true labels, each event and each true action counted once.

    Attributes:
        labels: Names of rows and columns; the last is `NOTHING`.
        counts: counts[i][j] is how often labels[i] is true and labels[j] was found.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Pairing:
    """Pairs of events and true actions; each is in at most one pair.

    Attributes:
        matched: Indices of pairs with the same label and enough overlap.
        badly_timed: Indices of pairs with the same label and less overlap.
        wrong_label: Indices of pairs with different labels.
    """

    matched: Indices
    badly_timed: Indices
    wrong_label: Indices


def pair_up(overlaps: Overlaps, tiou: float) -> Pairing:
    """Pair events with true actions in three steps.

    The steps pair the same label and at least `tiou`, then the same label, then any labels. Each
    step makes as many pairs as possible from what is left; of equally many, it prefers the greatest
    sum of tIoU.
    """
    free = np.ones(len(overlaps.event_index), dtype=bool)

    def choose(allowed: npt.NDArray[np.bool_]) -> Indices:
        pairs = np.flatnonzero(allowed & free)
        events, truth = overlaps.event_index[pairs], overlaps.truth_index[pairs]
        best = best_matching(events, truth, overlaps.tiou[pairs])
        free[np.isin(overlaps.event_index, events[best])] = False
        free[np.isin(overlaps.truth_index, truth[best])] = False
        return pairs[best]

    return Pairing(
        matched=choose(overlaps.same_label & (overlaps.tiou >= tiou)),
        badly_timed=choose(overlaps.same_label),
        wrong_label=choose(np.ones_like(free)),
    )


def unpaired(overlaps: Overlaps, pairing: Pairing) -> tuple[Indices, Indices]:
    """Return the indices of the events and of the true actions that are in no pair."""
    pairs = np.concatenate([pairing.matched, pairing.badly_timed, pairing.wrong_label])
    return (
        np.setdiff1d(np.arange(len(overlaps.events)), overlaps.event_index[pairs]),
        np.setdiff1d(np.arange(len(overlaps.truth)), overlaps.truth_index[pairs]),
    )


def find_matches(overlaps: Overlaps, pairing: Pairing, names: Sequence[str]) -> tuple[Match, ...]:
    """Return the matched pairs, by recording and true start; arguments as in `find_mistakes`."""
    matches = [
        Match(names[overlaps.truth_recording[true]], overlaps.truth[true], overlaps.events[event])
        for event, true in zip(
            overlaps.event_index[pairing.matched],
            overlaps.truth_index[pairing.matched],
            strict=True,
        )
    ]

    def order(match: Match) -> tuple[str, float, str, str]:
        return match.recording, match.truth.start_s, match.truth.track_id, match.truth.label

    return tuple(sorted(matches, key=order))


def find_mistakes(
    overlaps: Overlaps, pairing: Pairing, names: Sequence[str]
) -> tuple[Mistake, ...]:
    """Return everything that is not matched, the most severe first.

    Args:
        overlaps: Events and true actions.
        pairing: Their pairs.
        names: Name of each recording.
    """
    mistakes: list[Mistake] = []
    for kind, pairs in (
        (MistakeKind.BADLY_TIMED, pairing.badly_timed),
        (MistakeKind.WRONG_LABEL, pairing.wrong_label),
    ):
        for pair in pairs:
            event = overlaps.events[overlaps.event_index[pair]]
            action = overlaps.truth[overlaps.truth_index[pair]]
            lengths = event.duration_s + action.duration_s
            # Shared time of the same label is right; of a wrong label it is wrong, but counts once.
            agreed = 2.0 if kind is MistakeKind.BADLY_TIMED else 1.0
            severity = lengths - agreed * float(overlaps.shared_s[pair])
            name = names[overlaps.truth_recording[overlaps.truth_index[pair]]]
            mistakes.append(Mistake(kind, name, severity, action, event))
    false, missed = unpaired(overlaps, pairing)
    for number in false:
        event = overlaps.events[number]
        name = names[overlaps.event_recording[number]]
        mistakes.append(Mistake(MistakeKind.FALSE, name, event.duration_s, None, event))
    for number in missed:
        action = overlaps.truth[number]
        name = names[overlaps.truth_recording[number]]
        mistakes.append(Mistake(MistakeKind.MISSED, name, action.duration_s, action, None))

    def order(mistake: Mistake) -> tuple[float, str, float, str, str]:
        span = mistake.truth or mistake.event
        assert span is not None
        return -mistake.severity_s, mistake.recording, span.start_s, span.track_id, span.label

    return tuple(sorted(mistakes, key=order))


def count_confusion(overlaps: Overlaps, pairing: Pairing) -> Confusion:
    """Count found labels against true labels, over all pairs and everything unpaired."""
    found = {event.label for event in overlaps.events}
    labels = (*sorted(found | {action.label for action in overlaps.truth}), NOTHING)
    place = {label: number for number, label in enumerate(labels[:-1])}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for pair in np.concatenate([pairing.matched, pairing.badly_timed, pairing.wrong_label]):
        true = overlaps.truth[overlaps.truth_index[pair]].label
        counts[place[true], place[overlaps.events[overlaps.event_index[pair]].label]] += 1
    false, missed = unpaired(overlaps, pairing)
    for number in false:
        counts[-1, place[overlaps.events[number].label]] += 1
    for number in missed:
        counts[place[overlaps.truth[number].label], -1] += 1
    return Confusion(labels, tuple(tuple(row) for row in counts.tolist()))


def count_fragmented_and_merged(overlaps: Overlaps) -> tuple[int, int]:
    """Return the number of fragmented true actions, and of events that merge several.

    A true action is fragmented if two or more events of its label lie mostly within it. An event
    merges if it covers most of two or more true actions of its label.

    Source: fragmentation and merging in Ward et al., "Performance metrics for activity
    recognition", ACM TIST 2 (1), 2011, where any overlap is enough.
    """
    # An instant lies entirely within what it touches.
    event_s = np.array([one.duration_s for one in overlaps.events])[overlaps.event_index]
    true_s = np.array([one.duration_s for one in overlaps.truth])[overlaps.truth_index]
    inside = overlaps.same_label & ((2.0 * overlaps.shared_s > event_s) | (event_s == 0.0))
    covered = overlaps.same_label & ((2.0 * overlaps.shared_s > true_s) | (true_s == 0.0))
    fragments = np.bincount(overlaps.truth_index[inside])
    merges = np.bincount(overlaps.event_index[covered])
    return int((fragments > 1).sum()), int((merges > 1).sum())
