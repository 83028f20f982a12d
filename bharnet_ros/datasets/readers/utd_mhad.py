"""Reader of UTD-MHAD: one MATLAB file of Kinect v1 skeletons per clip."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip, metric_sequence
from bharnet_ros.datasets.readers.added_hands import HandFiles
from bharnet_ros.datasets.readers.matlab import read_matrix
from bharnet_ros.types.errors import InputError

FRAME_RATE = 30.0
"""Frames per second of the Kinect v1; the data set has no stamps."""

UTD_MHAD_ACTIONS = (
    *("swipe left", "swipe right", "wave", "clap", "throw", "arm cross", "basketball shoot"),
    *("draw x", "draw circle clockwise", "draw circle counter-clockwise", "draw triangle"),
    *("bowling", "boxing", "baseball swing", "tennis swing", "arm curl", "tennis serve", "push"),
    *("knock", "catch", "pick up and throw", "jog", "walk", "sit to stand", "stand to sit"),
    *("lunge", "squat"),
)
"""Action names in the order of their numbers, 1 to 27. Source: Chen, Jafari and Kehtarnavaz,
UTD-MHAD: A Multimodal Dataset for Human Action Recognition, ICIP 2015."""

_JOINTS = 20
_ORDER = (3, 2, 1, 0, *range(4, _JOINTS))
"""Rows of a file in the order of the layout `kinect_v1`. Source: `Skeleton_joint_order.txt`."""

_NAME = re.compile(r"a(\d{1,2})_s(\d{1,2})_t(\d{1,2})_skeleton")
_FILES = "a*_s*_t*_skeleton.mat"
_ARRAY = "d_skel"


class ClipName(NamedTuple):
    """The parts of a name like `a10_s1_t2_skeleton`: action, subject, take."""

    action: int
    subject: int
    take: int


class UtdMhad(ClipDataset):
    """Clips of UTD-MHAD, each read when it is requested.

    Attributes:
        names: (N,) like `a10_s1_t2_skeleton`.
        labels: (N,) name in `UTD_MHAD_ACTIONS`.
        subjects: (N,) like `s1`.
    """

    def __init__(self, folder: Path, hands: Path | None = None) -> None:
        """List the clips of the folder and of the folders in it.

        Raises:
            InputError: There are no clips, or a name does not follow the scheme.
            OSError: A folder cannot be read.
        """
        clips = sorted((parse_name(path), path) for path in folder.rglob(_FILES))
        if not clips:
            raise InputError(f"{folder}: has no clips, files like a1_s1_t1_skeleton.mat")
        self._files = [path for _, path in clips]
        self.names = np.asarray([path.stem for path in self._files])
        self.labels = np.asarray([UTD_MHAD_ACTIONS[name.action - 1] for name, _ in clips])
        self.subjects = np.asarray([f"s{name.subject}" for name, _ in clips])
        self._numbers = np.asarray([name.subject for name, _ in clips])
        self._hands = HandFiles.of(hands, self.names.tolist())

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the actions in the order of their numbers."""
        return UTD_MHAD_ACTIONS

    @property
    def protocols(self) -> tuple[str, ...]:
        """The cross-subject protocol of the data set's authors."""
        return ("x_sub",)

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training clips (odd subjects) and test clips (even subjects)."""
        testing = self._numbers % 2 == 0
        return ~testing, testing

    def clip(self, index: int) -> RecordedClip:
        """Read one clip, of one person.

        Raises:
            InputError: Its file is broken; names the file.
            OSError: Its file cannot be read.
        """
        name, label, subject = (
            str(column[index]) for column in (self.names, self.labels, self.subjects)
        )
        joints = read_skeleton(self._files[index])
        stamps = np.arange(len(joints)) / FRAME_RATE
        person = metric_sequence(joints, stamps, "kinect_v1", label, subject)
        return RecordedClip(
            name=name,
            people=self._hands.given_to((person,), name),
            label=label,
            subject=subject,
        )


def read_utd_mhad(path: Path, *, hands: Path | None = None) -> UtdMhad:
    """Open the folder of skeleton files.

    Args:
        path: The folder, such as `Skeleton` of the distribution.
        hands: Folder of keypoints that `bharnet data extract` wrote for the videos.

    Raises:
        InputError: There are no clips, or a name does not follow the scheme.
        OSError: A folder cannot be read.
    """
    return UtdMhad(path, hands)


def parse_name(path: Path) -> ClipName:
    """Parse the name of a clip's file.

    Raises:
        InputError: The name does not follow the scheme; names the file.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[1]) <= len(UTD_MHAD_ACTIONS):
        raise InputError(f"{path}: is not a clip name of UTD-MHAD, like a1_s1_t1_skeleton.mat")
    return ClipName(*map(int, match.groups()))


def read_skeleton(path: Path) -> npt.NDArray[np.float32]:
    """Read the skeleton of a clip.

    Returns:
        (T, 20, 3) metres, joints in the order of the layout `kinect_v1`.

    Raises:
        InputError: The file is damaged or holds something else; names file and array.
        OSError: The file cannot be opened.
    """
    found = read_matrix(path, _ARRAY)
    if found is None:
        raise InputError(f"{path}: {_ARRAY}: is missing")
    skeleton = np.asarray(found)
    if (
        skeleton.ndim != 3
        or skeleton.shape[:2] != (_JOINTS, 3)
        or not skeleton.size
        or skeleton.dtype.kind not in "iuf"
    ):
        raise InputError(
            f"{path}: {_ARRAY}: expected numbers of shape (20, 3, T), got {skeleton.dtype} "
            f"{skeleton.shape}"
        )
    return np.ascontiguousarray(skeleton.transpose(2, 0, 1)[:, _ORDER], dtype=np.float32)
