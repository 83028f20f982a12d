"""How well gestures are learned from a few clips on frozen embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from bharnet_ros.gestures.head import fit_head
from bharnet_ros.recognition.embedding import Embeddings, FloatArray

EXAMPLES = (1, 3, 5, 10)
"""Clips of each gesture that are taught."""

_UNKNOWN_EXAMPLES = 5

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EmbeddedClips:
    """N clips by people whom the model was not trained on.

    Attributes:
        embeddings: The embeddings.
        labels: (N,) what each clip shows.
        subjects: (N,) person in each clip.
        unseen: (N,) bool, whether nobody in training showed the label.
    """

    embeddings: Embeddings
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]
    unseen: npt.NDArray[np.bool_]

    def people(self) -> Iterator[Indices]:
        """Yield the clips of each person."""
        for subject in np.unique(self.subjects):
            yield np.flatnonzero(self.subjects == subject)


@dataclass(frozen=True)
class Taught:
    """How well taught gestures are named.

    Attributes:
        right: Share 0..1 of the other clips that are named rightly.
        clips: How often a clip was named, over all draws of examples.
        people: People (or pairs of people) who could be tested.
        choices: Mean number of gestures to choose from.
    """

    right: float
    clips: int
    people: int
    choices: float


@dataclass(frozen=True)
class TeachingResult:
    """Results by the number of clips taught of each gesture.

    Attributes:
        own: A person's own gestures, of all labels with more clips than are taught.
        unseen_labels: The same, only labels that nobody in training showed.
        shown_by_others: Taught by one person, named for another who shows at least two of the same
            labels.
        unknown_auroc: Area under the ROC curve of familiarity: a person's taught gestures against
            a gesture of theirs that was left out, mean over people and gestures.
        unknown_people: People on whom that rests.
    """

    own: dict[int, Taught]
    unseen_labels: dict[int, Taught]
    shown_by_others: dict[int, Taught]
    unknown_auroc: float
    unknown_people: int


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Tells how near a motion is to any of the examples.

    Attributes:
        examples: (M, D) embeddings of the examples.
        centres: (K, D) mean embedding of each gesture's examples, of length 1.
    """

    examples: FloatArray
    centres: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray, labels: Sequence[str]) -> Familiarity:
        """Return the familiarity with examples (M, D) of gestures (M,)."""
        names, gesture = np.unique(np.asarray(labels), return_inverse=True)
        centres = np.stack([vectors[gesture == number].mean(0) for number in range(len(names))])
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
        return cls(vectors, centres)

    def measure(self, vectors: FloatArray) -> FloatArray:
        """Return how near embeddings (N, D) are to the examples, -1..1.

        It is the mean of the cosines to the nearest example and to the nearest centre.
        """
        nearest = (vectors @ self.examples.T).max(1)
        centre = (vectors @ self.centres.T).max(1)
        near: FloatArray = (nearest + centre) / 2
        return near


def teach_own(
    parts: Sequence[EmbeddedClips],
    examples: int,
    draws: int,
    seed: int,
    *,
    only_unseen: bool = False,
) -> Taught:
    """Teach each person's gestures and name their other clips.

    Args:
        parts: The clips that each model embedded.
        examples: Clips taught of each gesture.
        draws: How often examples are drawn.
        seed: Seed of the draws.
        only_unseen: Whether to teach only labels that nobody in training showed.
    """
    random = np.random.default_rng(seed)
    right, choices = [], []
    for clips, mine in _people(parts):
        chosen = mine[clips.unseen[mine]] if only_unseen else mine
        groups = _groups(clips, chosen, examples + 1)
        if len(groups) < 2:
            continue
        choices.append(len(groups))
        for _ in range(draws):
            shuffled = [random.permutation(group) for group in groups]
            taught = np.concatenate([group[:examples] for group in shuffled])
            others = np.concatenate([group[examples:] for group in shuffled])
            right.append(_named_rightly(clips, taught, others))
    return _taught(right, choices)


def teach_others(
    parts: Sequence[EmbeddedClips], examples: int, seed: int, *, pairs: int = 400
) -> Taught:
    """Teach gestures by one person and name those of another whom the same model embedded.

    Args:
        parts: The clips that each model embedded.
        examples: Clips taught of each gesture.
        seed: Seed of the draws.
        pairs: Most pairs of people, drawn at random.
    """
    random = np.random.default_rng(seed)
    ordered = []
    for clips in parts:
        people = [_by_label(clips, mine) for mine in clips.people()]
        ordered += [(clips, a, b) for a in people for b in people if a is not b]
    right, choices = [], []
    for place in random.permutation(len(ordered)):
        clips, teacher, learner = ordered[place]
        common = [
            label for label, own in teacher.items() if label in learner and len(own) >= examples
        ]
        if len(common) < 2:
            continue
        taught = np.concatenate([random.permutation(teacher[one])[:examples] for one in common])
        shown = np.concatenate([learner[label] for label in common])
        right.append(_named_rightly(clips, taught, shown))
        choices.append(len(common))
        if len(right) == pairs:
            break
    return _taught(right, choices)


