"""Clips of any data set in memory, stored end to end and ready to be cut into batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.features.resampling import KeypointBatch, blend, brackets, observed_parts
from bharnet_ros.training.store.crops import CropStore, store_crops
from bharnet_ros.training.store.readings import ReadingStore, store_readings
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import HAND_LANDMARKS, FloatArray
from bharnet_ros.types.layouts import SkeletonLayout
from bharnet_ros.types.sensor_readings import Readings

Indices = npt.NDArray[np.int64]
"""Indices of clips or of classes."""

_COLUMNS = ("body", "body_confidence", "hands", "hand_present")
"""Names of the columns that `observed_parts` returns."""


@dataclass(frozen=True, eq=False)
class ClipStore:
    """Keypoints of N clips: one row for each frame of each person, person after person.

    The rows of person p in clip i begin at starts[i] + p * frames[i]; there are frames[i] of them.

    Attributes:
        body: (R, V, D) in the layout of the body stream, zero where absent: pixels, or metres for
            layouts of depth cameras.
        body_confidence: (R, V) 0..1, 0 where absent.
        hands: (R, 2, 63) pixels, zero where absent. Takes no memory if no clip has hands.
        hand_present: (R, 2) 0 or 1.
        stamps: (R,) seconds.
        starts: (N,) first row of each clip.
        frames: (N,) number of frames of each clip.
        shown: (N,) number of people in each clip.
        crops: Crops of the main person of each clip, if there are any.
        readings: Readings of other sensors for the main person, by stream.
    """

    body: npt.NDArray[np.float32]
    body_confidence: npt.NDArray[np.float32]
    hands: npt.NDArray[np.float32]
    hand_present: npt.NDArray[np.float32]
    stamps: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    shown: npt.NDArray[np.int64]
    crops: CropStore | None = None
    readings: Mapping[str, ReadingStore] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of clips N."""
        return len(self.starts)

    @property
    def people(self) -> int:
        """Greatest number of people I in a clip, which is the size of a sample."""
        return int(self.shown.max())

    def at(
        self,
        clips: npt.NDArray[np.integer],
        before: npt.NDArray[np.integer],
        after: npt.NDArray[np.integer],
        weight: FloatArray,
    ) -> KeypointBatch:
        """Return clips at any times, interpolated between two frames.

        Args:
            clips: (N,) indices of the clips.
            before: (N, T) frame of the clip before each wanted time.
            after: (N, T) frame of the clip after each wanted time.
            weight: (N, T) 0..1, how far the wanted time lies towards `after`.

        Returns:
            N x I people; missing people are masked throughout.
        """
        person = np.arange(self.people)[None]
        present = person < self.shown[clips][:, None]
        # Missing people get the rows of the first person, which are masked below.
        number = np.where(present, person, 0)
        first = self.starts[clips][:, None] + number * self.frames[clips][:, None]

        def rows(frame: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
            found = first[:, :, None] + frame.astype(np.int64)[:, None]
            return found.reshape(-1, frame.shape[1])

        where = (rows(before), rows(after), np.repeat(weight, self.people, axis=0))
        parts = (
            *blend(self.body, self.body_confidence, *where),
            *blend(self.hands, self.hand_present, *where),
        )
        for part in parts:
            part[~present.reshape(-1)] = 0.0
        body, body_mask, hands, hand_mask = parts
        hands = hands.reshape(*hand_mask.shape, HAND_LANDMARKS, 3)
        times = None
        if self.crops is not None or self.readings:
            earlier, later = (self.stamps[frame] for frame in where[:2])
            times = earlier + (later - earlier) * where[2]
        return KeypointBatch(body, body_mask, hands, hand_mask, self.people, times)

    def resampled(self, clips: npt.NDArray[np.integer], frames: int) -> KeypointBatch:
        """Return whole clips, resampled to T frames each as `stack_people` does.

        Args:
            clips: (N,) indices of the clips.
            frames: Number of frames T.
        """
        positions = []
        for clip in clips:
            rows = slice(self.starts[clip], self.starts[clip] + self.frames[clip])
            stamps = self.stamps[rows]
            positions.append(brackets(stamps, np.linspace(stamps[0], stamps[-1], frames)))
        before, after, weight = map(np.stack, zip(*positions, strict=True))
        return self.at(clips, before, after, weight)


def store_clips(clips: Iterable[RecordedClip], layout: SkeletonLayout) -> ClipStore:
    """Store clips end to end.

    Raises:
        InputError: There are no clips, or one has fewer joints than the layout needs.
    """
    columns: tuple[list[npt.NDArray[Any]], ...] = ([], [], [], [])
    stamps: list[npt.NDArray[Any]] = []
    frames: list[int] = []
    shown: list[int] = []
    crops: list[CropSequence | None] = []
    readings: list[Mapping[str, Readings]] = []
    for clip in clips:
        for person in clip.people:
            *body, hands, present = observed_parts(person, layout)
            if not present.any():
                hands = no_hands(len(person))
            for column, part in zip(columns, (*body, hands, present), strict=True):
                column.append(part)
            stamps.append(np.asarray(person.stamps, dtype=np.float64))
        frames.append(len(clip.people[0]))
        shown.append(len(clip.people))
        crops.append(clip.people[0].crops)
        readings.append(clip.people[0].readings)
    if not frames:
        raise InputError("clips: there are no clips to train on")
    rows = np.asarray(frames) * shown
    if not any(part.any() for part in columns[3]):
        columns[2][:] = [no_hands(int(rows.sum()))]
    joined: dict[str, npt.NDArray[Any]] = {}
    for name, parts in zip((*_COLUMNS, "stamps"), (*columns, stamps), strict=True):
        joined[name] = np.concatenate(parts) if len(parts) > 1 else parts[0]
        parts.clear()  # Frees memory for the next column.
    return ClipStore(
        **joined,
        starts=np.cumsum(rows) - rows,
        frames=np.asarray(frames),
        shown=np.asarray(shown),
        crops=store_crops(crops),
        readings=store_readings(readings),
    )


def no_hands(rows: int) -> npt.NDArray[np.float32]:
    """Return (R, 2, 63) zeros that take no memory."""
    return np.broadcast_to(np.float32(0), (rows, 2, HAND_LANDMARKS * 3))


def class_indices(
    labels: npt.NDArray[np.str_], class_names: tuple[str, ...]
) -> npt.NDArray[np.int64]:
    """Return the class (N,) of each label; labels that are not a class become background.

    Args:
        labels: (N,) names of actions.
        class_names: Names of the classes, background among them.
    """
    index = {name: position for position, name in enumerate(class_names)}
    background = index[BACKGROUND]
    return np.asarray([index.get(label, background) for label in labels.tolist()], dtype=np.int64)
