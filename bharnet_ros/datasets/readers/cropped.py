"""Reader of clips with crops, one file each, as `bharnet data crop` and `data puppet` write them.

ROOT/train/LABEL/NAME.npz, ROOT/test/LABEL/NAME.npz     protocol `folders`
ROOT/LABEL/NAME.npz                                     protocol `leave_one_out_SUBJECT`
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import array_names, open_npz, read_numbers, write_whole
from bharnet_ros.types.keypoints import KeypointSequence

FOLDERS = "folders"
TRAINING, TESTING = "train", "test"

_LEAVE_OUT = "leave_one_out_"
_KEYPOINTS = ("stamps", "body", "hands", "hand_scores", "width", "height", "subject")
_CROPS = ("crop_stamps", "crop_pixels", "crop_present")
_COMPLAINT = "not a clip with crops"


def write_cropped(path: Path, sequence: KeypointSequence) -> None:
    """Write one clip; an interrupted write leaves the old file, or none.

    Args:
        path: Ends in .npz. Its folder, created if missing, gives the clip its label.
        sequence: Keypoints of one person, with or without crops.

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
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())


def read_cropped(path: Path) -> KeypointSequence:
    """Read a clip that `write_cropped` wrote; its label is the name of its folder.

    Raises:
        InputError: The file is not a clip with crops; names the file.
        OSError: The file cannot be opened.
    """
    with open_npz(path, _COMPLAINT) as arrays:
        crops = None
        if _CROPS[0] in arrays:
            crops = CropSequence(*(read_numbers(arrays, name) for name in _CROPS))
        return KeypointSequence(
            stamps=read_numbers(arrays, "stamps"),
            body=read_numbers(arrays, "body"),
            hands=read_numbers(arrays, "hands"),
            hand_scores=read_numbers(arrays, "hand_scores"),
            width=int(arrays["width"]),
            height=int(arrays["height"]),
            label=path.parent.name,
            subject=str(arrays["subject"]) or None,
            crops=crops,
        )


class CroppedClips(ClipDataset):
    """A folder of clips with crops."""

    def __init__(self, root: Path) -> None:
        """List all files and read the subject of each.

        Raises:
            InputError: There are no files, or one cannot be read; names it.
            OSError: A file cannot be opened.
        """
        self._paths = sorted(path for path in root.rglob("*.npz") if not path.name.startswith("."))
        if not self._paths:
            raise InputError(f"{root}: holds no .npz files below folders of labels")
        relative = [path.relative_to(root) for path in self._paths]
        misplaced = [path for path in relative if len(path.parts) not in (2, 3)]
        if misplaced:
            raise InputError(f"{root / misplaced[0]}: is not in LABEL/ or {TRAINING}/LABEL/")
        self._parts = [path.parts[0] if len(path.parts) == 3 else "" for path in relative]
        unknown = sorted(set(self._parts) - {"", TRAINING, TESTING})
        if unknown:
            raise InputError(f"{root / unknown[0]}: is neither {TRAINING} nor {TESTING}")
        self.names = np.asarray([str(path.with_suffix("")) for path in relative])
        self.labels = np.asarray([path.parent.name for path in relative])
        self.subjects = np.asarray([_subject(path) for path in self._paths])

    @property
    def protocols(self) -> tuple[str, ...]:
        """`folders` if there are training and test folders, and one person left out."""
        people = sorted(set(self.subjects.tolist()) - {""})
        has_both_folders = {TRAINING, TESTING} <= set(self._parts)
        return (*[FOLDERS] * has_both_folders, *(f"{_LEAVE_OUT}{one}" for one in people))

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
    """Return whether a folder seems to hold clips with crops."""
    first = next(root.rglob("*.npz"), None)
    return first is not None and is_cropped(first)


def is_cropped(path: Path) -> bool:
    """Return whether a file has the arrays that `write_cropped` writes."""
    try:
        return set(_KEYPOINTS) <= array_names(path)
    except InputError:
        return False


def _subject(path: Path) -> str:
    """Read the subject of a clip, and nothing else."""
    with open_npz(path, _COMPLAINT) as arrays:
        return str(arrays["subject"])