def unknown_auroc(parts: Sequence[EmbeddedClips], draws: int, seed: int) -> tuple[float, int]:
    """Leave each gesture of a person out in turn and tell it apart from those taught.

    Only people count who show at least two gestures often enough to be taught beside the one that
    is left out.

    Returns:
        The mean area under the ROC curve, and the number of people.
    """
    random = np.random.default_rng(seed)
    per_person = []
    for clips, mine in _people(parts):
        areas, vectors = [], clips.embeddings.vectors
        for label, unknown in _by_label(clips, mine).items():
            rest = mine[clips.labels[mine] != label]
            groups = _groups(clips, rest, _UNKNOWN_EXAMPLES + 1)
            if len(groups) < 2:
                continue
            for _ in range(draws):
                shuffled = [random.permutation(group) for group in groups]
                taught = np.concatenate([group[:_UNKNOWN_EXAMPLES] for group in shuffled])
                others = np.concatenate([group[_UNKNOWN_EXAMPLES:] for group in shuffled])
                familiarity = Familiarity.of(vectors[taught], clips.labels[taught].tolist())
                known, foreign = (familiarity.measure(vectors[rows]) for rows in (others, unknown))
                areas.append(area_under_roc(known, foreign))
        if areas:
            per_person.append(float(np.mean(areas)))
    return (float(np.mean(per_person)) if per_person else float("nan")), len(per_person)


def area_under_roc(positive: FloatArray, negative: FloatArray) -> float:
    """Return the probability 0..1 that a positive scores above a negative; ties count half."""
    ranks = rankdata(np.concatenate([positive, negative]))
    count = len(positive)
    above = ranks[:count].sum() - count * (count + 1) / 2
    return float(above / (count * len(negative)))


def measure_teaching(
    parts: Sequence[EmbeddedClips],
    examples: Sequence[int] = EXAMPLES,
    *,
    draws: int = 5,
    seed: int = 0,
) -> TeachingResult:
    """Measure all of `TeachingResult`.

    Args:
        parts: The clips that each model embedded.
        examples: Numbers of clips taught of each gesture.
        draws: How often examples are drawn for each person.
        seed: Seed of the draws.
    """
    area, people = unknown_auroc(parts, 1, seed)
    return TeachingResult(
        own={count: teach_own(parts, count, draws, seed) for count in examples},
        unseen_labels={
            count: teach_own(parts, count, draws, seed, only_unseen=True) for count in examples
        },
        shown_by_others={count: teach_others(parts, count, seed) for count in examples},
        unknown_auroc=area,
        unknown_people=people,
    )


def _people(parts: Sequence[EmbeddedClips]) -> Iterator[tuple[EmbeddedClips, Indices]]:
    """Yield each person's clips, and the clips among which they are."""
    for clips in parts:
        for mine in clips.people():
            yield clips, mine


def _by_label(clips: EmbeddedClips, rows: Indices) -> dict[str, Indices]:
    labels = clips.labels[rows]
    return {str(label): rows[labels == label] for label in np.unique(labels)}


def _groups(clips: EmbeddedClips, rows: Indices, least: int) -> list[Indices]:
    """Return the clips of each label that has at least so many of these clips."""
    return [group for group in _by_label(clips, rows).values() if len(group) >= least]


def _named_rightly(clips: EmbeddedClips, taught: Indices, others: Indices) -> npt.NDArray[np.bool_]:
    """Return whether each of the other clips is named rightly."""
    head = fit_head(clips.embeddings.take(taught), clips.labels[taught].tolist())
    named = np.asarray(head.names)[head.probabilities(clips.embeddings.take(others)).argmax(1)]
    right: npt.NDArray[np.bool_] = named == clips.labels[others]
    return right


def _taught(right: Sequence[npt.NDArray[np.bool_]], choices: Sequence[int]) -> Taught:
    if not right:
        return Taught(float("nan"), 0, 0, float("nan"))
    together = np.concatenate(right)
    return Taught(float(together.mean()), len(together), len(choices), float(np.mean(choices)))
