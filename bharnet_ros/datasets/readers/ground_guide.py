"""Reader of ground_guide: people guiding a vehicle by arm signals, with a label for each frame."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ContinuousDataset, LabelledRecording, RecordedClip
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import checked_offsets, read_arrays
from bharnet_ros.types.keypoints import BODY_LANDMARKS, HAND_LANDMARKS, KeypointSequence, absent
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES
from bharnet_ros.types.timeline import TrueAction

FRAME_RATE = 30.0
"""Assumed frames per second; the file does not say. An arm goes from hanging to overhead in 10 to
12 frames, and a waving arm comes back after 20 to 40."""

GROUND_GUIDE_LABELS = (
    "attention",
    "ready",
    "crank",
    "stop",
    "forward",
    "left",
    "right",
    "speed up",
    "slow down",
    "kill",
    BACKGROUND,
)
"""Label names by number, inferred from the names of the recordings; the last is standing by."""

JOINTS = (
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
)
"""The joints in the file, in its order, by MediaPipe's names."""

CLIP_FRAMES = 60
"""Frames of a clip: two seconds, the window of a robot."""

_CLIP_STEP = 30
_LEAST_FRAMES = 30
_PROTOCOL = "leave_one_out_"
_NAME = re.compile(r"([a-z]+)_\w+")

WIDTH, HEIGHT = 640, 480
"""Size of the image into which the coordinates are mapped, pixels."""

_PIXELS = 100.0
_NOSE = (WIDTH / 2, 150.0)


class _Cut(NamedTuple):
    """A clip: its recording and its frames, counted from the start of the file."""

    recording: int
    first: int
    end: int


