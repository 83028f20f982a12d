"""Clips of keypoints with crops, one file each: what `bharnet crop` and `bharnet draw` write.

ROOT/train/LABEL/NAME.npz, ROOT/test/LABEL/NAME.npz     protocol `folders`
ROOT/LABEL/NAME.npz                                     protocol `leave_one_out_SUBJECT`
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip
from bharnet_ros.datasets.files import array_names
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence

FOLDERS = "folders"
TRAINING, TESTING = "train", "test"

_LEAVE_OUT = "leave_one_out_"
_KEYPOINTS = ("stamps", "body", "hands", "hand_scores", "width", "height", "subject")
_CROPS = ("crop_stamps", "crop_pixels", "crop_present")


def write_cropped(path: Path, sequence: KeypointSequence) -> None:
    """Write one clip; an interrupted run leaves the old file, or none.

    Args:
        path: Ends in .npz; its folder is made where it is missing and gives the clip its label.
        sequence: Keypoints of one person, with crops or without.

    Raises:
        OSError: The file cannot be written.
    """
    arrays: dict[str, object] = {
        name: getattr(sequence, name) for name in _KEYPOINTS if name != "subject"
    }
    arrays["subject"] = sequence.subject or ""
    if sequence.crops is not None:
        crops = sequence.crops
        arrays.update(zip(_CROPS, (crops.stamps, crops.pixels, crops.present), strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_cropped(path: Path) -> KeypointSequence:
    """Read a clip that `write_cropped` wrote; its label is the name of its folder.

    Raises:
        InputError: The file is no such file; names it.
        OSError: It cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            crops = None
            if _CROPS[0] in arrays:
                crops = CropSequence(*(arrays[name] for name in _CROPS))
            return KeypointSequence(
                stamps=arrays["stamps"],
                body=arrays["body"],
                hands=arrays["hands"],
                hand_scores=arrays["hand_scores"],
                width=int(arrays["width"]),
                height=int(arrays["height"]),
                label=path.parent.name,
                subject=str(arrays["subject"]) or None,
                crops=crops,
            )
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no clip with crops: {error}") from error


class CroppedClips(ClipDataset):
    """A folder of such files."""

    def __init__(self, root: Path) -> None:
        """Look at the names of all files and at who is in them.

        Raises:
            InputError: There are none, or one cannot be read; names it.
        """
        self._paths = sorted(path for path in root.rglob("*.npz") if not path.name.startswith("."))
        if not self._paths:
            raise InputError(f"{root}: holds no .npz files below folders of labels")
        relative = [path.relative_to(root) for path in self._paths]
        wrong = [path for path in relative if len(path.parts) not in (2, 3)]
        if wrong:
            raise InputError(f"{root / wrong[0]}: is not in LABEL/ or {TRAINING}/LABEL/")
        self._parts = [path.parts[0] if len(path.parts) == 3 else "" for path in relative]
        strange = sorted(set(self._parts) - {"", TRAINING, TESTING})
        if strange:
            raise InputError(f"{root / strange[0]}: is neither {TRAINING} nor {TESTING}")
        self.names = np.asarray([str(path.with_suffix("")) for path in relative])
        self.labels = np.asarray([path.parent.name for path in relative])
        self.subjects = np.asarray([_subject(path) for path in self._paths])

    @property
    def protocols(self) -> tuple[str, ...]:
        """Training and test as they lie, or one person left out."""
        people = sorted(set(self.subjects.tolist()) - {""})
        lie_apart = {TRAINING, TESTING} <= set(self._parts)
        return (*[FOLDERS] * lie_apart, *(f"{_LEAVE_OUT}{one}" for one in people))

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips."""
        if protocol == FOLDERS:
            parts = np.asarray(self._parts)
            return parts == TRAINING, parts == TESTING
        testing = self.subjects == protocol.removeprefix(_LEAVE_OUT)
        return ~testing, testing

    def clip(self, index: int) -> RecordedClip:
        """Read one clip.

        Raises:
            InputError: Its file is broken; names it.
            OSError: Its file cannot be read.
        """
        person = read_cropped(self._paths[index])
        return RecordedClip(
            name=str(self.names[index]),
            people=(person,),
            label=str(self.labels[index]),
            subject=str(self.subjects[index]),
        )


def holds_cropped(root: Path) -> bool:
    """Return whether a folder looks like one of such files."""
    first = next(root.rglob("*.npz"), None)
    return first is not None and is_cropped(first)


def is_cropped(path: Path) -> bool:
    """Return whether a file has the names of one that `write_cropped` wrote."""
    try:
        return set(_KEYPOINTS) <= array_names(path)
    except ValueError:
        return False


def _subject(path: Path) -> str:
    """Read who is in a file, without the rest."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return str(arrays["subject"])
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no clip with crops: {error}") from error
