"""A few keypoints a second of everybody in a recording, to be drawn beside mistakes."""

from __future__ import annotations

import numpy as np

from bharnet_ros.keypoints import NANOSECONDS, FrameKeypoints, KeypointSequence, PersonKeypoints

_APART_NS = NANOSECONDS // 4


class DrawnPeople:
    """Keeps about four frames a second of each person."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._kept: dict[str, list[tuple[int, PersonKeypoints]]] = {}
        self._size = (0, 0)

    def take(self, frame: FrameKeypoints) -> None:
        """Keep whoever was not kept a quarter of a second ago; stamps that go back are left out."""
        self._size = (frame.width, frame.height)
        for person in frame.people:
            kept = self._kept.setdefault(person.track_id, [])
            if not kept or frame.stamp_ns - kept[-1][0] >= _APART_NS:
                kept.append((frame.stamp_ns, person))

    def sequences(self, origin_ns: int) -> tuple[KeypointSequence, ...]:
        """Return each person over time.

        Args:
            origin_ns: Stamp that their times count from, nanoseconds.
        """
        width, height = self._size
        return tuple(
            KeypointSequence(
                stamps=np.array([stamp - origin_ns for stamp, _ in kept]) / NANOSECONDS,
                body=np.stack([person.body for _, person in kept]),
                hands=np.stack([person.hands for _, person in kept]),
                hand_scores=np.stack([person.hand_scores for _, person in kept]),
                width=width,
                height=height,
                track_id=track_id,
            )
            for track_id, kept in self._kept.items()
        )
