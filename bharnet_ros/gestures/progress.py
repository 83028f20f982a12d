"""How far the teaching of a running robot is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from bharnet_ros.gestures.cutting import CutState


class TeachingState(IntEnum):
    """What a lesson waits for, or what it took; the values of the message TeachingProgress."""

    NOBODY = 1
    REST = 2
    SHOW_NOW = 3
    MOVING = 4
    TAKEN = 5
    NOT_TAKEN = 6
    LEARNED = 7
    FAILED = 8
    ENDED = 9

    @classmethod
    def of(cls, state: CutState) -> TeachingState:
        """Return what a lesson waits for when its cutter is in this state."""
        return _OF_CUTTER[state]


_OF_CUTTER = {
    CutState.NOBODY: TeachingState.NOBODY,
    CutState.WAITING_FOR_REST: TeachingState.REST,
    CutState.READY: TeachingState.SHOW_NOW,
    CutState.MOVING: TeachingState.MOVING,
    CutState.TAKEN: TeachingState.TAKEN,
    CutState.REFUSED: TeachingState.NOT_TAKEN,
}


@dataclass(frozen=True)
class TeachingProgress:
    """What has changed in a lesson.

    Attributes:
        stamp_ns: Capture time of the newest frame, nanoseconds.
        frame_id: Optical frame of the camera.
        gesture: The gesture that is taught.
        track_id: The person who is taught; empty while nobody is.
        state: What the lesson waits for, or what it took.
        taken: Examples of the lesson so far.
        wanted: Examples that it takes.
        text: What to tell the person.
    """

    stamp_ns: int
    frame_id: str
    gesture: str
    track_id: str
    state: TeachingState
    taken: int
    wanted: int
    text: str
