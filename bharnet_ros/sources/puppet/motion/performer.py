"""One person of a script: when to perform which gesture, and where to stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bharnet_ros.sources.puppet.motion.gestures import Gesture, Style, resting
from bharnet_ros.sources.puppet.motion.kinematics import Pose, blend_arms, smooth_step
from bharnet_ros.types.keypoints import FloatArray
from bharnet_ros.types.timeline import TrueAction


@dataclass(frozen=True)
class Act:
    """A gesture that begins, from rest, at a time in seconds."""

    gesture: Gesture
    start: float
    style: Style = field(default_factory=Style)

    @property
    def end(self) -> float:
        """Seconds at which the arms hang again."""
        return self.start + 2 * self.gesture.raise_time + self.gesture.duration

    def weight(self, time: float) -> float:
        """Return how far the arms are out of rest, 0..1."""
        rise = self.gesture.raise_time
        return min(smooth_step((time - self.start) / rise), smooth_step((self.end - time) / rise))


Walk = Callable[[float], tuple[FloatArray, float, float]]
"""Place (3,) in metres, turn and stride in radians at a time in seconds."""


def standing(x: float = 0.0, z: float = 0.0) -> Walk:
    """Stand still at a place: metres to the right in the image and away from the camera."""
    return lambda time: (np.array([x, 0.0, z]), 0.0, 0.0)


@dataclass(frozen=True)
class Performer:
    """One person of a script.

    Attributes:
        track_id: Identity.
        acts: What the person does, in the order of time, without overlap.
        walk: Where the person is.
        phase: Seconds by which breathing and swaying are shifted.
    """

    track_id: str
    acts: Sequence[Act] = ()
    walk: Walk = field(default_factory=standing)
    phase: float = 0.0

    def pose(self, time: float) -> Pose:
        """Return the pose at a time in seconds."""
        place, turn, stride = self.walk(time)
        rest = resting(time + self.phase)
        pose = replace(rest, place=rest.place + place, turn=turn, stride=stride)
        for act in self.acts:
            if not act.start < time < act.end:
                continue
            elapsed = time - act.start - act.gesture.raise_time
            elapsed = min(max(elapsed, 0.0), act.gesture.duration)
            pose = _towards(pose, act.gesture.perform(elapsed, act.style), act.weight(time))
        return pose

    def true_actions(self) -> list[TrueAction]:
        """Return the actions of the person.

        An action lasts from when the hands are half-way up until they are half-way down again.
        """
        return [
            TrueAction(
                act.gesture.label,
                act.start + act.gesture.raise_time / 2,
                act.end - act.gesture.raise_time / 2,
                self.track_id,
            )
            for act in self.acts
        ]


def _towards(rest: Pose, active: Pose, weight: float) -> Pose:
    """Move the arms and the head; leave the place of the person unchanged."""
    return replace(
        rest,
        right=blend_arms(rest.right, active.right, weight),
        left=blend_arms(rest.left, active.left, weight),
        head=rest.head + active.head * weight,
    )
