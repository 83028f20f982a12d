"""The keypoint file that `bharnet data extract` writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import open_npz, read_numbers
from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    FloatArray,
    KeypointSequence,
)

_SUFFIX = ".npz"


@dataclass(frozen=True, eq=False)
class ClipKeypoints:
    """Keypoints of the person in view, one row per frame of a clip.

    Attributes:
        stamp: (F,) float64 seconds from the start of the clip, strictly increasing.
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
            InputError: A shape is not as documented above, or stamps do not increase.
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
                raise InputError(f"{name}: expected shape {shape}, got {found}")
        if not np.all(np.diff(self.stamp) > 0):
            raise InputError("stamp: must increase strictly")

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.stamp)

    def save(self, path: str | Path) -> None:
        """Write an .npz file; an interrupted write leaves the old file, or none.

        Raises:
            InputError: The name does not end in .npz.
            OSError: The file cannot be written.
        """
        path = check_name(path)
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
            InputError: The file is not a keypoint file.
            OSError: The file cannot be opened, for example because it does not exist.
        """
        with open_npz(Path(path), "not the keypoints of a clip") as arrays:
            return cls(
                stamp=read_numbers(arrays, "stamp"),
                body=read_numbers(arrays, "body"),
                hands=read_numbers(arrays, "hands"),
                hand_scores=read_numbers(arrays, "hand_scores"),
                width=int(arrays["width"]),
                height=int(arrays["height"]),
            )

    def sequence(self) -> KeypointSequence:
        """Return the clip as the record that training and recognition share.

        Raises:
            InputError: The clip has no frames.
        """
        return KeypointSequence(
            stamps=self.stamp,
            body=self.body,
            hands=self.hands,
            hand_scores=self.hand_scores,
            width=self.width,
            height=self.height,
        )


def check_name(path: str | Path) -> Path:
    """Check the path of a keypoint file to write, before any work is done for it.

    Raises:
        InputError: The name does not end in .npz.
        FileNotFoundError: The folder does not exist.
    """
    path = Path(path)
    if path.suffix != _SUFFIX:
        raise InputError(f"out: {path} must end in {_SUFFIX}")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"out: folder {path.absolute().parent} does not exist")
    return path
