"""Hands and crops for data sets of depth cameras, taken from their videos by name and time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from bharnet_ros.datasets.readers.cropped import is_cropped, read_cropped
from bharnet_ros.features.resampling import blend, brackets
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import KeypointSequence

_VIDEO_ENDING = "_rgb"
"""What NTU RGB+D appends to the name of a clip for its video."""

_LONGEST_GAP = 0.1
"""Greatest time in seconds from a frame of the body to the nearest frame of the video; beyond it,
the hands are unknown."""


@dataclass(frozen=True)
class HandFiles:
    """Files of `bharnet data extract` or `bharnet data crop`, by the name of the clip.

    Attributes:
        files: File for each clip name; empty for data without hands.
    """

    files: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path | None, names: Iterable[str]) -> HandFiles:
        """List a folder of files `<name>.npz` or `<name>_rgb.npz`.

        Args:
            folder: The folder; None stands for data without hands.
            names: Names of the clips of the data set.

        Raises:
            InputError: No file is named after a clip.
            OSError: There is no such folder.
        """
        if folder is None:
            return cls()
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder}: no such folder")
        known = set(names)
        found = {path.stem.removesuffix(_VIDEO_ENDING): path for path in folder.glob("*.npz")}
        files = {name: path for name, path in found.items() if name in known}
        if not files:
            example = next(iter(known), "")
            raise InputError(f"{folder}: no file is named after a clip, such as {example}.npz")
        return cls(files)

    def given_to(
        self, people: tuple[KeypointSequence, ...], name: str
    ) -> tuple[KeypointSequence, ...]:
        """Give the first person the hands from the video of that name.

        The file has the hands of one person and does not say which of two that is; the first
        person is the one who moves most. Without a file, nobody has hands.

        Raises:
            InputError: The file is broken; names it.
            OSError: The file cannot be read.
        """
        if name not in self.files:
            return people
        return (with_hands(people[0], self.files[name]), *people[1:])


def with_hands(sequence: KeypointSequence, path: Path) -> KeypointSequence:
    """Return the sequence with the hands of a `bharnet data extract` or `data crop` file.

    A file of `data crop` adds its crops too. Stamps of the sequence and of the file count from the
    start of the recording; hands are interpolated between the video frames around each stamp.

    Raises:
        InputError: The file is broken; names it.
        OSError: The file cannot be read.
    """
    clip = _load(path)
    if clip is None:
        return sequence
    present = np.isfinite(clip.hands).all((2, 3)).astype(np.float32)
    # The score of a hand is interpolated along with its coordinates.
    hands = np.nan_to_num(clip.hands).reshape(len(clip), 2, -1)
    parts = np.concatenate([hands, clip.hand_scores[..., None]], axis=-1)
    before, after, weight = brackets(clip.stamps, sequence.stamps)
    blended, found = blend(parts, present, before, after, weight)
    nearest = np.minimum(
        np.abs(clip.stamps[before] - sequence.stamps),
        np.abs(clip.stamps[after] - sequence.stamps),
    )
    seen = (found > 0) & (nearest <= _LONGEST_GAP)[:, None]
    shown = np.where(seen[..., None], blended[..., :-1], np.nan).astype(np.float32)
    return replace(
        sequence,
        hands=shown.reshape(len(sequence), 2, -1, 3),
        hand_scores=(blended[..., -1] * seen).astype(np.float32),
        width=clip.width,
        height=clip.height,
        crops=_during(clip.crops, sequence),
    )


def _during(crops: CropSequence | None, sequence: KeypointSequence) -> CropSequence | None:
    """Return the crops of a whole recording that fall into the time of a sequence."""
    if crops is None:
        return None
    start, end = sequence.stamps[0] - _LONGEST_GAP, sequence.stamps[-1] + _LONGEST_GAP
    inside = (crops.stamps >= start) & (crops.stamps <= end)
    return CropSequence(crops.stamps[inside], crops.pixels[inside], crops.present[inside])


@lru_cache(maxsize=2)
def _load(path: Path) -> KeypointSequence | None:
    """Read a file; None if it has no frames.

    The last files are cached, since one recording may have many clips.
    """
    if is_cropped(path):
        return read_cropped(path)
    clip = ClipKeypoints.load(path)
    return clip.sequence() if len(clip) else None
