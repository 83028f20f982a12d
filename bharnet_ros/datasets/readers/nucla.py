"""Reader of Northwestern-UCLA: one JSON file per clip, or all clips in one .npz file."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip, metric_sequence
from bharnet_ros.datasets.readers.added_hands import HandFiles
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import array_names, checked_offsets, read_arrays

FRAME_RATE = 30.0
"""Frames per second of the Kinect v1; the data set has no stamps."""

NUCLA_ACTIONS = {
    1: "pick up with one hand",
    2: "pick up with two hands",
    3: "drop trash",
    4: "walk around",
    5: "sit down",
    6: "stand up",
    8: "donning",
    9: "doffing",
    11: "throw",
    12: "carry",
}
"""Action names by the number in the name of a clip, in the order of the labels 1 to 10. Source:
Wang et al., Cross-view Action Modeling, Learning and Recognition, CVPR 2014."""

TESTING_VIEW = 3
"""X-View: views 1 and 2 are for training. Source: the same paper."""

_JOINTS = 20
_NAME = re.compile(r"a(\d{2})_s(\d{2})_e(\d{2})_v(\d{2})")
_MILLIMETRES = "skeletons_mm"
_METRES = "skeletons"


class ClipName(NamedTuple):
    """The parts of a name like `a01_s02_e00_v03`: action, subject, take, view."""

    action: int
    subject: int
    take: int
    view: int


class Nucla(ClipDataset):
    """Clips of Northwestern-UCLA, named like `a01_s02_e00_v03`: action, subject, take, view.

    Attributes:
        names: (N,).
        labels: (N,) name in `NUCLA_ACTIONS`.
        subjects: (N,) like `s02`.
        views: (N,) number of the view.
    """

    def __init__(self, source: Path, names: Sequence[str], hands: Path | None) -> None:
        """Parse the names of the clips.

        Raises:
            InputError: A name does not follow the scheme; names the source.
            OSError: The folder of hands does not exist.
        """
        parsed = [parse_name(name, source) for name in names]
        self.names = np.asarray(names)
        self.labels = np.asarray([NUCLA_ACTIONS[name.action] for name in parsed])
        self.subjects = np.asarray([f"s{name.subject:02d}" for name in parsed])
        self.views = np.asarray([name.view for name in parsed])
        self._hands = HandFiles.of(hands, names)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the actions in the order of the labels."""
        return tuple(NUCLA_ACTIONS.values())

    @property
    def protocols(self) -> tuple[str, ...]:
        """X-View, the protocol that is commonly reported."""
        return ("x_view",)

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips."""
        testing = self.views == TESTING_VIEW
        return ~testing, testing

    def clip(self, index: int) -> RecordedClip:
        """Read one clip, of one person.

        Raises:
            InputError: Its file is broken; names file and line.
            OSError: Its file cannot be read.
        """
        name, label, subject = (
            str(column[index]) for column in (self.names, self.labels, self.subjects)
        )
        joints = self.joints(index)
        stamps = np.arange(len(joints)) / FRAME_RATE
        person = metric_sequence(joints, stamps, "kinect_v1", label, subject)
        return RecordedClip(
            name=name,
            people=self._hands.given_to((person,), name),
            label=label,
            subject=subject,
            camera=f"v{self.views[index]:02d}",
        )

    @abstractmethod
    def joints(self, index: int) -> npt.NDArray[np.floating]:
        """Return (T, 20, 3) metres of one clip."""


class NuclaArchive(Nucla):
    """All clips of an .npz file, stored end to end."""

    def __init__(self, path: Path, hands: Path | None = None) -> None:
        """Read the file.

        Its arrays are `skeletons_mm`, (F, 20, 3) whole millimetres, or `skeletons`, metres;
        `offsets`, (N + 1,): clip i is frames offsets[i] to offsets[i + 1]; `names` and `labels`,
        (N,), labels counted from 1.

        Raises:
            InputError: The file cannot be read, or an array is missing or wrong; names both.
            OSError: The folder of hands does not exist.
        """
        skeletons = _MILLIMETRES if _MILLIMETRES in array_names(path) else _METRES
        arrays = read_arrays(
            path,
            {
                skeletons: (None, _JOINTS, 3),
                "offsets": (None,),
                "names": (None,),
                "labels": (None,),
            },
            texts=("names",),
        )
        per_clip = {name: arrays[name] for name in ("names", "labels")}
        self._joints = arrays[skeletons]
        self._unit = 1000.0 if skeletons == _MILLIMETRES else 1.0
        self._offsets = checked_offsets(path, arrays["offsets"], len(self._joints), per_clip)
        super().__init__(path, arrays["names"].tolist(), hands)
        for name, label in zip(self.names, arrays["labels"].tolist(), strict=True):
            check_label(label, str(name), path)

    def joints(self, index: int) -> npt.NDArray[np.floating]:
        """Return (T, 20, 3) metres of one clip."""
        frames = slice(self._offsets[index], self._offsets[index + 1])
        return (self._joints[frames] / self._unit).astype(np.float32)


class NuclaFolder(Nucla):
    """A folder of JSON files, one per clip; each is read when its clip is requested."""

    def __init__(self, folder: Path, hands: Path | None = None) -> None:
        """List the clips of the folder and of the folders in it.

        Raises:
            InputError: There are no clips.
            OSError: A folder cannot be read.
        """
        found = [path for path in folder.rglob("*.json") if _NAME.fullmatch(path.stem)]
        self._files = sorted(found, key=lambda path: path.name)
        if not self._files:
            raise InputError(f"{folder}: has no clips, files like a01_s01_e00_v01.json")
        super().__init__(folder, [path.stem for path in self._files], hands)

    def joints(self, index: int) -> npt.NDArray[np.floating]:
        """Return (T, 20, 3) metres of one clip."""
        return read_json(self._files[index])


def read_nucla(path: Path, *, hands: Path | None = None) -> Nucla:
    """Open an .npz file with all clips, or a folder of JSON files.

    Args:
        path: File or folder.
        hands: Folder of keypoints that `bharnet data extract` wrote for the videos.

    Raises:
        InputError: The file or folder is not in this format; names what is wrong.
        OSError: A file cannot be read.
    """
    return NuclaFolder(path, hands) if path.is_dir() else NuclaArchive(path, hands)


def parse_name(name: str, source: Path) -> ClipName:
    """Parse the name of a clip.

    Raises:
        InputError: The name does not follow the scheme; names the source.
    """
    match = _NAME.fullmatch(name)
    if match is None or int(match[1]) not in NUCLA_ACTIONS:
        raise InputError(f"{source}: {name!r} is not a clip name of N-UCLA, like a01_s01_e00_v01")
    return ClipName(*map(int, match.groups()))


def check_label(label: Any, name: str, source: Path) -> None:
    """Check the label of a clip, 1 to 10, against its name.

    Raises:
        InputError: They disagree; names the source and the clip.
    """
    expected = list(NUCLA_ACTIONS).index(parse_name(name, source).action) + 1
    if label != expected:
        raise InputError(f"{source}: {name}: label: expected {expected}, got {label!r}")


def read_json(path: Path) -> npt.NDArray[np.float32]:
    """Read a clip: a JSON object with `file_name`, `skeletons` as T x 20 x 3 metres, and `label`.

    Returns:
        (T, 20, 3).

    Raises:
        InputError: The file has another form; names the file, and the line of a JSON error.
        OSError: The file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: line {error.lineno}: is not JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file: {error}") from error
    except (ValueError, RecursionError) as error:
        # A number with thousands of digits, or thousands of nested lists.
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or not {"skeletons", "label"} <= set(content):
        raise InputError(f"{path}: line 1: expected an object with skeletons and label")
    if content.get("file_name", path.stem) != path.stem:
        raise InputError(f"{path}: file_name: is {content['file_name']!r}")
    check_label(content["label"], path.stem, path)
    try:
        joints = np.array(content["skeletons"], dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: skeletons: expected numbers of one shape: {error}") from None
    if joints.ndim != 3 or joints.shape[1:] != (_JOINTS, 3) or not len(joints):
        raise InputError(f"{path}: skeletons: expected shape (T, 20, 3), got {joints.shape}")
    return joints
