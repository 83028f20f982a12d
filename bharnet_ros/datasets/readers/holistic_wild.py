"""Reader of holistic_wild files: clips of body and hand keypoints by many people at a webcam."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import checked_offsets, read_arrays
from bharnet_ros.types.keypoints import BODY_LANDMARKS, KeypointSequence

RECORDED_BODY = 25
"""Body landmarks in the file: MediaPipe Pose 0 to 24."""

FOLDS = 5
"""Number of folds of people in the sources.csv that came with the data set."""

_ARRAYS = {
    "body_xy_delta": (None, RECORDED_BODY, 2),
    "body_visibility": (None, RECORDED_BODY),
    "hands_xyz_delta": (None, 2, 21, 3),
    "offsets": (None,),
    "label": (None,),
    "subject": (None,),
}
_TEXTS = ("label", "subject")


@dataclass(frozen=True, eq=False)
class HolisticWild(ClipDataset):
    """All clips of a file, stored end to end: clip i is frames offsets[i] to offsets[i + 1].

    Coordinates are shares of the image: x of the width, y of the height, hand z on the scale of x.

    Attributes:
        body: (F, 25, 2).
        visibility: (F, 25) 0..1.
        hands: (F, 2, 21, 3), zero where absent.
        hand_present: (F, 2) bool.
        offsets: (N + 1,).
        labels: (N,) name of the gesture.
        subjects: (N,) name of the person.
        names: (N,) made from the number of the clip in the file, since clips have no names.
    """

    body: npt.NDArray[np.float32]
    visibility: npt.NDArray[np.float32]
    hands: npt.NDArray[np.float32]
    hand_present: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_] = field(init=False)

    def __post_init__(self) -> None:
        """Number the clips."""
        names = np.asarray([f"clip_{index:05d}" for index in range(len(self))], dtype=np.str_)
        object.__setattr__(self, "names", names)

    @property
    def protocols(self) -> tuple[str, ...]:
        """`fold_<number>`: test on the people of one fold, train on all others."""
        return tuple(f"fold_{fold}" for fold in range(FOLDS))

    def knows(self, protocol: str) -> bool:
        """Return whether the protocol is a fold; other files of the format may have more folds."""
        return protocol.startswith("fold_") and protocol.removeprefix("fold_").isdecimal()

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips, by the folds of a sources.csv."""
        if file is None:
            raise InputError(f"protocol: {protocol} needs the sources.csv with each person's fold")
        folds = read_subject_folds(file)
        without_fold = sorted(set(self.subjects.tolist()) - set(folds))
        if without_fold:
            raise InputError(f"{file}: subject {without_fold[0]} has no fold")
        testing = np.asarray([f"fold_{folds[subject]}" == protocol for subject in self.subjects])
        if not testing.any():
            known = ", ".join(map(str, sorted(set(folds.values()))))
            raise InputError(f"{file}: {protocol} leaves no clips to test on; folds are {known}")
        return ~testing, testing

    def clip(self, index: int) -> RecordedClip:
        """Return one clip, with the frame rate and image size that `sequence` assumes."""
        return RecordedClip(
            name=str(self.names[index]),
            people=(self.sequence(index),),
            label=str(self.labels[index]),
            subject=str(self.subjects[index]),
        )

    def sequence(
        self, clip: int, *, frame_rate: float = 15.0, width: int = 640, height: int = 480
    ) -> KeypointSequence:
        """Return one clip.

        The true frame rates and image sizes were not recorded, so they are assumed.

        Args:
            clip: 0..N-1.
            frame_rate: Assumed frames per second.
            width: Assumed image width, pixels.
            height: Assumed image height, pixels.
        """
        frames = slice(self.offsets[clip], self.offsets[clip + 1])
        count = frames.stop - frames.start
        body = np.full((count, BODY_LANDMARKS, 4), np.nan, dtype=np.float32)
        body[..., 3] = 0.0
        body[:, :RECORDED_BODY, :2] = self.body[frames] * (width, height)
        body[:, :RECORDED_BODY, 2] = 0.0
        body[:, :RECORDED_BODY, 3] = self.visibility[frames]
        present = self.hand_present[frames]
        hands = self.hands[frames] * np.asarray((width, height, width), dtype=np.float32)
        hands[~present] = np.nan
        return KeypointSequence(
            stamps=np.arange(count) / frame_rate,
            body=body,
            hands=hands,
            hand_scores=present.astype(np.float32),
            width=width,
            height=height,
            label=str(self.labels[clip]),
            subject=str(self.subjects[clip]),
        )

    def sequences(
        self, clips: npt.NDArray[np.integer], *, frame_rate: float = 15.0
    ) -> Iterator[KeypointSequence]:
        """Yield the clips with these indices."""
        for clip in clips:
            yield self.sequence(int(clip), frame_rate=frame_rate)


