"""Own gestures taught as `bharnet teach --from` does it: whole clips in, classes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bharnet_ros.datasets.readers.holistic_wild import HolisticWild
from bharnet_ros.gestures.taught import EmbeddedExample
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import KeypointSequence
from research.teaching.protocol import Indices, Taught

EXAMPLES = (1, 5)
"""Clips of each gesture that are taught."""


def teach_by_product(
    models: Sequence[tuple[ModelBundle, Indices]],
    data: HolisticWild,
    device: str,
    *,
    draws: int,
    seed: int,
    progress: bool,
) -> dict[int, Taught]:
    """Teach each person's gestures and name their other clips, by the number of examples.

    A clip is named by the mean probability of its windows; that of no gesture is left out, as in
    `protocol.teach_own`.

    Args:
        models: Each model with the clips of people whom it was not trained on.
        data: All clips.
        device: Device of the networks.
        draws: How often examples are drawn for each person.
        seed: Seed of the draws.
        progress: Whether to show a progress bar on the terminal.
    """
    right: dict[int, list[tuple[int, int]]] = {count: [] for count in EXAMPLES}
    choices: dict[int, list[int]] = {count: [] for count in EXAMPLES}
    for bundle, rows in models:
        teacher = Teacher(Recognizer(bundle, device, threads=1))
        people = np.unique(data.subjects[rows])
        for subject in tqdm(people, unit="person", disable=not progress):
            mine = rows[data.subjects[rows] == subject]
            embedded = {int(row): teacher.embed(as_clip(data.sequence(int(row)))) for row in mine}
            random = np.random.default_rng((seed, zlib.crc32(str(subject).encode())))
            for count in EXAMPLES:
                groups = [one for one in _by_label(data, mine) if len(one) > count]
                if len(groups) < 2:
                    continue
                choices[count].append(len(groups))
                counts = [
                    _named_rightly(teacher, embedded, groups, count, random) for _ in range(draws)
                ]
                right[count].append((sum(one for one, _ in counts), sum(two for _, two in counts)))
    return {
        count: Taught(
            right=sum(one for one, _ in found) / max(sum(two for _, two in found), 1),
            clips=sum(two for _, two in found),
            people=len(found),
            choices=float(np.mean(choices[count])) if found else float("nan"),
        )
        for count, found in right.items()
    }


def as_clip(
    person: KeypointSequence, frames: npt.NDArray[np.bool_] | slice = slice(None)
) -> ClipKeypoints:
    """Return some frames of a person as a clip whose stamps begin at zero."""
    stamps = person.stamps[frames]
    return ClipKeypoints(
        stamps - float(stamps[0]),
        person.body[frames],
        person.hands[frames],
        person.hand_scores[frames],
        person.width,
        person.height,
    )


def _by_label(data: HolisticWild, rows: Indices) -> Iterator[Indices]:
    labels = data.labels[rows]
    for label in np.unique(labels):
        yield rows[labels == label]


def _named_rightly(
    teacher: Teacher,
    embedded: dict[int, EmbeddedExample],
    groups: Sequence[Indices],
    count: int,
    random: np.random.Generator,
) -> tuple[int, int]:
    """Teach some clips of each group; return how many others are named rightly, of how many."""
    shuffled = {str(number): random.permutation(group) for number, group in enumerate(groups)}
    taught = teacher.fit(
        {name: [embedded[int(row)] for row in group[:count]] for name, group in shuffled.items()}
    )
    named = [
        (name, taught.probabilities(embedded[int(row)].shown)[:, :-1].mean(0).argmax())
        for name, group in shuffled.items()
        for row in group[count:]
    ]
    return sum(taught.class_names[place] == name for name, place in named), len(named)
