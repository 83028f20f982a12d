"""Reader of PKU-MMD: long recordings of many actions, as text with 150 numbers per frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import ClipDataset, RecordedClip, metric_sequence
from bharnet_ros.datasets.readers.added_hands import HandFiles
from bharnet_ros.datasets.readers.pku_mmd.actions import PKU_ACTIONS
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import parse_rows, read_lines
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.timeline import TrueAction

FRAME_RATE = 30.0
"""Frames per second, according to the data set's own description."""

_PEOPLE = 2
_JOINTS = 25
_VALUES = _PEOPLE * _JOINTS * 3
_NAME = re.compile(r"(?:\d{4}|A\d{2}(N\d{2}))-([LMR])")
_SPLIT_FILES = {"x_sub": "cross-subject", "x_view": "cross-view"}


class PkuMmd(ClipDataset):
    """Recordings of PKU-MMD; each action in them is a clip.

    A recording is named like `0002-L` or `A01N02-L`: content and person, and the left, middle or
    right camera. A clip is named after its recording and the line of its label.

    Attributes:
        actions: (N,) the action of each clip, in seconds from the start of its recording.
        names: (N,) like `0002-L_003`.
        labels: (N,) name in `PKU_ACTIONS`.
        subjects: (N,) like `N02`; empty in phase 1, whose names do not contain the person.
        recordings: (N,) name of the recording of each clip.
    """

    def __init__(
        self,
        skeletons: Path,
        labels: Path,
        *,
        splits: Path | None = None,
        hands: Path | None = None,
    ) -> None:
        """Read the labels; skeletons are read when they are needed.

        Args:
            skeletons: Folder of `<recording>.txt`.
            labels: Folder of `<recording>.txt`.
            splits: Folder of the lists that define the protocols.
            hands: Folder of keypoints that `bharnet data extract` wrote for the videos.

        Raises:
            InputError: There are no labels, or a file of labels is broken or has no skeletons;
                names file and line.
            OSError: A file cannot be read.
        """
        self._skeletons = {path.stem: path for path in sorted(skeletons.glob("*.txt"))}
        self._splits = splits
        actions: list[TrueAction] = []
        names: list[str] = []
        recordings: list[str] = []
        for path in sorted(labels.glob("*.txt")):
            if not _NAME.fullmatch(path.stem):
                raise InputError(f"{path}: is not a recording name of PKU-MMD, like 0002-L")
            if path.stem not in self._skeletons:
                raise InputError(f"{path}: has no skeletons, {skeletons / path.name}")
            for line, action in read_labels(path):
                actions.append(action)
                names.append(f"{path.stem}_{line:03d}")
                recordings.append(path.stem)
        if not actions:
            raise InputError(f"{labels}: has no labels, files like 0002-L.txt")
        self.actions = tuple(actions)
        self.names = np.asarray(names)
        self.labels = np.asarray([action.label for action in actions])
        self.recordings = np.asarray(recordings)
        self.subjects = np.asarray([_subject(str(name)) for name in self.recordings])
        self._hands = HandFiles.of(hands, set(self.recordings.tolist()))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the actions, class 1 first."""
        return PKU_ACTIONS

    @property
    def protocols(self) -> tuple[str, ...]:
        """The published protocols; each is defined by a file that came with the data set."""
        return tuple(_SPLIT_FILES)

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips, by the lists of recordings in the file."""
        if file is None:
            file = self._split_file(protocol)
        training, testing = read_split(file)
        return np.isin(self.recordings, training), np.isin(self.recordings, testing)

    def clip(self, index: int) -> RecordedClip:
        """Read one action; people who appear in none of its frames are left out.

        Raises:
            InputError: The file of its recording is broken; names file and line.
            OSError: The file cannot be read.
        """
        recording, name = str(self.recordings[index]), str(self.names[index])
        path = self._skeletons[recording]
        frames = read_skeletons(path)
        wanted = _frames(self.actions[index])
        if wanted.start >= len(frames):
            raise InputError(
                f"{path}: line {len(frames) + 1}: the file ends before {name} begins, in "
                f"frame {wanted.start}"
            )
        kept = slice(wanted.start, min(wanted.stop, len(frames)))
        return self._cut(recording, name, str(self.labels[index]), frames, kept)

    def windows(self, recording: str, window_s: float, stride_s: float) -> Iterator[RecordedClip]:
        """Cut a whole recording into windows, for detection.

        A window has the label of the action that fills most of it if that action fills at least
        half of it, and is background otherwise. Stamps count from the start of the recording. The
        first window ends `window_s` after the start, the last one less than a stride before the
        last frame or at it.

        Args:
            recording: One of `recordings`.
            window_s: Length of a window, seconds.
            stride_s: Time from one window to the next, seconds.

        Raises:
            InputError: The recording is unknown, a length is less than a frame, or the file is
                broken; names file and line.
            OSError: The file cannot be read.
        """
        if recording not in self._skeletons:
            raise InputError(f"recording: {recording!r} is unknown")
        length, stride = round(window_s * FRAME_RATE), round(stride_s * FRAME_RATE)
        if length < 1 or stride < 1:
            raise InputError("window_s, stride_s: must each be at least a frame, 1/30 s")
        frames = read_skeletons(self._skeletons[recording])
        inside = np.flatnonzero(self.recordings == recording)
        actions = [_frames(self.actions[index]) for index in inside]
        for first in range(0, max(len(frames) - length, 0) + 1, stride):
            window = slice(first, min(first + length, len(frames)))
            overlaps = [
                min(one.stop, window.stop) - max(one.start, window.start) for one in actions
            ]
            best = int(np.argmax(overlaps)) if overlaps else -1
            filled = best >= 0 and 2 * overlaps[best] >= window.stop - window.start
            label = str(self.labels[inside[best]]) if filled else BACKGROUND
            yield self._cut(recording, f"{recording}_frame_{first:05d}", label, frames, window)

    def _cut(
        self,
        recording: str,
        name: str,
        label: str,
        frames: npt.NDArray[np.float32],
        kept: slice,
    ) -> RecordedClip:
        subject = _subject(recording)
        stamps = np.arange(kept.start, kept.stop) / FRAME_RATE
        people = _people(frames[kept], stamps, label, subject)
        return RecordedClip(
            name=name,
            people=self._hands.given_to(people, recording),
            label=label,
            subject=subject,
            camera=recording[-1],
        )

    def _split_file(self, protocol: str) -> Path:
        """Return the file beside the data that defines the protocol."""
        stem = _SPLIT_FILES[protocol]
        found = sorted(self._splits.rglob(f"{stem}*.txt")) if self._splits else []
        if len(found) != 1:
            raise InputError(
                f"protocol: {protocol} needs the data set's {stem}.txt; found {len(found)} of them"
            )
        return found[0]


