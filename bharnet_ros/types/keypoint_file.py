"""The keypoint file that `bharnet data extract` writes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import open_npz, read_numbers, write_whole
from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    NANOSECONDS,
    FloatArray,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
    absent,
    absent_body,
)
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_MIRROR

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
        body_camera: (F, 33, 3) float32 metres in camera coordinates, NaN where the depth is
            unknown; None without a depth camera.
        motion: Begin and end of the motion that the clip shows between two rests, in seconds of
            `stamp`; None if the whole clip is the motion.
    """

    stamp: FloatArray
    body: FloatArray
    hands: FloatArray
    hand_scores: FloatArray
    width: int
    height: int
    body_camera: FloatArray | None = None
    motion: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check every shape.

        Raises:
            InputError: A shape is not as documented above, stamps do not increase, or the motion
                does not lie within them.
        """
        frames = len(self.stamp)
        shapes = {
            "stamp": (frames,),
            "body": (frames, BODY_LANDMARKS, 4),
            "hands": (frames, 2, HAND_LANDMARKS, 3),
            "hand_scores": (frames, 2),
        }
        if self.body_camera is not None:
            shapes["body_camera"] = (frames, BODY_LANDMARKS, 3)
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise InputError(f"{name}: expected shape {shape}, got {found}")
        if not np.all(np.diff(self.stamp) > 0):
            raise InputError("stamp: must increase strictly")
        if self.motion is not None:
            start, end = self.motion
            if not frames or not self.stamp[0] <= start < end <= self.stamp[-1]:
                raise InputError(f"motion: must lie within the clip, got {start} to {end}")

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.stamp)

    def save(self, path: str | Path) -> None:
        """Write an .npz file; an interrupted write leaves the old file, or none.

        Raises:
            InputError: The name does not end in .npz.
            OSError: The file cannot be written.
        """
        write_whole(check_name(path), self.to_bytes())

    @cached_property
    def sha256(self) -> str:
        """Hash of the content of the file."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the content of the file; the same clip gives the same bytes."""
        arrays: dict[str, object] = {
            "stamp": self.stamp,
            "body": self.body,
            "hands": self.hands,
            "hand_scores": self.hand_scores,
            "width": self.width,
            "height": self.height,
        }
        if self.body_camera is not None:
            arrays["body_camera"] = self.body_camera
        if self.motion is not None:
            arrays["motion"] = np.asarray(self.motion, dtype=np.float64)
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        return content.getvalue()

    @classmethod
    def load(cls, path: str | Path) -> ClipKeypoints:
        """Read a file that `save` wrote.

        Raises:
            InputError: The file is not a keypoint file.
            OSError: The file cannot be opened, for example because it does not exist.
        """
        return cls._read(Path(path))

    @classmethod
    def from_bytes(cls, content: bytes) -> ClipKeypoints:
        """Read the content of a file, which `to_bytes` returned.

        Raises:
            InputError: It is not that of a keypoint file.
        """
        return cls._read(io.BytesIO(content))

    @classmethod
    def _read(cls, file: Path | io.BytesIO) -> ClipKeypoints:
        with open_npz(file, "not the keypoints of a clip") as arrays:
            motion = read_numbers(arrays, "motion") if "motion" in arrays.files else None
            if motion is not None and motion.shape != (2,):
                raise InputError(f"motion: expected shape (2,), got {motion.shape}")
            return cls(
                stamp=read_numbers(arrays, "stamp"),
                body=read_numbers(arrays, "body"),
                hands=read_numbers(arrays, "hands"),
                hand_scores=read_numbers(arrays, "hand_scores"),
                width=int(arrays["width"]),
                height=int(arrays["height"]),
                body_camera=(
                    read_numbers(arrays, "body_camera") if "body_camera" in arrays.files else None
                ),
                motion=None if motion is None else (float(motion[0]), float(motion[1])),
            )

    def mirrored(self) -> ClipKeypoints:
        """Return the clip of a person who does the same with the other side of the body.

        Left and right change places, as in a mirror; coordinates stay in the image.
        """
        other_side = list(MEDIAPIPE_BODY_MIRROR)
        body, hands = self.body[:, other_side].copy(), self.hands[:, ::-1].copy()
        for values in (body, hands):
            values[..., 0] = self.width - values[..., 0]
        camera = None
        if self.body_camera is not None:
            camera = self.body_camera[:, other_side].copy()
            camera[..., 0] *= -1.0
        return replace(
            self,
            body=body,
            hands=hands,
            hand_scores=self.hand_scores[:, ::-1].copy(),
            body_camera=camera,
        )

    def frames(self) -> Iterator[tuple[int, PersonKeypoints]]:
        """Yield the stamp in nanoseconds and the person of each frame, as a camera shows them."""
        for place, stamp in enumerate(self.stamp):
            camera = {} if self.body_camera is None else {"body_camera": self.body_camera[place]}
            yield (
                round(stamp * NANOSECONDS),
                PersonKeypoints(
                    track_id="",
                    body=self.body[place],
                    hands=self.hands[place],
                    hand_scores=self.hand_scores[place],
                    **camera,
                ),
            )

    def motion_sequence(self) -> KeypointSequence:
        """Return the motion alone, or the whole clip if that is the motion.

        Raises:
            InputError: The clip has no frames.
        """
        whole = self.sequence()
        if self.motion is None:
            return whole
        shown = (self.motion[0] <= self.stamp) & (self.stamp <= self.motion[1])
        columns = ("stamps", "body", "hands", "hand_scores")
        return replace(whole, **{name: getattr(whole, name)[shown] for name in columns})

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


def from_frames(
    frames: Sequence[FrameKeypoints], stamps: Sequence[float] | None = None
) -> ClipKeypoints:
    """Return the last-named person of each frame as a clip; frames without people are absent.

    Args:
        frames: At least one frame.
        stamps: Seconds of each frame from the start of the clip; None takes them from the frames.

    Raises:
        InputError: Stamps do not increase.
    """
    body = np.tile(absent_body(), (len(frames), 1, 1))
    hands = absent(len(frames), 2, HAND_LANDMARKS, 3)
    scores = np.zeros((len(frames), 2), dtype=np.float32)
    for row, frame in enumerate(frames):
        for person in frame.people:
            body[row] = person.body
            hands[row] = person.hands
            scores[row] = person.hand_scores
    if stamps is None:
        stamps = [(frame.stamp_ns - frames[0].stamp_ns) / NANOSECONDS for frame in frames]
    return ClipKeypoints(
        stamp=np.array(stamps, dtype=np.float64),
        body=body,
        hands=hands,
        hand_scores=scores,
        width=frames[0].width,
        height=frames[0].height,
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
