"""What an event finder remembers of each person."""

from __future__ import annotations

from dataclasses import dataclass

from bharnet_ros.recognition.events.evidence import TrackEvidence
from bharnet_ros.types.actions import ActionEvent, Hand
from bharnet_ros.types.places import PersonPlace


@dataclass
class OpenEvent:
    """An event that has no OFFSET yet: its ONSET, its best window and when it began to fade.

    The place of its class may be another than at the ONSET, if the classes have changed since.
    """

    onset: ActionEvent
    class_id: int
    score: float
    body_score: float
    hand_score: float
    hand: Hand
    hands_differ: bool
    fading_since_ns: int | None = None


@dataclass
class Track:
    """One person: the evidence so far, the class that may enter, and the open event."""

    evidence: TrackEvidence
    place: PersonPlace
    missing: bool = False
    candidate: int | None = None
    candidate_since_ns: int = 0
    event: OpenEvent | None = None