def read_holistic_wild(path: Path) -> HolisticWild:
    """Read a file of the holistic_wild format.

    Raises:
        InputError: The file cannot be read, an array is missing or has the wrong shape or type, or
            the clips do not cover the frames; names the file and the array.
    """
    arrays = read_arrays(path, _ARRAYS, _TEXTS)
    frames = len(arrays["body_xy_delta"])
    for name in ("body_visibility", "hands_xyz_delta"):
        if len(arrays[name]) != frames:
            raise InputError(
                f"{path}: {name}: has {len(arrays[name])} frames, body_xy_delta has {frames}"
            )
    per_clip = {name: arrays[name] for name in _TEXTS}
    offsets = checked_offsets(path, arrays["offsets"], frames, per_clip)

    def decoded(name: str) -> npt.NDArray[np.float32]:
        # Stored are differences from the previous frame, in 1/4096 of the image.
        return (np.cumsum(arrays[name], axis=0, dtype=np.int32) / 4096).astype(np.float32)

    hands = decoded("hands_xyz_delta")
    return HolisticWild(
        body=decoded("body_xy_delta"),
        visibility=(arrays["body_visibility"] / 255).astype(np.float32),
        hands=hands,
        hand_present=(hands != 0).any(axis=(2, 3)),
        offsets=offsets,
        labels=arrays["label"],
        subjects=arrays["subject"],
    )


def read_subject_folds(path: Path) -> dict[str, int]:
    """Read the fold of each subject from a sources.csv.

    Raises:
        InputError: The file is not CSV, a column or subject is missing, or a fold is not a number;
            names file and line.
        OSError: The file cannot be read.
    """
    folds: dict[str, int] = {}
    for line, row in _rows(path):
        try:
            folds[row["subject"]] = int(row["fold"])
        except (TypeError, ValueError):
            raise InputError(f"{path}: line {line}: fold {row['fold']!r} is not a number") from None
    return folds


def read_subject_licences(path: Path) -> dict[str, set[str]]:
    """Read the licences of each subject's sources from a sources.csv; `unknown` if none is given.

    One line may name several, separated by semicolons.

    Raises:
        InputError: The file is not CSV, or a column or subject is missing; names file and line.
        OSError: The file cannot be read.
    """
    licences: dict[str, set[str]] = {}
    for _, row in _rows(path):
        names = {name.strip() for name in (row.get("licence") or "").split(";")} - {""}
        licences.setdefault(row["subject"], set()).update(names or {"unknown"})
    return licences


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and content of each row of a sources.csv."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        try:
            if not {"subject", "fold"} <= set(reader.fieldnames or ()):
                raise InputError(f"{path}: line 1: columns subject and fold are needed")
            for row in reader:
                if row["subject"] is None:
                    raise InputError(f"{path}: line {reader.line_num}: has no subject")
                yield reader.line_num, row
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: is not a text file: {error}") from error
        except csv.Error as error:
            line = reader.reader.line_num
            raise InputError(f"{path}: line {line}: is not CSV: {error}") from error