def read_pku_mmd(root: Path, *, hands: Path | None = None) -> PkuMmd:
    """Open the folder in which the archives of PKU-MMD were unpacked.

    The folder must contain exactly one folder of text files with "skeleton" in its name and one
    with "label", at any depth. The lists of the splits may be anywhere in it.

    Raises:
        InputError: One of these folders is missing or ambiguous, or a file is broken; names it.
        OSError: A file cannot be read.
    """
    folders = sorted({path.parent for path in root.rglob("*.txt")})

    def only(word: str) -> Path:
        found = [folder for folder in folders if word in folder.name.lower()]
        if len(found) != 1:
            names = ", ".join(str(folder) for folder in found) or "none"
            raise InputError(
                f"{root}: needs one folder of text files with {word!r} in its name; has {names}"
            )
        return found[0]

    return PkuMmd(only("skeleton"), only("label"), splits=root, hands=hands)


def read_labels(path: Path) -> list[tuple[int, TrueAction]]:
    """Read the actions of a recording: one line `class,start,end,confidence` for each.

    The data set does not say whether frames count from 0 or 1. Here they count from 0, and the end
    belongs to the action; either may be wrong by a frame. The confidence says how well the action
    was performed; it is checked but not kept.

    Returns:
        Line number and action, from the stamp of its first frame to the stamp of its last.

    Raises:
        InputError: A line has another form; names file and line.
        OSError: The file cannot be read.
    """
    actions = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            action, first, last = (int(part) for part in line.split(",")[:3])
            (_,) = (float(part) for part in line.split(",")[3:])
            start_s, end_s = first / FRAME_RATE, last / FRAME_RATE
        except (ValueError, OverflowError):
            raise InputError(
                f"{path}: line {number}: expected class,start,end,confidence, got {line.strip()!r}"
            ) from None
        if not 1 <= action <= len(PKU_ACTIONS):
            raise InputError(
                f"{path}: line {number}: class: must be 1 to {len(PKU_ACTIONS)}, got {action}"
            )
        if not 0 <= first <= last:
            raise InputError(
                f"{path}: line {number}: start, end: {first} to {last} is not an interval"
            )
        actions.append((number, TrueAction(PKU_ACTIONS[action - 1], start_s, end_s)))
    return actions


