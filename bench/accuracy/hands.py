"""Measure how well the acting hand is told, on recorded clips of people at a webcam.

    python -m bench.accuracy.hands DATA [--every 10] [--model gestures]

DATA is a folder with `holistic_wild/holistic_wild.npz`. The clips do not say which hand acts, so
the hand is known by construction; only clips whose gesture is recognised count:

- *mirrored*: a clip and its mirror image must give opposite hands, or both or none twice.
- *idle hand*: to a clip that shows one hand, the other hand of somebody who does nothing is added.
  The first one acts, and nothing else does.
- *two actions*: to a clip that shows one hand, the other hand of a clip of another gesture is
  added. The hand whose gesture is recognised must be told, and that the other one acts too.

The last table counts the hands that were told, by gesture.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.command_line import run_bench
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild, read_holistic_wild
from bharnet_ros.evaluation.tables import format_table, percent
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
from bharnet_ros.types.actions import BACKGROUND, Hand, TrackScores
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence
from research.perturbations import mirror

FILE = "holistic_wild/holistic_wild.npz"
IDLE = ("idle", "none", "normal", "nothing", "null", "sitting", "standing")
"""Labels of clips in which people do nothing."""

MOST_OTHER, LEAST_OWN = 0.0, 0.6
"""Shares of the frames that show the other hand and the own one, in a clip with one hand."""

_CHUNK = 64
_SWAPPED = {Hand.LEFT: Hand.RIGHT, Hand.RIGHT: Hand.LEFT}
_SIDES = (Hand.LEFT, Hand.RIGHT)


class Clips:
    """Recorded clips of the gestures that a model knows, and what the model says of them."""

    def __init__(self, data: HolisticWild, model: str, every: int) -> None:
        """Load the model and choose the clips.

        Raises:
            InputError: There is no such model, or no clip of its gestures.
        """
        self._recognizer = Recognizer(load_bundle(find_model(model)), "cpu", threads=1)
        names = self._recognizer.vocabulary.class_names
        self._names = names
        known = [row for row, label in enumerate(data.labels) if label in names]
        clips = [data.clip(row) for row in known[::every] if data.labels[row] != BACKGROUND]
        if not clips:
            raise InputError(f"model {model}: none of its classes is in the clips")
        self.labels = [str(clip.label) for clip in clips]
        self.sequences = [clip.people[0] for clip in clips]
        idle = [data.clip(row).people[0] for row in np.flatnonzero(np.isin(data.labels, IDLE))]
        self.idle = [
            (one, BACKGROUND, hand)
            for one in idle
            for side, hand in enumerate(_SIDES)
            if np.isfinite(one.hands[:, side, :, 0]).all(1).any()
        ]

    def scores(self, sequences: Sequence[KeypointSequence]) -> list[TrackScores]:
        """Return the scores of each whole sequence, cut to the model's window."""
        length = self._recognizer.description.window_s
        found: list[TrackScores] = []
        for start in range(0, len(sequences), _CHUNK):
            chunk = list(sequences[start : start + _CHUNK])
            found += self._recognizer.score(chunk, 10**10, window_s=length).tracks
        return found

    def label(self, scores: TrackScores) -> str:
        """Return the most probable class."""
        return self._names[int(scores.probabilities.argmax())]


def one_handed(sequence: KeypointSequence) -> Hand | None:
    """Return the only hand that a clip shows; None if it shows both or hardly any."""
    shown = np.isfinite(sequence.hands[..., 0]).any(2).mean(0)
    for side, hand in enumerate(_SIDES):
        if shown[side] >= LEAST_OWN and shown[1 - side] <= MOST_OTHER:
            return hand
    return None


def with_other_hand(
    sequence: KeypointSequence, other: KeypointSequence, side: int
) -> KeypointSequence:
    """Return a clip with the hand of another clip beside its own, placed as in that clip.

    Args:
        sequence: The clip.
        other: The clip whose hand is added.
        side: The hand that is added.
    """
    seen = np.flatnonzero(np.isfinite(other.hands[:, side, :, 0]).all(1))
    rows = seen[np.linspace(0, len(seen) - 1, len(sequence)).round().astype(int)]
    hands, scores = sequence.hands.copy(), sequence.hand_scores.copy()
    hands[:, side] = other.hands[rows, side]
    scores[:, side] = 1.0
    return replace(sequence, hands=hands, hand_scores=scores)


def rows(clips: Clips) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of constructed clips."""
    found = clips.scores(clips.sequences)
    mirrored = clips.scores([mirror(one) for one in clips.sequences])
    pairs = [
        (one, other)
        for one, other, label in zip(found, mirrored, clips.labels, strict=True)
        if clips.label(one) == clips.label(other) == label
    ]
    agree = sum(_SWAPPED.get(one.hand, one.hand) is other.hand for one, other in pairs)
    yield "mirrored", str(len(pairs)), percent(agree / len(pairs)), "-"

    single = [
        (sequence, label, hand)
        for sequence, label in zip(clips.sequences, clips.labels, strict=True)
        if (hand := one_handed(sequence)) is not None
    ]
    random = np.random.default_rng(0)
    for name, donors in (("idle hand", clips.idle), ("two actions", single)):
        made, truths = [], []
        for sequence, label, hand in single:
            others = [one for one in donors if one[2] is not hand and one[1] != label]
            other, other_label, other_hand = others[random.integers(len(others))]
            made.append(with_other_hand(sequence, other, _SIDES.index(other_hand)))
            acting = {label: hand, other_label: other_hand}
            truths.append({one: acting[one] for one in acting if one != BACKGROUND})
        judged = [
            (one, truth[clips.label(one)])
            for one, truth in zip(clips.scores(made), truths, strict=True)
            if clips.label(one) in truth
        ]
        right = sum(one.hand is hand for one, hand in judged)
        differ = sum(one.hands_differ for one, _ in judged)
        yield name, str(len(judged)), percent(right / len(judged)), percent(differ / len(judged))


def told(clips: Clips) -> Iterator[tuple[str, ...]]:
    """Yield, for each gesture, the share of each hand among its recognised clips."""
    counts: dict[str, Counter[Hand]] = {}
    for one, label in zip(clips.scores(clips.sequences), clips.labels, strict=True):
        if clips.label(one) == label:
            counts.setdefault(label, Counter())[one.hand] += 1
    for label, count in sorted(counts.items()):
        total = count.total()
        yield label, str(total), *(percent(count[hand] / total) for hand in Hand)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the recorded clips")
    parser.add_argument("--every", type=int, default=10, metavar="N", help="use every N-th clip")
    parser.add_argument("--model", default="gestures", help="name or folder of a model bundle")
    arguments = parser.parse_args()
    if arguments.every < 1:
        parser.error("--every must be positive")
    clips = Clips(read_holistic_wild(arguments.data / FILE), arguments.model, arguments.every)
    header: tuple[str, ...] = ("clips", "recognised", "hand told", "two actions told")
    print(format_table(header, list(rows(clips))))
    print()
    print(
        format_table(("gesture", "recognised", *(hand.value for hand in Hand)), list(told(clips)))
    )
    return 0


if __name__ == "__main__":
    run_bench(main)
