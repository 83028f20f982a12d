"""Names of the output streams of the graphs.

`mediapipe.solutions` keeps some of these inside its subgraphs: the presence score of a body, and
the score and world landmarks of each hand.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDES = ("left", "right")

BODY, BODY_WORLD, NEXT_REGION = "body_landmarks", "body_world_landmarks", "next_region"
REGIONS = "regions"
BODY_SCORE = "body__tensorstoposelandmarksandsegmentation__pose_presence_score"


@dataclass(frozen=True)
class HandOutputs:
    """Names of the output streams that describe hands.

    Attributes:
        landmarks: Landmarks in the image.
        world: Landmarks in metres.
        score: Presence score of every crop, including crops without a hand.
        handedness: Left or right, as the network classifies it.
    """

    landmarks: str
    world: str
    score: str
    handedness: str

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return self.landmarks, self.world, self.score, self.handedness


HANDS_OF_BODY = {
    side: HandOutputs(
        landmarks=f"{side}_landmarks",
        world=f"{side}_hand__handlandmarkcpu__hand_world_landmarks",
        score=f"{side}_hand__handlandmarkcpu__hand_presence_score",
        handedness=f"{side}_hand__handlandmarkcpu__handedness",
    )
    for side in SIDES
}
BODY_OUTPUTS = (
    *(BODY, BODY_WORLD),
    *(name for outputs in HANDS_OF_BODY.values() for name in outputs.names()),
)
"""All output streams of one body and its hands, the same in every graph."""

LONE_HANDS = HandOutputs(
    landmarks="lone_hands__single_hand_landmarks",
    world="lone_hands__single_hand_world_landmarks",
    score="lone_hands__handlandmarkcpu__hand_presence_score",
    handedness="lone_hands__single_handedness",
)