class GroundGuide(ContinuousDataset):
    """Recordings, mostly of one signal each, and clips of two seconds cut out of them.

    Recordings are named like `john_stop_001`: person, signal, take. Coordinates are shoulder widths
    from the nose. They are mapped to pixels of an image and to MediaPipe's numbering, so that a
    model of layout `mediapipe_arms` trained on them also works with keypoints from a camera.

    A clip is named after its recording and its first frame. In a stretch of frames with the same
    label, a clip starts every second and overlaps the next by half. A stretch shorter than a second
    gives no clip.

    Attributes:
        names: (N,) like `john_stop_001_0061`.
        labels: (N,) name in `GROUND_GUIDE_LABELS`.
        subjects: (N,) like `john`.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Its arrays are `xy`, (F, 8, 2); `label`, (F,), numbers of `GROUND_GUIDE_LABELS`; `offsets`,
        (R + 1,): recording i is frames offsets[i] to offsets[i + 1]; `names`, (R,).

        Raises:
            InputError: The file cannot be read, or an array is missing or wrong; names both.
        """
        arrays = read_arrays(
            path,
            {
                "xy": (None, len(JOINTS), 2),
                "label": (None,),
                "offsets": (None,),
                "names": (None,),
            },
            texts=("names",),
        )
        frames = len(arrays["xy"])
        if len(arrays["label"]) != frames:
            raise InputError(f"{path}: label: has {len(arrays['label'])} frames, xy has {frames}")
        label = arrays["label"].astype(np.int64)
        unknown = (label < 0) | (label >= len(GROUND_GUIDE_LABELS))
        if unknown.any():
            frame = int(unknown.argmax())
            raise InputError(f"{path}: label: frame {frame}: {label[frame]} is not a known label")
        self._xy = arrays["xy"].astype(np.float32)
        self._label = label
        self._offsets = checked_offsets(path, arrays["offsets"], frames, {"names": arrays["names"]})
        self.recording_names = arrays["names"]
        self.recording_subjects = np.asarray(
            [_subject(str(name), path) for name in self.recording_names]
        )
        self._cuts = list(self._cut_clips())
        if not self._cuts:
            raise InputError(f"{path}: label: never the same for {_LEAST_FRAMES} frames")
        numbers = np.asarray([cut.recording for cut in self._cuts])
        starts = np.asarray([cut.first for cut in self._cuts])
        within = starts - self._offsets[numbers]
        self.names = np.asarray(
            [
                f"{name}_{first:04d}"
                for name, first in zip(self.recording_names[numbers], within, strict=True)
            ]
        )
        self.labels = np.asarray(GROUND_GUIDE_LABELS)[label[starts]]
        self.subjects = self.recording_subjects[numbers]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the signals in the order of the labels; background (standing by) is last."""
        return GROUND_GUIDE_LABELS

    @property
    def protocols(self) -> tuple[str, ...]:
        """`leave_one_out_<person>`: test on one person, train on all others."""
        return tuple(f"{_PROTOCOL}{one}" for one in sorted(set(self.subjects.tolist())))

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips."""
        testing = self.subjects == protocol.removeprefix(_PROTOCOL)
        return ~testing, testing

    def clip(self, index: int) -> RecordedClip:
        """Return one clip."""
        cut = self._cuts[index]
        label, subject = str(self.labels[index]), str(self.subjects[index])
        return RecordedClip(
            name=str(self.names[index]),
            people=(self._sequence(slice(cut.first, cut.end), label, subject),),
            label=label,
            subject=subject,
        )

    def recording(self, index: int) -> LabelledRecording:
        """Return one whole recording; its first frame is at zero seconds."""
        first, end = (int(one) for one in self._offsets[index : index + 2])
        subject = str(self.recording_subjects[index])
        spans = (
            TrueAction(
                GROUND_GUIDE_LABELS[self._label[start]],
                (start - first) / FRAME_RATE,
                (min(stop, end - 1) - first) / FRAME_RATE,
            )
            for start, stop in self._stretches(index)
        )
        return LabelledRecording(
            name=str(self.recording_names[index]),
            subject=subject,
            person=self._sequence(slice(first, end), None, subject),
            actions=tuple(span for span in spans if span.label != BACKGROUND),
        )

    def _stretches(self, recording: int) -> Iterator[tuple[int, int]]:
        """Yield the first frame of each stretch with one label, and the frame after its last."""
        first, end = (int(one) for one in self._offsets[recording : recording + 2])
        changes = np.flatnonzero(np.diff(self._label[first:end])) + 1 + first
        borders = [first, *changes.tolist(), end]
        yield from itertools.pairwise(borders)

    def _cut_clips(self) -> Iterator[_Cut]:
        for recording in range(len(self.recording_names)):
            for first, end in self._stretches(recording):
                if end - first < _LEAST_FRAMES:
                    continue
                last = max(end - CLIP_FRAMES, first)
                for start in range(first, last + 1, _CLIP_STEP):
                    yield _Cut(recording, start, min(start + CLIP_FRAMES, end))

    def _sequence(self, frames: slice, label: str | None, subject: str) -> KeypointSequence:
        """Return frames in pixels and MediaPipe's numbering; the nose is the origin of the file."""
        xy = self._xy[frames]
        count = len(xy)
        body = absent(count, BODY_LANDMARKS, 4)
        body[..., 3] = 0.0
        for joint, positions in ((0, np.zeros_like(xy[:, 0])), *_joints(xy)):
            body[:, joint, :2] = positions * _PIXELS + _NOSE
            body[:, joint, 2] = 0.0
            body[:, joint, 3] = 1.0
        return KeypointSequence(
            stamps=np.arange(count) / FRAME_RATE,
            body=body,
            hands=absent(count, 2, HAND_LANDMARKS, 3),
            hand_scores=np.zeros((count, 2), dtype=np.float32),
            width=WIDTH,
            height=HEIGHT,
            label=label,
            subject=subject,
        )


def _joints(
    xy: npt.NDArray[np.float32],
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Yield MediaPipe's number and the positions (T, 2) of each joint of (T, 8, 2)."""
    for column, name in enumerate(JOINTS):
        yield MEDIAPIPE_BODY_NAMES.index(name), xy[:, column]


def read_ground_guide(path: Path) -> GroundGuide:
    """Open an .npz file of the ground_guide format.

    Raises:
        InputError: The file cannot be read, or an array is missing or wrong; names both.
    """
    return GroundGuide(path)


def _subject(name: str, path: Path) -> str:
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{path}: names: {name!r} is not a name like john_stop_001")
    return match[1]
