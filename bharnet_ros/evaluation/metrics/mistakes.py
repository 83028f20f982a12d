"""What went right and wrong in a recording, each true action and each event once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.overlaps import Indices, Overlaps, best_matching
from bharnet_ros.types.timeline import FoundEvent, TrueAction

NOTHING = "nothing"
"""Row of the confusion matrix for events without a true action; column for true actions missed."""


class MistakeKind(str, Enum):
    """How an event and a true action disagree."""

    MISSED = "missed"
    FALSE = "false"
    WRONG_LABEL = "wrong_label"
    BADLY_TIMED = "badly_timed"


@dataclass(frozen=True)
class Match:
    """An event that is right, and the true action that it stands for.

    Attributes:
        recording: Name of the timeline.
        truth: What should be found.
        event: What was found.
    """

    recording: str
    truth: TrueAction
    event: FoundEvent


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        kind: What is wrong.
        recording: Name of the timeline.
        severity_s: Seconds for which what was found and what is true differ.
        truth: What should have been found; None for a false event.
        event: What was found; None for a true action that was missed.
    """

    kind: MistakeKind
    recording: str
    severity_s: float
    truth: TrueAction | None
    event: FoundEvent | None


@dataclass(frozen=True)
class Confusion:
    """Which labels were found where which are true, each event and each true action once.

    Attributes:
        labels: Names of rows and columns, the last being `NOTHING`.
        counts: counts[i][j] times, labels[i] is true and labels[j] was found.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Pairing:
    """Which event stands for which true action; nothing is in two pairs.

    Attributes:
        matched: Indices of pairs with the same label that overlap enough.
        badly_timed: With the same label, overlapping less.
        wrong_label: With different labels.
    """

    matched: Indices
    badly_timed: Indices
    wrong_label: Indices


def pair_up(overlaps: Overlaps, tiou: float) -> Pairing:
    """Match events and true actions: what is right first, then what is nearly right.

    Each step chooses, out of what the steps before it left, the pairs that are most and then
    overlap most: the same label and at least `tiou`; the same label; any label.
    """
    free = np.ones(len(overlaps.event), dtype=bool)

    def take(good: npt.NDArray[np.bool_]) -> Indices:
        pairs = np.flatnonzero(good & free)
        chosen = pairs[
            best_matching(overlaps.event[pairs], overlaps.true[pairs], overlaps.tiou[pairs])
        ]
        free[np.isin(overlaps.event, overlaps.event[chosen])] = False
        free[np.isin(overlaps.true, overlaps.true[chosen])] = False
        return chosen

    return Pairing(
        matched=take(overlaps.same_label & (overlaps.tiou >= tiou)),
        badly_timed=take(overlaps.same_label),
        wrong_label=take(np.ones_like(free)),
    )


def unpaired(overlaps: Overlaps, pairing: Pairing) -> tuple[Indices, Indices]:
    """Return the events, and the true actions, that are in no pair."""
    pairs = np.concatenate([pairing.matched, pairing.badly_timed, pairing.wrong_label])
    return (
        np.setdiff1d(np.arange(len(overlaps.events)), overlaps.event[pairs]),
        np.setdiff1d(np.arange(len(overlaps.truth)), overlaps.true[pairs]),
    )


def find_matches(overlaps: Overlaps, pairing: Pairing, names: Sequence[str]) -> tuple[Match, ...]:
    """Return what is matched, by recording and true start; takes what `find_mistakes` takes."""
    matches = [
        Match(names[overlaps.truth_recording[true]], overlaps.truth[true], overlaps.events[event])
        for event, true in zip(
            overlaps.event[pairing.matched], overlaps.true[pairing.matched], strict=True
        )
    ]

    def order(match: Match) -> tuple[str, float, str, str]:
        return match.recording, match.truth.start_s, match.truth.track_id, match.truth.label

    return tuple(sorted(matches, key=order))


def find_mistakes(
    overlaps: Overlaps, pairing: Pairing, names: Sequence[str]
) -> tuple[Mistake, ...]:
    """Return everything that is not matched, what differs longest first.

    Args:
        overlaps: Events and true actions.
        pairing: Which belong together.
        names: Name of each recording.
    """
    mistakes: list[Mistake] = []
    for kind, pairs in (
        (MistakeKind.BADLY_TIMED, pairing.badly_timed),
        (MistakeKind.WRONG_LABEL, pairing.wrong_label),
    ):
        for pair in pairs:
            event = overlaps.events[overlaps.event[pair]]
            action = overlaps.truth[overlaps.true[pair]]
            lengths = event.duration_s + action.duration_s
            # Where both say the same at the same time, nothing is wrong; a wrong label is wrong
            # there too, but counts its seconds once.
            agreed = 2.0 if kind is MistakeKind.BADLY_TIMED else 1.0
            severity = lengths - agreed * float(overlaps.shared_s[pair])
            name = names[overlaps.truth_recording[overlaps.true[pair]]]
            mistakes.append(Mistake(kind, name, severity, action, event))
    alone, missed = unpaired(overlaps, pairing)
    for number in alone:
        event = overlaps.events[number]
        name = names[overlaps.event_recording[number]]
        mistakes.append(Mistake(MistakeKind.FALSE, name, event.duration_s, None, event))
    for number in missed:
        action = overlaps.truth[number]
        name = names[overlaps.truth_recording[number]]
        mistakes.append(Mistake(MistakeKind.MISSED, name, action.duration_s, action, None))

    def order(mistake: Mistake) -> tuple[float, str, float, str, str]:
        first = mistake.truth or mistake.event
        assert first is not None
        return -mistake.severity_s, mistake.recording, first.start_s, first.track_id, first.label

    return tuple(sorted(mistakes, key=order))


def confuse(overlaps: Overlaps, pairing: Pairing) -> Confusion:
    """Count labels found against true labels, over all pairs and all that is in none."""
    found = {event.label for event in overlaps.events}
    labels = (*sorted(found | {action.label for action in overlaps.truth}), NOTHING)
    place = {label: number for number, label in enumerate(labels[:-1])}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for pair in np.concatenate([pairing.matched, pairing.badly_timed, pairing.wrong_label]):
        true = overlaps.truth[overlaps.true[pair]].label
        counts[place[true], place[overlaps.events[overlaps.event[pair]].label]] += 1
    alone, missed = unpaired(overlaps, pairing)
    for number in alone:
        counts[-1, place[overlaps.events[number].label]] += 1
    for number in missed:
        counts[place[overlaps.truth[number].label], -1] += 1
    return Confusion(labels, tuple(tuple(row) for row in counts.tolist()))


def count_broken(overlaps: Overlaps) -> tuple[int, int]:
    """Return how many true actions are fragmented, and how many events merge several.

    A true action is fragmented where two events or more of its label lie in it for the greater
    part of themselves; an event merges where it covers the greater part of two true actions or more
    of its label. After fragmentation and merging in Ward et al., "Performance metrics for activity
    recognition", ACM TIST 2 (1), 2011, where any overlap is enough.
    """
    # An instant lies wholly in what it touches.
    event_s = np.array([one.duration_s for one in overlaps.events])[overlaps.event]
    true_s = np.array([one.duration_s for one in overlaps.truth])[overlaps.true]
    inside = overlaps.same_label & ((2.0 * overlaps.shared_s > event_s) | (event_s == 0.0))
    covered = overlaps.same_label & ((2.0 * overlaps.shared_s > true_s) | (true_s == 0.0))
    fragments = np.bincount(overlaps.true[inside])
    merges = np.bincount(overlaps.event[covered])
    return int((fragments > 1).sum()), int((merges > 1).sum())
