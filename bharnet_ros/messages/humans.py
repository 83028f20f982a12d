"""People as REP-155 and hri_msgs describe them: ids, skeleton, region, gesture; without ROS."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence

import numpy as np

from bharnet_ros.types.actions import Hand
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray
from bharnet_ros.types.places import Box

LEFT_SHOULDER, RIGHT_SHOULDER = 11, 12

SKELETON_LANDMARKS: Mapping[str, tuple[int, ...]] = {
    "NOSE": (0,),
    "NECK": (LEFT_SHOULDER, RIGHT_SHOULDER),
    "RIGHT_SHOULDER": (RIGHT_SHOULDER,),
    "RIGHT_ELBOW": (14,),
    "RIGHT_WRIST": (16,),
    "LEFT_SHOULDER": (LEFT_SHOULDER,),
    "LEFT_ELBOW": (13,),
    "LEFT_WRIST": (15,),
    "RIGHT_HIP": (24,),
    "RIGHT_KNEE": (26,),
    "RIGHT_ANKLE": (28,),
    "LEFT_HIP": (23,),
    "LEFT_KNEE": (25,),
    "LEFT_ANKLE": (27,),
    "LEFT_EYE": (2,),
    "RIGHT_EYE": (5,),
    "LEFT_EAR": (7,),
    "RIGHT_EAR": (8,),
}
"""Points of hri_msgs/Skeleton2D in its order, and the body landmarks whose middle each is."""

_RAISED = {
    Hand.LEFT: "LEFT_HAND_RAISED",
    Hand.RIGHT: "RIGHT_HAND_RAISED",
    Hand.BOTH: "BOTH_HANDS_RAISED",
}
_RAISED_LABELS = ("hand_raised", "hands_raised", "raise_hand", "raised_hand", "raising_hand")

GESTURE_NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("hello", "wave", "waving", "hi", "bye", "goodbye", "greeting"),
        "WAVING",
    ),
    **dict.fromkeys(("arms_crossed", "crossed_arms", "cross_arms", "folding_arms"), "ARMS_CROSSED"),
    **dict.fromkeys(("hands_on_face", "hand_on_face", "facepalm"), "HANDS_ON_FACE"),
}
"""Labels of actions that have a name in hri_msgs/Gesture."""

HRI_GESTURES = ("OTHER", *sorted({*GESTURE_NAMES.values(), *_RAISED.values()}))
"""Names in hri_msgs/Gesture."""

ID_LENGTH = 5
"""Letters of an id, as REP-155 recommends."""


def skeleton_points(body: FloatArray, width: int, height: int) -> FloatArray:
    """Return the points of hri_msgs/Skeleton2D (18, 3): x and y as shares 0..1, confidence 0..1.

    A point that was not found or lies outside the image has zeros.

    Args:
        body: (33, 4) x, y, z in pixels and visibility, MediaPipe Pose numbering.
        width: Image width in pixels.
        height: Image height in pixels.
    """
    points = np.zeros((len(SKELETON_LANDMARKS), 3), dtype=np.float32)
    for row, landmarks in enumerate(SKELETON_LANDMARKS.values()):
        found = body[list(landmarks)]
        x, y = found[:, :2].mean(0) / (width, height)
        # Not true of NaN either.
        if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0:
            points[row] = x, y, min(1.0, max(0.0, float(found[:, 3].min())))
    return points


def region_corners(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    """Return xmin, ymin, xmax, ymax of a box in pixels, as shares 0..1 of the image.

    Args:
        box: A box within the image.
        width: Image width in pixels.
        height: Image height in pixels.
    """
    left, top, wide, high = box
    return left / width, top / height, (left + wide) / width, (top + high) / height


def gesture_name(label: str, hand: Hand, names: Mapping[str, str] = GESTURE_NAMES) -> str | None:
    """Return the name of an action in hri_msgs/Gesture; None if it has none.

    Args:
        label: Name of the action; case, spaces and hyphens do not matter.
        hand: The hand that acts.
        names: Names of labels.
    """
    plain = _plain(label)
    if plain in names:
        return names[plain]
    return _RAISED.get(hand) if plain in _RAISED_LABELS else None


def parse_gesture_names(texts: Sequence[str]) -> dict[str, str]:
    """Return the names of labels: those of the package, and LABEL=NAME for each text.

    Args:
        texts: Empty ones are skipped.

    Raises:
        InputError: A text has another form, or a name that is not one of hri_msgs/Gesture.
    """
    names = dict(GESTURE_NAMES)
    for text in texts:
        label, equals, name = text.partition("=")
        if not text:
            continue
        if not equals or not label.strip():
            raise InputError(f"gesture_names: {text!r} is not LABEL=NAME")
        if name.strip() not in HRI_GESTURES:
            raise InputError(
                f"gesture_names: {text!r}: {name.strip()!r} is not one of {', '.join(HRI_GESTURES)}"
            )
        names[_plain(label)] = name.strip()
    return names


def _plain(label: str) -> str:
    return label.strip().lower().replace(" ", "_").replace("-", "_")


class BodyIds:
    """Gives each track a random body id, which nobody else gets while this process lives."""

    def __init__(self) -> None:
        """Start without people."""
        self._ids: dict[str, str] = {}
        self._given: set[str] = set()
        self._seen_ns: dict[str, int] = {}

    @property
    def current(self) -> dict[str, str]:
        """Ids by track."""
        return dict(self._ids)

    def of(self, track_id: str, stamp_ns: int) -> str:
        """Return the id of a track, a new one for a new track.

        Args:
            track_id: The track.
            stamp_ns: Time at which it is seen, nanoseconds.
        """
        self._seen_ns[track_id] = stamp_ns
        if track_id not in self._ids:
            name = _random_letters()
            while name in self._given:
                name = _random_letters()
            self._given.add(name)
            self._ids[track_id] = name
        return self._ids[track_id]

    def forget_unseen(self, stamp_ns: int, timeout_ns: int) -> list[str]:
        """Give up and return the ids of tracks that were not seen for some time.

        Args:
            stamp_ns: The time now. Tracks that were seen later are given up too: time went back.
            timeout_ns: Longest time without being seen.
        """
        gone = [
            track_id
            for track_id, seen_ns in self._seen_ns.items()
            if not 0 <= stamp_ns - seen_ns <= timeout_ns
        ]
        for track_id in gone:
            del self._seen_ns[track_id]
        return [self._ids.pop(track_id) for track_id in gone]

    def forget_all(self) -> list[str]:
        """Give up and return all ids."""
        gone = list(self._ids.values())
        self._ids.clear()
        self._seen_ns.clear()
        return gone


def _random_letters() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(ID_LENGTH))
