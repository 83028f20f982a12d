"""Keypoints of a whole clip: extraction with a progress bar, and the file that keeps them."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bharnet_ros.frames import Frame
from bharnet_ros.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    FloatArray,
    FrameKeypoints,
    KeypointSequence,
    absent,
    absent_body,
)
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.video import open_source

_SUFFIX = ".npz"


@dataclass(frozen=True, eq=False)
class ClipKeypoints:
    """Keypoints of the person in view, one row for each frame of a clip.

    Attributes:
        stamp: (F,) float64 seconds from the start of the clip, strictly rising.
        body: (F, 33, 4) float32 x, y, z in pixels and visibility in 0..1; NaN coordinates and
            zero visibility where absent.
        hands: (F, 2, 21, 3) float32 x, y, z in pixels, left hand first, NaN where absent.
        hand_scores: (F, 2) float32 presence score in 0..1, 0 where absent.
        width: Image width in pixels.
        height: Image height in pixels.
    """

    stamp: FloatArray
    body: FloatArray
    hands: FloatArray
    hand_scores: FloatArray
    width: int
    height: int

    def __post_init__(self) -> None:
        """Check every shape.

        Raises:
            ValueError: A shape is not as documented above, or stamps do not rise.
        """
        frames = len(self.stamp)
        shapes = {
            "stamp": (frames,),
            "body": (frames, BODY_LANDMARKS, 4),
            "hands": (frames, 2, HAND_LANDMARKS, 3),
            "hand_scores": (frames, 2),
        }
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {found}")
        if not np.all(np.diff(self.stamp) > 0):
            raise ValueError("stamp: must rise strictly")

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.stamp)

    def save(self, path: str | Path) -> None:
        """Write an .npz file; an interrupted run leaves the old file, or none.

        Raises:
            ValueError: The name does not end in .npz.
            OSError: The file cannot be written.
        """
        path = _checked_name(path)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}{_SUFFIX}")
        try:
            with temporary.open("wb") as file:
                np.savez_compressed(
                    file,
                    stamp=self.stamp,
                    body=self.body,
                    hands=self.hands,
                    hand_scores=self.hand_scores,
                    width=self.width,
                    height=self.height,
                )
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: str | Path) -> ClipKeypoints:
        """Read a file that `save` wrote.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file is no such file.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(
                    stamp=arrays["stamp"],
                    body=arrays["body"],
                    hands=arrays["hands"],
                    hand_scores=arrays["hand_scores"],
                    width=int(arrays["width"]),
                    height=int(arrays["height"]),
                )
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: no keypoints of a clip: {error}") from error

    def sequence(self) -> KeypointSequence:
        """Return the clip as the record that training and recognition share.

        Raises:
            ValueError: The clip has no frames.
        """
        return KeypointSequence(
            stamps=self.stamp,
            body=self.body,
            hands=self.hands,
            hand_scores=self.hand_scores,
            width=self.width,
            height=self.height,
        )


def extract_clip(
    source: str | Path, *, progress: bool = True, model_complexity: int = 1
) -> ClipKeypoints:
    """Extract the keypoints of the person in view from every frame of a clip.

    Args:
        source: A video file, a folder of images or "puppet:<script>" (see `open_source`).
        progress: Draw a progress bar on stderr.
        model_complexity: Of `PoseExtractor`.

    Raises:
        ValueError: The source cannot be decoded, is a live webcam, or has frames of two sizes.
        FileNotFoundError: The source does not exist.
    """
    stamps: list[float] = []
    found: list[FrameKeypoints] = []
    with PoseExtractor(model_complexity=model_complexity) as extractor:
        for frame, keypoints in extracted_frames(source, extractor, progress=progress):
            stamps.append(frame.time)
            found.append(keypoints)
    return _rows(stamps, found)


def extracted_frames(
    source: str | Path, extractor: PoseExtractor, *, progress: bool = True
) -> Iterator[tuple[Frame, FrameKeypoints]]:
    """Yield every frame of a clip with its keypoints.

    Args:
        source: As for `extract_clip`.
        extractor: Has seen nothing yet, or was reset.
        progress: Draw a progress bar on stderr.

    Raises:
        ValueError: As for `extract_clip`.
        FileNotFoundError: The source does not exist.
    """
    size = None
    with open_source(str(source)) as frames:
        if frames.live:
            raise ValueError(f"source: {source} is a webcam, which has no end")
        with tqdm(
            frames,
            total=frames.frame_count,
            desc=Path(source).name,
            unit="frame",
            disable=not progress,
        ) as bar:
            for frame in bar:
                keypoints = extractor.extract(frame.image, round(frame.time * 1e9))
                if size not in (None, (keypoints.width, keypoints.height)):
                    raise ValueError(
                        f"source: {source} changes its size at {frame.time:.3f} s, from "
                        f"{size[0]}x{size[1]} to {keypoints.width}x{keypoints.height}"
                    )
                size = keypoints.width, keypoints.height
                yield frame, keypoints
    if size is None:
        raise ValueError(f"source: {source} has no frame that can be decoded")


def _rows(stamps: list[float], found: list[FrameKeypoints]) -> ClipKeypoints:
    body = np.tile(absent_body(), (len(found), 1, 1))
    hands = absent(len(found), 2, HAND_LANDMARKS, 3)
    scores = np.zeros((len(found), 2), dtype=np.float32)
    for row, frame in enumerate(found):
        for person in frame.people:
            body[row] = person.body
            hands[row] = person.hands
            scores[row] = person.hand_scores
    return ClipKeypoints(
        stamp=np.array(stamps, dtype=np.float64),
        body=body,
        hands=hands,
        hand_scores=scores,
        width=found[0].width,
        height=found[0].height,
    )


def run(clip: str, out: str, progress: bool = True) -> int:
    """Extract a clip into a file and say what was found: the body of `bharnet extract`.

    Args:
        clip: See `extract_clip`.
        out: Path of the .npz file to write.
        progress: Draw a progress bar on stderr.

    Returns:
        Exit status: 0 done, 1 failed with a message on stderr.
    """
    try:
        _checked_name(out)
        keypoints = extract_clip(clip, progress=progress)
        keypoints.save(out)
    except (ValueError, OSError) as error:
        print(f"bharnet extract: {error}", file=sys.stderr)
        return 1
    bodies = np.isfinite(keypoints.body[:, 0, 0]).sum()
    left, right = np.isfinite(keypoints.hands[:, :, 0, 0]).sum(axis=0)
    print(
        f"{out}: {len(keypoints)} frames, body in {bodies}, "
        f"left hand in {left}, right hand in {right}"
    )
    return 0


def _checked_name(path: str | Path) -> Path:
    """Return the path of a file to write, before any work is done for it."""
    path = Path(path)
    if path.suffix != _SUFFIX:
        raise ValueError(f"out: {path} must end in {_SUFFIX}")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"out: folder {path.absolute().parent} does not exist")
    return path
