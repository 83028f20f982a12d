"""Reader of NTU RGB+D 60 and 120: a folder of .skeleton files as distributed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip, metric_sequence
from bharnet_ros.datasets.readers.added_hands import HandFiles
from bharnet_ros.datasets.readers.ntu.actions import (
    NTU60_CLASSES,
    NTU60_HAND_ACTIONS,
    NTU60_SETUPS,
    NTU60_TRAINING_SUBJECTS,
    NTU120_HAND_ACTIONS,
    NTU120_TRAINING_SUBJECTS,
    NTU_ACTIONS,
    TRAINING_CAMERAS,
    TRAINING_SETUP_REMAINDER,
)
from bharnet_ros.datasets.readers.ntu.actors import TrackedBody, choose_actors
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import parse_rows, read_lines
from bharnet_ros.types.keypoints import absent

FRAME_RATE = 30.0
"""Frames per second of the Kinect v2."""

JOINTS = 25

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
_BODY_VALUES = 10
_JOINT_VALUES = 12
_TRACKING_STATE = 11
_CONFIDENCE = np.array([0.0, 0.5, 1.0], dtype=np.float32)
"""Confidence of a joint that is not tracked, inferred or tracked."""


@dataclass(frozen=True, eq=False)
class Ntu(ClipDataset):
    """Clips of NTU RGB+D, named like `S001C002P003R002A013`: setup, camera, person, take, action.

    Attributes:
        edition: 60 or 120.
        files: (N,) .skeleton file of each clip.
        names: (N,).
        labels: (N,) name in `NTU_ACTIONS`.
        subjects: (N,) like `P003`.
        setups: (N,) number of the setup.
        cameras: (N,) number of the camera.
        hands: Keypoints of hands extracted from the videos, if any.
    """

    edition: int
    files: tuple[Path, ...]
    names: npt.NDArray[np.str_]
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]
    setups: npt.NDArray[np.int64]
    cameras: npt.NDArray[np.int64]
    hands: HandFiles

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the actions, A001 first."""
        return NTU_ACTIONS[: self.edition]

    @property
    def hand_actions(self) -> tuple[str, ...]:
        """Our own list of actions that are made with hands and fingers."""
        return NTU60_HAND_ACTIONS if self.edition == NTU60_CLASSES else NTU120_HAND_ACTIONS

    @property
    def protocols(self) -> tuple[str, ...]:
        """The published protocols: X-Sub for both, X-View for 60, X-Set for 120."""
        return ("x_sub", "x_view" if self.edition == NTU60_CLASSES else "x_set")

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips."""
        if protocol == "x_view":
            training = np.isin(self.cameras, list(TRAINING_CAMERAS))
        elif protocol == "x_set":
            training = self.setups % 2 == TRAINING_SETUP_REMAINDER
        else:
            people = NTU60_TRAINING_SUBJECTS
            if self.edition != NTU60_CLASSES:
                people = NTU120_TRAINING_SUBJECTS
            training = np.isin(self.subjects, [f"P{number:03d}" for number in people])
        return training, ~training

    def clip(self, index: int) -> RecordedClip:
        """Read one clip: its actors, from the first to the last frame that shows any of them.

        Raises:
            InputError: A file is broken or shows no body; names file and line.
            OSError: A file cannot be read.
        """
        path = self.files[index]
        actors = choose_actors(read_skeleton(path))
        shown = np.flatnonzero(np.any([actor.seen for actor in actors], axis=0))
        frames = slice(shown[0], shown[-1] + 1)
        people = tuple(
            metric_sequence(
                actor.joints[frames],
                np.arange(frames.start, frames.stop) / FRAME_RATE,
                "kinect_v2",
                str(self.labels[index]),
                # The name of a clip has its first person only.
                str(self.subjects[index]) if place == 0 else "",
                actor.confidence[frames],
            )
            for place, actor in enumerate(actors)
        )
        return RecordedClip(
            name=str(self.names[index]),
            people=self.hands.given_to(people, str(self.names[index])),
            label=str(self.labels[index]),
            subject=str(self.subjects[index]),
            camera=f"C{self.cameras[index]:03d}",
            setup=f"S{self.setups[index]:03d}",
        )


def read_ntu(
    folder: Path,
    *,
    edition: int | None = None,
    missing: Path | None = None,
    hands: Path | None = None,
) -> Ntu:
    """List the .skeleton files of a folder and of the folders in it; no file is read yet.

    Args:
        folder: Folder into which the archives of the data set were unpacked.
        edition: 60 takes only the clips of NTU RGB+D 60, 120 takes all. None means 120 if there is
            any clip that 60 does not have.
        missing: The authors' list of samples with missing skeletons, which are left out.
        hands: Folder of keypoints that `bharnet data extract` wrote for the videos.

    Raises:
        InputError: There are no such files, a file is not named like a clip, or the list or the
            folder of hands cannot be used; names the file.
        OSError: A file or folder cannot be read.
    """
    if edition not in (None, 60, 120):
        raise InputError(f"edition: must be 60 or 120, got {edition}")
    left_out = frozenset() if missing is None else read_missing(missing)
    found: list[tuple[Path, _Name]] = []
    for path in sorted(folder.rglob("*.skeleton"), key=lambda path: path.name):
        name = _parsed_name(path)
        if path.stem not in left_out and (edition != NTU60_CLASSES or not name.newer):
            found.append((path, name))
    if not found:
        raise InputError(f"{folder}: has no clips, files like S001C001P001R001A001.skeleton")
    files, parsed = zip(*found, strict=True)
    names = [path.stem for path in files]
    return Ntu(
        edition=edition or (120 if any(name.newer for name in parsed) else 60),
        files=files,
        names=np.asarray(names),
        labels=np.asarray([NTU_ACTIONS[name.action - 1] for name in parsed]),
        subjects=np.asarray([f"P{name.person:03d}" for name in parsed]),
        setups=np.asarray([name.setup for name in parsed]),
        cameras=np.asarray([name.camera for name in parsed]),
        hands=HandFiles.of(hands, names),
    )


class _Name(NamedTuple):
    """The parts of the name of a clip."""

    setup: int
    camera: int
    person: int
    take: int
    action: int

    @property
    def newer(self) -> bool:
        """Whether the clip is not part of NTU RGB+D 60."""
        return self.setup > NTU60_SETUPS or self.action > NTU60_CLASSES


def _parsed_name(path: Path) -> _Name:
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[5]) <= len(NTU_ACTIONS):
        raise InputError(f"{path}: is not a clip name of NTU RGB+D, like S001C001P001R001A001")
    return _Name(*map(int, match.groups()))


def read_missing(path: Path) -> frozenset[str]:
    """Read the authors' list of samples with missing or incomplete skeletons.

    The file begins with sentences, followed by one name per line. Source: the repository
    shahroudy/NTURGB-D, which has 302 names for NTU RGB+D 60 and 535 for 120.

    Raises:
        InputError: There are no names, or a line after the first name is not a name; names file
            and line.
        OSError: The file cannot be read.
    """
    found: set[str] = set()
    for number, line in enumerate(read_lines(path), start=1):
        name = line.strip().removesuffix(".skeleton")
        if _NAME.fullmatch(name):
            found.add(name)
        elif found and name:
            raise InputError(f"{path}: line {number}: {name!r} is not the name of a clip")
    if not found:
        raise InputError(f"{path}: has no names of clips")
    return frozenset(found)


def read_skeleton(path: Path) -> Mapping[str, TrackedBody]:
    """Read a .skeleton file.

    The file is text: the number of frames; for each frame the number of bodies; for each body a
    line of 10 values, of which the first is its identity, the number of joints (25), and for each
    joint a line of 12 values: x, y, z in metres, its position in the depth and the colour image,
    its orientation, and whether it was tracked (2), inferred (1) or neither (0).

    Returns:
        The bodies by identity, in the order of their first frames.

    Raises:
        InputError: The file has another form, or no body in any frame; names file and line.
        OSError: The file cannot be read.
    """
    lines = read_lines(path)
    if not any(lines):
        raise InputError(f"{path}: line 1: the file is empty")
    frames = _count(path, lines, 0, "frames")
    bodies: dict[str, TrackedBody] = {}
    at = 1
    for frame in range(frames):
        count = _count(path, lines, at, f"bodies of frame {frame + 1} of {frames}")
        at += 1
        for _ in range(count):
            identity, joints = _read_body(path, lines, at)
            at += JOINTS + 2
            if frames > len(lines):
                raise InputError(f"{path}: line 1: the file is too short for {frames} frames")
            if identity not in bodies:
                bodies[identity] = TrackedBody(
                    absent(frames, JOINTS, 3), np.zeros((frames, JOINTS), dtype=np.float32)
                )
            body = bodies[identity]
            positions = joints[:, :3]
            known = np.isfinite(positions).all(1) & (positions != 0).any(1)
            body.joints[frame, known] = positions[known]
            body.confidence[frame] = _CONFIDENCE[joints[:, _TRACKING_STATE].astype(np.int64)]
    if any(line.strip() for line in lines[at:]):
        raise InputError(
            f"{path}: line {at + 1}: expected the end of the file after {frames} frames"
        )
    bodies = {identity: body for identity, body in bodies.items() if body.seen.any()}
    if not bodies:
        raise InputError(f"{path}: has no body in any of its {frames} frames")
    return bodies


def _read_body(path: Path, lines: list[str], at: int) -> tuple[str, npt.NDArray[np.float32]]:
    """Return the identity and values (25, 12) of the body that begins at line index `at`."""
    if at >= len(lines):
        raise InputError(f"{path}: line {at + 1}: the file ends where a body was expected")
    values = lines[at].split()
    if len(values) != _BODY_VALUES:
        raise InputError(
            f"{path}: line {at + 1}: expected {_BODY_VALUES} values of a body, got {len(values)}"
        )
    if _count(path, lines, at + 1, "joints") != JOINTS:
        raise InputError(f"{path}: line {at + 2}: expected {JOINTS} joints")
    first = at + 2
    if len(lines) < first + JOINTS:
        raise InputError(f"{path}: line {len(lines) + 1}: the file ends in the middle of a body")
    joints = parse_rows(path, lines[first : first + JOINTS], _JOINT_VALUES, first + 1)
    known = np.isin(joints[:, _TRACKING_STATE], range(len(_CONFIDENCE)))
    if not known.all():
        line = first + 1 + int(known.argmin())
        raise InputError(f"{path}: line {line}: the last value (tracking) must be 0, 1 or 2")
    return values[0], joints


def _count(path: Path, lines: list[str], at: int, what: str) -> int:
    """Return the count (0 or more) that stands alone on the line with index `at`."""
    if at >= len(lines):
        raise InputError(
            f"{path}: line {at + 1}: the file ends where the number of {what} was expected"
        )
    try:
        number = int(lines[at])
    except ValueError:
        number = -1
    if number < 0:
        raise InputError(
            f"{path}: line {at + 1}: {lines[at].strip()!r} is not the number of {what}"
        )
    return number
