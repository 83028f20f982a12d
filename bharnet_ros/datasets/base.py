"""What every data set has: recorded clips of one or more people, and published splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import KeypointBatch, resample
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import HAND_LANDMARKS, FloatArray, KeypointSequence, absent
from bharnet_ros.types.timeline import TrueAction

EVERYBODY = "everybody"
"""Name of the split that trains on all clips and leaves none to test on."""


@dataclass(frozen=True, eq=False)
class RecordedClip:
    """One clip of a data set: the people in it, their action, and how it was recorded.

    Attributes:
        name: Name of the clip in the data set.
        people: One person or two, the main one first, with the same stamps.
        label: Name of the action.
        subject: Name of the main person, empty if unknown.
        camera: Name of the camera or view, empty if there is only one.
        setup: Name of the arrangement of cameras and place, empty if there is only one.
    """

    name: str
    people: tuple[KeypointSequence, ...]
    label: str
    subject: str = ""
    camera: str = ""
    setup: str = ""

    def __post_init__(self) -> None:
        """Check that all people have the same stamps.

        Raises:
            InputError: There are no people, or their stamps differ.
        """
        if not self.people:
            raise InputError(f"people: {self.name} shows nobody")
        if any(not np.array_equal(one.stamps, self.people[0].stamps) for one in self.people):
            raise InputError(f"people: {self.name}: stamps differ between people")


class ClipDataset(ABC):
    """Clips of a data set; each is read only when requested.

    Attributes:
        names: (N,) name of each clip.
        labels: (N,) name of the action.
        subjects: (N,) name of the main person, empty if unknown.
    """

    names: npt.NDArray[np.str_]
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return the number of clips N."""
        return len(self.labels)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the actions in the order of the data set."""
        return tuple(sorted(set(self.labels.tolist())))

    @property
    def hand_actions(self) -> tuple[str, ...]:
        """Members of `class_names` made with hands and fingers, which are reported separately.

        Empty if there is no such list for the data set.
        """
        return ()

    @property
    @abstractmethod
    def protocols(self) -> tuple[str, ...]:
        """Names of the splits that `split` accepts for this data set."""

    def knows(self, protocol: str) -> bool:
        """Return whether `split` accepts the protocol for this data set."""
        return protocol in self.protocols

    @abstractmethod
    def clip(self, index: int) -> RecordedClip:
        """Read one clip.

        Raises:
            InputError: Its file is broken; names file and line.
            OSError: Its file cannot be read.
        """

    def clips(self, indices: npt.NDArray[np.integer] | Sequence[int]) -> Iterator[RecordedClip]:
        """Read the clips with these indices one by one."""
        return (self.clip(int(index)) for index in indices)

    @abstractmethod
    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return masks (N,) of the clips to train on and to test on; see `split`."""


def split(
    dataset: ClipDataset, protocol: str, file: Path | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the indices of the clips to train on and of the clips to test on.

    Args:
        dataset: Any data set.
        protocol: One of `dataset.protocols`, or another for which `dataset.knows` is true.
        file: The list that came with the data set, if the protocol needs one.

    Raises:
        InputError: The protocol is unknown, needs a file, does not fit the clips, or leaves
            no clips to train on or to test on.
        OSError: The file cannot be read.
    """
    if not dataset.knows(protocol):
        known = ", ".join(dataset.protocols)
        raise InputError(f"protocol: {protocol!r} is unknown here; known are: {known}")
    training, testing = map(np.flatnonzero, dataset.parts(protocol, file))
    for purpose, clips in (("train", training), ("test", testing)):
        if not len(clips):
            raise InputError(f"protocol: {protocol} leaves no clips to {purpose} on")
    return training, testing


def stack_people(
    clips: Sequence[RecordedClip],
    settings: FeatureSettings,
    people: int = 2,
    window_s: float | None = None,
) -> KeypointBatch:
    """Resample clips of several people so that `network_input` makes one sample of each clip.

    Missing people are masked throughout; people beyond the first `people` are left out.

    Args:
        clips: N clips.
        settings: Number of frames and layouts.
        people: People I in a sample.
        window_s: As in `features.resample`.

    Returns:
        N x I people.

    Raises:
        InputError: A sequence has fewer joints than the body layout needs.
    """
    shown = [clip.people[:people] for clip in clips]
    rows = [row * people + place for row, clip in enumerate(shown) for place in range(len(clip))]
    found = resample([person for clip in shown for person in clip], settings, window_s)

    def spread(values: FloatArray) -> FloatArray:
        padded = np.zeros((len(clips) * people, *values.shape[1:]), dtype=values.dtype)
        padded[rows] = values
        return padded

    return KeypointBatch(
        spread(found.body),
        spread(found.body_mask),
        spread(found.hands),
        spread(found.hand_mask),
        people,
    )


def metric_sequence(
    joints: FloatArray,
    stamps: FloatArray,
    body_layout: str,
    label: str,
    subject: str,
    confidence: FloatArray | None = None,
) -> KeypointSequence:
    """Make a sequence without hands from the joints of one person, as a depth camera gives them.

    Args:
        joints: (T, V, 3) metres; a joint that is not finite or lies exactly at the origin is
            absent, which is how the data sets mark it.
        stamps: (T,) seconds.
        body_layout: Name of the layout.
        label: Name of the action.
        subject: Name of the person.
        confidence: (T, V) 0..1, 0 where absent; None means 1 for all.
    """
    frames, count, _ = joints.shape
    found = np.isfinite(joints).all(-1) & (joints != 0).any(-1)
    if confidence is not None:
        found &= confidence > 0
    body = absent(frames, count, 4)
    body[..., :3][found] = joints[found]
    body[..., 3] = found if confidence is None else confidence * found
    return KeypointSequence(
        stamps=stamps,
        body=body,
        hands=absent(frames, 2, HAND_LANDMARKS, 3),
        hand_scores=np.zeros((frames, 2), dtype=np.float32),
        body_layout=body_layout,
        label=label,
        subject=subject,
    )


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """One person over minutes, and the actions of that person.

    Attributes:
        name: Name of the recording in the data set.
        subject: Name of the person.
        person: Keypoints from the first frame to the last.
        actions: The actions in order of time, by the clock of the stamps; between them is
            background.
    """

    name: str
    subject: str
    person: KeypointSequence
    actions: tuple[TrueAction, ...]


class ContinuousDataset(ClipDataset):
    """A data set whose clips are cut out of longer recordings of one person each.

    Attributes:
        recording_names: (R,) name of each recording.
        recording_subjects: (R,) name of the person in it.
    """

    recording_names: npt.NDArray[np.str_]
    recording_subjects: npt.NDArray[np.str_]

    @abstractmethod
    def recording(self, index: int) -> LabelledRecording:
        """Read one whole recording.

        Raises:
            InputError: Its file is broken; names the file.
            OSError: Its file cannot be read.
        """
