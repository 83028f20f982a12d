"""Watches the person in front of a camera and cuts out the gestures that they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bharnet_ros.gestures.cutting import Cut, CutStep, MotionCutter
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, PersonKeypoints

AROUND_NS = NANOSECONDS
"""Frames that are kept before and after what is an example, nanoseconds."""


class Watcher:
    """Follows one person and cuts out what they do.

    Attributes:
        watched: The person in view who is followed; None if there is none.
    """

    def __init__(self, track_id: str | None = None, cutter: MotionCutter | None = None) -> None:
        """Start with nobody in view.

        Args:
            track_id: The person to follow; None for whoever was there first.
            cutter: Cuts motions out; None for one with default settings.
        """
        self.watched: str | None = None
        self._track_id = track_id
        self._cutter = cutter or MotionCutter()

    def reset(self) -> None:
        """Forget what was seen, as after stamps went back."""
        self.watched = None
        self._cutter.reset()

    def push(self, frame: FrameKeypoints) -> CutStep:
        """Add a frame; return what it led to.

        Raises:
            InputError: The stamp is not newer than that of the frame before.
        """
        people = {person.track_id: person for person in frame.people}
        if self._track_id is not None:
            people = {track: one for track, one in people.items() if track == self._track_id}
        if self.watched not in people:
            lost = self.watched is not None
            self.watched = next(iter(people), None)
            if lost and self.watched is not None:
                # Somebody else: the motion of one person does not go on with another.
                return self._cutter.push(frame.stamp_ns, None)
        return self._cutter.push(frame.stamp_ns, people.get(self.watched or ""))


def newest_motion(
    frames: Sequence[FrameKeypoints], start_ns: int, end_ns: int, track_id: str | None = None
) -> ClipKeypoints:
    """Return the newest motion between two rests that lies in a period, else the whole period.

    Args:
        frames: Frames of the period and before it, with rising stamps.
        start_ns: When the period began, nanoseconds; a motion may have begun before.
        end_ns: When it ended.
        track_id: The person; None for whoever is in view longest.

    Raises:
        InputError: The person is not in view for at least two frames of the period.
    """
    if track_id is None:
        track_id = longest_in_view(frame for frame in frames if frame.stamp_ns >= start_ns)
    watcher = Watcher(track_id)
    found = None
    for frame in frames:
        cut = watcher.push(frame).cut
        if cut is not None and cut.end_ns > start_ns:
            found = example_of(cut, frame.width, frame.height)
    if found is not None:
        return found
    # What lies farther back may be other motion, which must not count as rest.
    near = [frame for frame in frames if frame.stamp_ns >= start_ns - AROUND_NS]
    return example_between(near, start_ns, end_ns, track_id)


def longest_in_view(frames: Iterable[FrameKeypoints]) -> str:
    """Return the track of the person who is in view longest, then first; empty if nobody is."""
    tracks = [one.track_id for frame in frames for one in frame.people]
    return max(dict.fromkeys(tracks), key=tracks.count) if tracks else ""


def example_of(cut: Cut, width: int, height: int) -> ClipKeypoints:
    """Return a motion with the rest around it as an example.

    Args:
        cut: The motion.
        width: Image width in pixels.
        height: Image height in pixels.
    """
    first = cut.frames[0][0]
    people = [person for _, person in cut.frames]
    return _clip(
        np.asarray([(stamp - first) / NANOSECONDS for stamp, _ in cut.frames]),
        people,
        width,
        height,
        ((cut.start_ns - first) / NANOSECONDS, (cut.end_ns - first) / NANOSECONDS),
    )


def example_between(
    frames: Iterable[FrameKeypoints], start_ns: int, end_ns: int, track_id: str | None = None
) -> ClipKeypoints:
    """Return what a person did between two times, with the frames around it, as an example.

    Args:
        frames: Frames of the motion and of the rest around it.
        start_ns: When it began, nanoseconds.
        end_ns: When it ended.
        track_id: The person; None for whoever is in view longest.

    Raises:
        InputError: The person is not in view for at least two frames of it.
    """
    shown = list(frames)
    if track_id is None:
        track_id = longest_in_view(shown)
    seen = [
        (frame, person) for frame in shown for person in frame.people if person.track_id == track_id
    ]
    moving = [frame.stamp_ns for frame, _ in seen if start_ns <= frame.stamp_ns <= end_ns]
    if len(moving) < 2:
        raise InputError(
            f"nobody is in view from {start_ns / NANOSECONDS:.2f} to {end_ns / NANOSECONDS:.2f} s"
        )
    first = seen[0][0].stamp_ns
    return _clip(
        np.asarray([(frame.stamp_ns - first) / NANOSECONDS for frame, _ in seen]),
        [person for _, person in seen],
        seen[0][0].width,
        seen[0][0].height,
        ((moving[0] - first) / NANOSECONDS, (moving[-1] - first) / NANOSECONDS),
    )


def _clip(
    stamps: np.ndarray,
    people: list[PersonKeypoints],
    width: int,
    height: int,
    motion: tuple[float, float],
) -> ClipKeypoints:
    camera = np.stack([person.body_camera for person in people])
    return ClipKeypoints(
        stamp=stamps,
        body=np.stack([person.body for person in people]),
        hands=np.stack([person.hands for person in people]),
        hand_scores=np.stack([person.hand_scores for person in people]),
        width=width,
        height=height,
        body_camera=camera if np.isfinite(camera).any() else None,
        motion=motion,
    )
