"""Clips in memory, frames end to end, ready to be cut into augmented batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.features import observed_parts
from bharnet_ros.keypoints import FloatArray, KeypointSequence
from bharnet_ros.skeleton.layouts import SkeletonLayout


@dataclass(frozen=True, eq=False)
class ClipStore:
    """Keypoints of many clips: clip i is frames offsets[i] to offsets[i + 1].

    Attributes:
        body: (F, V, 2) pixels in the layout of the body stream, zero where absent.
        body_confidence: (F, V) 0..1, 0 where absent.
        hands: (F, 2, 63) pixels, zero where absent.
        hand_present: (F, 2) 0 or 1.
        offsets: (N + 1,).
        classes: (N,) index of the class.
        people: (N,) index of the person.
    """

    body: npt.NDArray[np.float32]
    body_confidence: npt.NDArray[np.float32]
    hands: npt.NDArray[np.float32]
    hand_present: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]
    people: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.classes)


def store_clips(
    sequences: Iterable[KeypointSequence],
    layout: SkeletonLayout,
    class_names: tuple[str, ...],
    background_id: int,
) -> ClipStore:
    """Lay clips end to end; labels that are no class become background.

    Raises:
        ValueError: There are no clips, or one has fewer joints than the layout needs.
    """
    body: list[FloatArray] = []
    confidence: list[FloatArray] = []
    hands: list[FloatArray] = []
    present: list[FloatArray] = []
    lengths, classes, people = [0], [], []
    index = {name: position for position, name in enumerate(class_names)}
    person_index: dict[str, int] = {}
    for sequence in sequences:
        parts = observed_parts(sequence, layout)
        for column, part in zip((body, confidence, hands, present), parts, strict=True):
            column.append(part)
        lengths.append(len(sequence))
        classes.append(index.get(sequence.label or "", background_id))
        people.append(person_index.setdefault(sequence.subject or "", len(person_index)))
    if not classes:
        raise ValueError("sequences: there are no clips to train on")
    return ClipStore(
        body=np.concatenate(body),
        body_confidence=np.concatenate(confidence),
        hands=np.concatenate(hands),
        hand_present=np.concatenate(present),
        offsets=np.cumsum(lengths),
        classes=np.asarray(classes),
        people=np.asarray(people),
    )