def _frames(action: TrueAction) -> range:
    """Return the frames of an action, its last one included."""
    return range(round(action.start_s * FRAME_RATE), round(action.end_s * FRAME_RATE) + 1)


@lru_cache(maxsize=2)
def read_skeletons(path: Path) -> npt.NDArray[np.float32]:
    """Read a recording; the last two are cached, since actions are read one by one.

    Each line is a frame: x, y, z in metres of 25 joints of the first person, then of the second;
    all zero where there is no person.

    Returns:
        (F, 2, 25, 3).

    Raises:
        InputError: A line has another form, or the file is empty; names file and line.
        OSError: The file cannot be read.
    """
    lines = read_lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InputError(f"{path}: line 1: the file is empty")
    frames = parse_rows(path, lines, _VALUES, 1).reshape(-1, _PEOPLE, _JOINTS, 3)
    frames.setflags(write=False)
    return frames


def read_split(path: Path) -> tuple[list[str], list[str]]:
    """Read the recordings to train on and to test on.

    Each part begins with a line that ends in "videos:". The first starts with "Training", the
    second with "Validation" or a misspelling of it. Names follow, separated by commas.

    Raises:
        InputError: A name is not that of a recording, or a part is missing; names file and line.
        OSError: The file cannot be read.
    """
    parts: dict[str, list[str]] = {"training": [], "validation": []}
    current: list[str] | None = None
    for number, line in enumerate(read_lines(path), start=1):
        text = line.strip()
        if text.lower().endswith("videos:"):
            current = parts["training" if text.lower().startswith("train") else "validation"]
            continue
        for name in filter(None, (part.strip() for part in text.split(","))):
            if current is None or not _NAME.fullmatch(name):
                raise InputError(f"{path}: line {number}: {name!r} is not the name of a recording")
            current.append(name)
    for part, names in parts.items():
        if not names:
            raise InputError(f"{path}: has no {part} videos")
    return parts["training"], parts["validation"]


def _subject(recording: str) -> str:
    """Return the person in a recording, empty if its name does not contain one."""
    match = _NAME.fullmatch(recording)
    return (match[1] or "") if match else ""


def _people(
    frames: npt.NDArray[np.float32],
    stamps: npt.NDArray[np.floating],
    label: str,
    subject: str,
) -> tuple[KeypointSequence, ...]:
    """Return the people in these frames (F, 2, 25, 3); the first person if nobody is visible."""
    seen = frames.any((0, 2, 3)).nonzero()[0].tolist() or [0]
    return tuple(
        metric_sequence(frames[:, person], stamps, "kinect_v2", label, subject if not place else "")
        for place, person in enumerate(seen)
    )
