"""Reader of holistic_wild files: clips of body and hand keypoints by many people at a webcam."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.keypoints import BODY_LANDMARKS, KeypointSequence

RECORDED_BODY = 25
"""Body landmarks in the file: MediaPipe Pose 0 to 24."""

_ARRAYS = {
    "body_xy_delta": (None, RECORDED_BODY, 2),
    "body_visibility": (None, RECORDED_BODY),
    "hands_xyz_delta": (None, 2, 21, 3),
    "offsets": (None,),
    "label": (None,),
    "subject": (None,),
}


@dataclass(frozen=True, eq=False)
class HolisticWild:
    """All clips of a file, frames end to end: clip i is frames offsets[i] to offsets[i + 1].

    Coordinates are shares of the image: x by width, y by height, hand z on the scale of x.

    Attributes:
        body: (F, 25, 2).
        visibility: (F, 25) 0..1.
        hands: (F, 2, 21, 3), zero where absent.
        hand_present: (F, 2) bool.
        offsets: (N + 1,).
        labels: (N,) name of the gesture.
        subjects: (N,) name of the person.
    """

    body: npt.NDArray[np.float32]
    visibility: npt.NDArray[np.float32]
    hands: npt.NDArray[np.float32]
    hand_present: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.labels)

    def sequence(
        self, clip: int, *, frame_rate: float = 15.0, width: int = 640, height: int = 480
    ) -> KeypointSequence:
        """Return one clip.

        True frame rates and image sizes were not recorded: they are assumed.

        Args:
            clip: 0..N-1.
            frame_rate: Frames per second to assume.
            width: Image width to assume, pixels.
            height: Image height to assume, pixels.
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
        """Yield the clips of these indices."""
        for clip in clips:
            yield self.sequence(int(clip), frame_rate=frame_rate)


def read_holistic_wild(path: Path) -> HolisticWild:
    """Read a file of the holistic_wild format.

    Raises:
        ValueError: The file cannot be read, an array is missing or has the wrong shape, or the
            clips do not cover the frames; the message names the file and the array.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _ARRAYS if name in archive.files}
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    missing = sorted(set(_ARRAYS) - set(arrays))
    if missing:
        raise ValueError(f"{path}: arrays missing: {', '.join(missing)}")
    for name, shape in _ARRAYS.items():
        found = arrays[name].shape
        if len(found) != len(shape) or found[1:] != shape[1:]:
            raise ValueError(f"{path}: {name}: expected shape {shape}, got {found}")
    offsets = arrays["offsets"].astype(np.int64)
    frames = len(arrays["body_xy_delta"])
    for name in ("body_visibility", "hands_xyz_delta"):
        if len(arrays[name]) != frames:
            raise ValueError(
                f"{path}: {name}: has {len(arrays[name])} frames, body_xy_delta has {frames}"
            )
    clips = len(offsets) - 1
    if clips < 1 or offsets[0] != 0 or offsets[-1] != frames or np.any(np.diff(offsets) <= 0):
        raise ValueError(f"{path}: offsets: must rise from 0 to the number of frames, {frames}")
    if not len(arrays["label"]) == len(arrays["subject"]) == clips:
        raise ValueError(f"{path}: label, subject: need one entry for each of {clips} clips")

    def decoded(name: str) -> npt.NDArray[np.float32]:
        # Coordinates are stored as differences from the frame before, in 1/4096 of the image.
        return (np.cumsum(arrays[name], axis=0, dtype=np.int32) / 4096).astype(np.float32)

    hands = decoded("hands_xyz_delta")
    return HolisticWild(
        body=decoded("body_xy_delta"),
        visibility=(arrays["body_visibility"] / 255).astype(np.float32),
        hands=hands,
        hand_present=(hands != 0).any(axis=(2, 3)),
        offsets=offsets,
        labels=arrays["label"].astype(str),
        subjects=arrays["subject"].astype(str),
    )


def read_subject_folds(path: Path) -> dict[str, int]:
    """Read which fold each subject belongs to from a sources.csv.

    Raises:
        ValueError: A column is missing or a fold is not a number; names file and line.
    """
    folds: dict[str, int] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"subject", "fold"} <= set(reader.fieldnames or ()):
            raise ValueError(f"{path}: line 1: columns subject and fold are needed")
        for row in reader:
            try:
                folds[row["subject"]] = int(row["fold"])
            except (TypeError, ValueError):
                raise ValueError(
                    f"{path}: line {reader.line_num}: fold {row['fold']!r} is not a number"
                ) from None
    return folds
