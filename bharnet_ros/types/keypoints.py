"""Body and hand keypoints of people in one frame, and of one person over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.sensor_readings import Readings

BODY_LANDMARKS = 33
HAND_LANDMARKS = 21
LEFT_HAND = 0
RIGHT_HAND = 1

NANOSECONDS = 1_000_000_000
"""Nanoseconds in a second. Stamps are whole nanoseconds, as in ROS."""

FloatArray = npt.NDArray[np.floating]


def absent(*shape: int) -> FloatArray:
    """Return a float32 array of NaN, which marks a part that was not found."""
    return np.full(shape, np.nan, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class PersonKeypoints:
    """Keypoints of one person in one frame; a part that was not found is NaN, never zero.

    Image coordinates are pixels with the origin at the top left corner of the image, x right and
    y down; z has the same scale as x and grows away from the camera (body: relative to the hips,
    hand: relative to its wrist). World coordinates are metres in the same axes (REP-103 optical
    frame orientation), with the origin between the hips (body) or at the centre of the hand.
    Camera coordinates are metres in the same axes with the origin at the camera; they need a depth
    camera.

    Attributes:
        track_id: Identity of the person over time.
        body: (33, 4) x, y, z in pixels and visibility in 0..1; NaN coordinates and zero
            visibility where absent. MediaPipe Pose numbering.
        hands: (2, 21, 3) x, y, z in pixels, left hand first. MediaPipe Hands numbering.
        hand_scores: (2,) presence score in 0..1 of each hand, 0 where absent.
        body_world: (33, 3) metres.
        hands_world: (2, 21, 3) metres.
        body_camera: (33, 3) metres, NaN where the depth is unknown.
        hands_camera: (2, 21, 3) metres, NaN where the depth is unknown.
    """

    track_id: str
    body: FloatArray = field(default_factory=lambda: absent_body())
    hands: FloatArray = field(default_factory=lambda: absent(2, HAND_LANDMARKS, 3))
    hand_scores: FloatArray = field(default_factory=lambda: np.zeros(2, dtype=np.float32))
    body_world: FloatArray = field(default_factory=lambda: absent(BODY_LANDMARKS, 3))
    hands_world: FloatArray = field(default_factory=lambda: absent(2, HAND_LANDMARKS, 3))
    body_camera: FloatArray = field(default_factory=lambda: absent(BODY_LANDMARKS, 3))
    hands_camera: FloatArray = field(default_factory=lambda: absent(2, HAND_LANDMARKS, 3))

    def __post_init__(self) -> None:
        """Check every shape.

        Raises:
            InputError: An array does not have the shape documented above.
        """
        shapes = {
            "body": (BODY_LANDMARKS, 4),
            "hands": (2, HAND_LANDMARKS, 3),
            "hand_scores": (2,),
            "body_world": (BODY_LANDMARKS, 3),
            "hands_world": (2, HAND_LANDMARKS, 3),
            "body_camera": (BODY_LANDMARKS, 3),
            "hands_camera": (2, HAND_LANDMARKS, 3),
        }
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise InputError(f"{name}: expected shape {shape}, got {found}")

    @property
    def body_present(self) -> bool:
        """Whether any body landmark was found."""
        return bool(np.isfinite(self.body[:, 0]).any())

    @property
    def hands_present(self) -> tuple[bool, bool]:
        """Whether the left and the right hand were found."""
        found = np.isfinite(self.hands[:, :, 0]).any(axis=1)
        return bool(found[LEFT_HAND]), bool(found[RIGHT_HAND])

    @property
    def depth_known(self) -> bool:
        """Whether any landmark has camera coordinates."""
        return bool(np.isfinite(self.body_camera).any() or np.isfinite(self.hands_camera).any())


def absent_body() -> FloatArray:
    """Return a (33, 4) body that was not found: NaN coordinates, zero visibility."""
    body = absent(BODY_LANDMARKS, 4)
    body[:, 3] = 0.0
    return body


@dataclass(frozen=True, eq=False)
class FrameKeypoints:
    """Everyone seen in one camera frame.

    Attributes:
        stamp_ns: Capture time in nanoseconds.
        width: Image width in pixels.
        height: Image height in pixels.
        people: Keypoints of each person; may be empty.
        frame_id: Optical frame of the camera (REP-103).
    """

    stamp_ns: int
    width: int
    height: int
    people: tuple[PersonKeypoints, ...] = ()
    frame_id: str = ""


@dataclass(frozen=True, eq=False)
class KeypointSequence:
    """Keypoints of one person over T frames: the record that training and the robot share.

    Attributes:
        stamps: (T,) capture times in seconds, strictly increasing.
        body: (T, V, 4) x, y, z and confidence in 0..1 in the numbering of `body_layout`, NaN
            coordinates where absent. Pixels for image layouts, metres for depth-camera layouts.
        hands: (T, 2, 21, 3) pixels, left hand first, NaN where absent.
        hand_scores: (T, 2) presence score in 0..1, 0 where absent.
        width: Image width in pixels, 0 where there is no image.
        height: Image height in pixels, 0 where there is no image.
        body_layout: Name of a layout in `bharnet_ros.types.layouts`.
        label: Name of the action, where known.
        subject: Name of the person, where known.
        track_id: Track of the person, where there is one.
        crops: Crops around the hands or the body, where images were kept.
        readings: Readings of other sensors, by the name of the stream that takes them.
    """

    stamps: FloatArray
    body: FloatArray
    hands: FloatArray
    hand_scores: FloatArray
    width: int = 0
    height: int = 0
    body_layout: str = "mediapipe_body"
    label: str | None = None
    subject: str | None = None
    track_id: str = ""
    crops: CropSequence | None = None
    readings: Mapping[str, Readings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check shapes and stamps.

        Raises:
            InputError: Lengths disagree, a shape is wrong or stamps do not increase.
        """
        if self.stamps.ndim != 1:
            raise InputError(f"stamps: expected (T,), got {self.stamps.shape}")
        frames = len(self.stamps)
        if frames == 0:
            raise InputError("stamps: a sequence needs at least one frame")
        if self.body.ndim != 3 or self.body.shape[0] != frames or self.body.shape[2] != 4:
            raise InputError(f"body: expected ({frames}, V, 4), got {self.body.shape}")
        if self.hands.shape != (frames, 2, HAND_LANDMARKS, 3):
            raise InputError(
                f"hands: expected {(frames, 2, HAND_LANDMARKS, 3)}, got {self.hands.shape}"
            )
        if self.hand_scores.shape != (frames, 2):
            raise InputError(f"hand_scores: expected {(frames, 2)}, got {self.hand_scores.shape}")
        if not np.all(np.diff(self.stamps) > 0):
            raise InputError("stamps: must increase strictly")

    @classmethod
    def of(
        cls, frames: Sequence[tuple[float, PersonKeypoints]], **attributes: Any
    ) -> KeypointSequence:
        """Return one person over T frames, body in pixels.

        Args:
            frames: T pairs of a stamp in seconds and the person at that time.
            **attributes: Further attributes of the sequence, such as its label.

        Raises:
            InputError: There are no frames, or their stamps do not increase.
        """
        if not frames:
            raise InputError("frames: a sequence needs at least one")
        people = [person for _, person in frames]
        return cls(
            stamps=np.asarray([stamp for stamp, _ in frames]),
            body=np.stack([person.body for person in people]),
            hands=np.stack([person.hands for person in people]),
            hand_scores=np.stack([person.hand_scores for person in people]),
            **attributes,
        )

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.stamps)

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return float(self.stamps[-1] - self.stamps[0])
