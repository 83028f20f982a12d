"""Results of recognition: the scores of each window, and the action events found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.places import UNKNOWN, PersonPlace, Point

BACKGROUND = "background"
"""Name of the class for rest and for motion that the model does not know."""

KEEP_ALL, KEEP_NONE = "all", "none"


def kept_classes(text: str) -> list[str] | None:
    """Return the classes of a model to keep, separated by commas in the text; None for all."""
    if text == KEEP_ALL:
        return None
    return [] if text == KEEP_NONE else [name.strip() for name in text.split(",")]


class Hand(str, Enum):
    """The hand that does an action, of the person's own two; NONE also if it is not known."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class TrackScores:
    """Scores of one person over one window.

    Attributes:
        track_id: Identity of the person.
        window_start_ns: Capture time of the oldest frame in the window, nanoseconds.
        window_end_ns: Capture time of the newest frame in the window, nanoseconds.
        probabilities: (K,) calibrated probabilities of the fused streams, in class order.
        body_probabilities: (K,) probabilities of the body expert alone.
        hand_probabilities: (K,) probabilities of the hand expert alone.
        body_reliability: 0..1, share of body joints of the window that were observed.
        hand_reliability: 0..1, share of frames of the window with at least one hand observed.
        hand: The hand that does the most probable action.
        hands_differ: Whether the other hand does another action: `hand` is the surer of both.
        place: Where the person is in the newest frame.
    """

    track_id: str
    window_start_ns: int
    window_end_ns: int
    probabilities: npt.NDArray[np.floating]
    body_probabilities: npt.NDArray[np.floating]
    hand_probabilities: npt.NDArray[np.floating]
    body_reliability: float = 1.0
    hand_reliability: float = 1.0
    hand: Hand = Hand.NONE
    hands_differ: bool = False
    place: PersonPlace = UNKNOWN


@dataclass(frozen=True, eq=False)
class ActionScores:
    """Scores of everyone in view at one time.

    Attributes:
        stamp_ns: Capture time of the newest input frame, nanoseconds.
        tracks: One entry for each person in view whose window is ready.
        frame_id: Optical frame of the camera.
        model_name: Name of the model bundle.
    """

    stamp_ns: int
    tracks: tuple[TrackScores, ...]
    frame_id: str = ""
    model_name: str = ""


def move_classes(scores: ActionScores, places: Sequence[int], count: int) -> ActionScores:
    """Return scores with each class at another place; scores that come to the same place add up.

    Args:
        scores: Scores of K classes.
        places: (K,) new place of each class.
        count: Number of classes from now on; those without a place have no probability.
    """
    moved = np.eye(count, dtype=np.float32)[list(places)]
    return replace(
        scores,
        tracks=tuple(
            replace(
                person,
                probabilities=person.probabilities @ moved,
                body_probabilities=person.body_probabilities @ moved,
                hand_probabilities=person.hand_probabilities @ moved,
            )
            for person in scores.tracks
        ),
    )


class Phase(IntEnum):
    """Whether an event begins or ends."""

    ONSET = 1
    OFFSET = 2


class OffsetReason(str, Enum):
    """Why an event ended."""

    NONE = ""
    ENDED = "ended"
    REPLACED = "replaced"
    RETRACTED = "retracted"
    PERSON_LOST = "person_lost"
    SOURCE_LOST = "source_lost"
    SOURCE_ENDED = "source_ended"
    TIME_JUMP = "time_jump"
    SHUTDOWN = "shutdown"
    PUBLISHER_LOST = "publisher_lost"


@dataclass(frozen=True)
class ActionEvent:
    """The beginning or the end of one person's action.

    Attributes:
        stamp_ns: Capture time of the newest input frame, nanoseconds.
        event_id: Unique; the ONSET and the OFFSET of one event share it.
        phase: ONSET or OFFSET.
        track_id: Identity of the person.
        class_id: Index of the class in the model's list.
        label: Name of the class.
        score: Calibrated, smoothed probability: at the onset, or its maximum up to the offset.
        body_score: The body expert's score of the class in the same window.
        hand_score: The hand expert's score of the class in the same window.
        start_ns: Estimated time at which the action began, nanoseconds.
        end_ns: Estimated time at which the action ended; for an ONSET the newest time known to
            belong to it.
        reason: Why the event ended; NONE for an ONSET.
        frame_id: Optical frame of the camera.
        model_name: Name of the model bundle.
        hand: The hand that acts, as the window with this score shows.
        hands_differ: Whether the other hand did another action: `hand` is the surer of both.
        place: Where the person is at `stamp_ns`, or was seen last.
        target_frame: Another frame in which the position was asked for; empty for none.
        target_position: Metres in that frame; None where it is not known.
    """

    stamp_ns: int
    event_id: str
    phase: Phase
    track_id: str
    class_id: int
    label: str
    score: float
    body_score: float
    hand_score: float
    start_ns: int
    end_ns: int
    reason: OffsetReason = OffsetReason.NONE
    frame_id: str = ""
    model_name: str = ""
    hand: Hand = Hand.NONE
    hands_differ: bool = False
    place: PersonPlace = UNKNOWN
    target_frame: str = ""
    target_position: Point | None = None
