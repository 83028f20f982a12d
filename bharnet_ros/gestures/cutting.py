"""Cuts examples of a gesture out of a stream: one motion between two rests of one person."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FloatArray, PersonKeypoints
from bharnet_ros.types.layouts import SHOULDERS_PER_HAND

_NOSE, _SHOULDERS = 0, (11, 12)
_BODY_POINTS = (*_SHOULDERS, 13, 14, 15, 16)
"""Shoulders, elbows and wrists in MediaPipe's numbering."""

_LEAST_VISIBILITY = 0.5
_HAND_WRIST, _HAND_KNUCKLE = 0, 9
_FINGERTIPS = (4, 8, 12, 16, 20)
_HAND_WRISTS = tuple(len(_BODY_POINTS) + 1 + side * (1 + len(_FINGERTIPS)) for side in (0, 1))
"""Places of the wrists of both hands in a pose."""

_CAME_INTO_VIEW = 1.5
"""Distance of a hand that came into view, in units of what counts as motion."""


class CutState(Enum):
    """What the cutter waits for."""

    NOBODY = "nobody in view"
    WAITING_FOR_REST = "waiting for rest"
    READY = "show the gesture now"
    MOVING = "watching the gesture"
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True)
class CutSettings:
    """When a motion begins and ends.

    Attributes:
        arm: Distance from rest at which an arm has left it, in shoulder widths.
        head: The same for the nose, relative to the shoulders.
        finger: The same for fingertips, relative to their wrist, in hand sizes.
        return_share: Share of these distances within which a person is back at rest.
        still_s: How long a person must be still to be at rest, seconds.
        still_share: Share of the distances that a resting person may move within `still_s`.
        shortest_s: Shortest motion that is taken, seconds.
        longest_s: Longest motion that is taken, seconds.
        around_s: Rest kept before and after the motion, seconds.
        least_seen: Least share 0..1 of the frames of a motion that must show the body or a hand.
    """

    arm: float = 0.35
    head: float = 0.15
    finger: float = 0.5
    return_share: float = 0.8
    still_s: float = 0.4
    still_share: float = 0.5
    shortest_s: float = 0.25
    longest_s: float = 6.0
    around_s: float = 1.0
    least_seen: float = 0.5

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: One is not positive, or a share is above 1; names the field.
        """
        for name, value in vars(self).items():
            if not value > 0.0:
                raise InputError(f"{name}: must be positive, got {value}")
        for name in ("return_share", "still_share", "least_seen"):
            if getattr(self, name) > 1.0:
                raise InputError(f"{name}: must not be above 1, got {getattr(self, name)}")
        if self.shortest_s >= self.longest_s:
            raise InputError("shortest_s: must be below longest_s")


@dataclass(frozen=True, eq=False)
class Cut:
    """One motion between two rests.

    Attributes:
        frames: Stamp in nanoseconds and person of each frame, with rest before and after.
        start_ns: When the motion began.
        end_ns: When it ended.
        body_share: Share 0..1 of the frames of the motion that show the body.
        hand_share: Share 0..1 of them that show a hand.
    """

    frames: Sequence[tuple[int, PersonKeypoints]]
    start_ns: int
    end_ns: int
    body_share: float
    hand_share: float

    @property
    def duration_s(self) -> float:
        """Length of the motion, seconds."""
        return (self.end_ns - self.start_ns) / NANOSECONDS


@dataclass(frozen=True)
class CutStep:
    """What one frame led to.

    Attributes:
        state: What the cutter waits for now, or that a motion ended with this frame.
        cut: The motion, if it was taken.
        reason: Why a motion was refused, in words for the person in view.
    """

    state: CutState
    cut: Cut | None = None
    reason: str = ""


class MotionCutter:
    """Watches one person, frame by frame, and cuts motions out between two rests.

    Rest is a pose, not only stillness: a gesture that is held still for a while has not ended. The
    pose of rest is the one in which the person was still before the motion began.
    """

    def __init__(self, settings: CutSettings | None = None) -> None:
        """Start with nobody in view."""
        self.settings = settings or CutSettings()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a change of person."""
        self._frames: deque[tuple[int, PersonKeypoints, FloatArray]] = deque()
        self._rest: FloatArray | None = None
        self._started: int | None = None

    def push(self, stamp_ns: int, person: PersonKeypoints | None) -> CutStep:
        """Add a frame.

        Args:
            stamp_ns: Capture time, nanoseconds.
            person: The person; None if they are not in view.

        Raises:
            InputError: The stamp is not newer than that of the frame before.
        """
        if person is None:
            lost = self._started is not None
            self.reset()
            if lost:
                return CutStep(CutState.REFUSED, reason="you left the view during the gesture")
            return CutStep(CutState.NOBODY)
        if self._frames and stamp_ns <= self._frames[-1][0]:
            raise InputError(f"stamp_ns: {stamp_ns} is not after {self._frames[-1][0]}")
        self._frames.append((stamp_ns, person, self._pose(person)))
        still_pose = self._still_pose(stamp_ns)
        if self._started is None:
            return self._at_rest(stamp_ns, still_pose)
        if self._seconds_since(self._started, stamp_ns) > self.settings.longest_s:
            self._restart()
            return CutStep(
                CutState.REFUSED,
                reason=f"it took longer than {self.settings.longest_s:g} s; return to rest after "
                "each gesture",
            )
        rested_s = self._seconds_since(self._returned_to_rest(), stamp_ns)
        if still_pose is not None and rested_s >= self.settings.still_s:
            return self._finish()
        return CutStep(CutState.MOVING)

    def _at_rest(self, stamp_ns: int, still_pose: FloatArray | None) -> CutStep:
        """Follow the pose of rest; see whether a motion begins."""
        # Rest drifts, but a hand that is raised slowly has left it.
        if still_pose is not None and (
            self._rest is None or self._distance(still_pose) <= self.settings.still_share
        ):
            self._rest = still_pose
        self._drop_before(stamp_ns - round(self._kept_s * NANOSECONDS))
        if self._rest is None:
            return CutStep(CutState.WAITING_FOR_REST)
        if self._distance(self._frames[-1][2]) <= 1.0:
            return CutStep(CutState.READY)
        self._started = self._leaving_rest()
        return CutStep(CutState.MOVING)

    def _finish(self) -> CutStep:
        """Return the motion that ended, or why it cannot be taken."""
        assert self._started is not None
        start, end = self._started, self._returned_to_rest()
        settings = self.settings
        moving = [person for stamp, person, _ in self._frames if start <= stamp <= end]
        body = float(np.mean([person.body_present for person in moving]))
        hand = float(np.mean([any(person.hands_present) for person in moving]))
        around = round(settings.around_s * NANOSECONDS)
        frames = [
            (stamp, person)
            for stamp, person, _ in self._frames
            if start - around <= stamp <= end + around
        ]
        self._restart(self._rest)
        if (end - start) / NANOSECONDS < settings.shortest_s:
            if (end - start) / NANOSECONDS < settings.shortest_s / 2:
                # A landmark or a hand that was found wrongly for a moment is no motion.
                return CutStep(CutState.READY)
            return CutStep(CutState.REFUSED, reason="it was too short to be told from a twitch")
        if max(body, hand) < settings.least_seen:
            return CutStep(
                CutState.REFUSED, reason="neither body nor hands were seen for most of it"
            )
        return CutStep(CutState.TAKEN, Cut(frames, start, end, body, hand))

    def _restart(self, rest: FloatArray | None = None) -> None:
        """Wait for the next motion, from this pose of rest if it is known.

        The frames at the end may belong to the rest before it.
        """
        newest = self._frames[-1][0]
        self._started = None
        self._rest = rest
        self._drop_before(newest - round(self.settings.still_s * NANOSECONDS))

    @property
    def _kept_s(self) -> float:
        """Seconds of rest that are kept."""
        return self.settings.around_s + 2 * self.settings.still_s

    def _drop_before(self, stamp_ns: int) -> None:
        while len(self._frames) > 1 and self._frames[0][0] < stamp_ns:
            self._frames.popleft()

    def _pose(self, person: PersonKeypoints) -> FloatArray:
        """Return the pose as points (P, 2) whose unit is the distance that counts as motion.

        NaN where a point was not found.
        """
        settings = self.settings
        points: list[npt.NDArray[np.floating]] = []
        shoulders = person.body[list(_SHOULDERS)]
        width = np.linalg.norm(shoulders[0, :2] - shoulders[1, :2])
        sizes = np.linalg.norm(
            person.hands[:, _HAND_KNUCKLE, :2] - person.hands[:, _HAND_WRIST, :2], axis=1
        )
        seen = sizes[np.isfinite(sizes)]
        if not np.isfinite(width) or width < 1.0:
            width = SHOULDERS_PER_HAND * seen.max() if len(seen) else np.float64(np.nan)
        body = person.body[:, :2].astype(np.float64)
        body[~(person.body[:, 3] >= _LEAST_VISIBILITY)] = np.nan
        points.append(body[list(_BODY_POINTS)] / width / settings.arm)
        middle = body[list(_SHOULDERS)].mean(0)
        points.append(((body[_NOSE] - middle) / width / settings.head)[None])
        for hand, size in zip(person.hands.astype(np.float64), sizes, strict=True):
            points.append(hand[[_HAND_WRIST], :2] / width / settings.arm)
            tips = hand[list(_FINGERTIPS), :2] - hand[_HAND_WRIST, :2]
            points.append(tips / max(size, 1.0) / settings.finger if np.isfinite(size) else tips)
        return np.concatenate(points)

    def _distance(self, pose: FloatArray) -> float:
        """Return how far a pose is from rest; 1 and more has left it."""
        assert self._rest is not None
        return _farthest(pose, self._rest)

    def _recent(self, stamp_ns: int) -> list[FloatArray]:
        """Return the poses of the last `still_s`, none if they do not reach back that far."""
        since = stamp_ns - round(self.settings.still_s * NANOSECONDS)
        if self._frames[0][0] > since:
            return []
        return [pose for stamp, _, pose in self._frames if stamp >= since]

    def _still_pose(self, stamp_ns: int) -> FloatArray | None:
        """Return the median pose of the last `still_s`, None if the person moved meanwhile."""
        recent = self._recent(stamp_ns)
        if len(recent) < 3:
            return None
        middle = _median(recent)
        moved = [_farthest(pose, middle) for pose in recent]
        # A single wild landmark is no motion.
        still = float(np.quantile(moved, 0.8)) <= self.settings.still_share
        return middle if still else None

    def _leaving_rest(self) -> int:
        """Return when the pose last was near rest before the newest frame."""
        for stamp, _, pose in reversed(self._frames):
            if self._distance(pose) <= self.settings.still_share:
                return stamp
        return self._frames[0][0]

    def _returned_to_rest(self) -> int:
        """Return since when all newer poses have been near rest; a pose not seen is not."""
        assert self._rest is not None
        end = self._frames[-1][0]
        for stamp, _, pose in reversed(self._frames):
            seen = np.isfinite(pose - self._rest).all(1).any()
            if not seen or self._distance(pose) > self.settings.return_share:
                break
            end = stamp
        return end

    @staticmethod
    def _seconds_since(start_ns: int, stamp_ns: int) -> float:
        return (stamp_ns - start_ns) / NANOSECONDS


def _median(poses: Sequence[FloatArray]) -> FloatArray:
    """Return the median (P, 2) of poses; NaN where most of them lack a point."""
    stacked = np.stack(poses)
    found = np.isfinite(stacked).all(2)
    enough = found.mean(0) >= 0.5
    middle = np.full(stacked.shape[1:], np.nan)
    for place in np.flatnonzero(enough):
        middle[place] = np.median(stacked[found[:, place], place], axis=0)
    return middle


def _farthest(pose: FloatArray, other: FloatArray) -> float:
    """Return the greatest distance of a pose (P, 2) from another, over points that both have.

    A hand that only the first pose has came into view, which is a motion by itself: at a webcam,
    hands rest out of view.
    """
    distance = np.linalg.norm(pose - other, axis=1)
    both = np.isfinite(distance)
    farthest = float(distance[both].max()) if both.any() else 0.0
    wrists = list(_HAND_WRISTS)
    came = np.isfinite(pose[wrists]).all(1) & ~np.isfinite(other[wrists]).all(1)
    return max(farthest, _CAME_INTO_VIEW) if came.any() else farthest
