"""Image in, body and hand keypoints out: the MediaPipe back end, for one person in view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    LEFT_HAND,
    RIGHT_HAND,
    FloatArray,
    FrameKeypoints,
    PersonKeypoints,
    absent,
    absent_body,
)
from bharnet_ros.pose import tracking
from bharnet_ros.pose.graph import BodyHandGraph, GraphOutput, HandLandmarks, build_config

_SIDES = (LEFT_HAND, RIGHT_HAND)


class PoseExtractor:
    """Finds the body and the two hands of one person in each frame of a stream.

    Frames must come in the order of their stamps: landmarks are tracked and smoothed over time.
    Not thread-safe.
    """

    def __init__(
        self,
        *,
        model_complexity: int = 1,
        min_detection_confidence: float = 0.6,
        min_tracking_confidence: float = 0.5,
        smooth_landmarks: bool = True,
    ) -> None:
        """Load the networks.

        Args:
            model_complexity: Body network: 0 lite, 1 full, 2 heavy. The MediaPipe wheel contains
                only 1.
            min_detection_confidence: Least score in 0..1 of a newly detected body.
            min_tracking_confidence: Least presence score in 0..1 of a body or hand that is kept.
            smooth_landmarks: Smooth the body over time, by the stamps.

        Raises:
            ValueError: A parameter is out of range.
            FileNotFoundError: The wheel does not contain the body network asked for.
        """
        self._graph: BodyHandGraph | None = BodyHandGraph(
            build_config(
                model_complexity=model_complexity,
                min_detection_confidence=min_detection_confidence,
                min_tracking_confidence=min_tracking_confidence,
                smooth_landmarks=smooth_landmarks,
            )
        )
        self._tracker = tracking.Tracker()
        self._lone_hands: list[FloatArray] = []
        self._lone_hands_stamp_ns = 0
        self._first_stamp_ns = 0
        self._last_stamp_ns: int | None = None
        self._last_graph_us = 0

    def extract(
        self, image: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str = ""
    ) -> FrameKeypoints:
        """Find the person in one frame.

        Args:
            image: (H, W, 3) RGB.
            stamp_ns: Capture time in nanoseconds, later than the one before.
            frame_id: Optical frame of the camera, handed on.

        Returns:
            Keypoints in pixels and metres (see `PersonKeypoints`); no people where neither a body
            nor a hand was found.

        Raises:
            ValueError: The image is not (H, W, 3) uint8 or has no pixels, or the stamp does not
                rise; the state is as before, and `reset` accepts any stamp.
            RuntimeError: The extractor is closed.
        """
        if self._graph is None:
            raise RuntimeError("this PoseExtractor is closed")
        image = _checked(image)
        timestamp_us = self._next_timestamp(stamp_ns)
        found = self._graph.process(image, timestamp_us)
        self._last_stamp_ns = stamp_ns
        self._last_graph_us = timestamp_us

        height, width = image.shape[:2]
        person = self._person(found, stamp_ns, width, height)
        return FrameKeypoints(
            stamp_ns=stamp_ns,
            width=width,
            height=height,
            people=() if person is None else (person,),
            frame_id=frame_id,
        )

    def _next_timestamp(self, stamp_ns: int) -> int:
        """Return the graph's time: microseconds since the first frame, strictly rising."""
        if self._last_stamp_ns is None:
            self._first_stamp_ns = stamp_ns
            return 0
        if stamp_ns <= self._last_stamp_ns:
            raise ValueError(
                f"stamp_ns: {stamp_ns} is not later than the frame before, {self._last_stamp_ns}; "
                "call reset() after a jump in time"
            )
        return max((stamp_ns - self._first_stamp_ns) // 1000, self._last_graph_us + 1)

    def _person(
        self, found: GraphOutput, stamp_ns: int, width: int, height: int
    ) -> PersonKeypoints | None:
        pixels = np.array([width, height, width], dtype=np.float32)
        body, body_world = found.body, found.body_world
        hands: list[HandLandmarks | None] = list(found.hands)
        loose = list(found.loose_hands)
        if body is not None:
            body = body * np.append(pixels, np.float32(1.0))
            seen = [hand.landmarks * pixels for hand in loose] or self._recent_lone_hands(stamp_ns)
            if any(tracking.contradicts_body(body, hand) for hand in seen):
                body = None
        if body is None or body_world is None:
            body, body_world = absent_body(), absent(BODY_LANDMARKS, 3)
            hands = _by_handedness(loose)
            if loose:
                self._lone_hands = [hand.landmarks * pixels for hand in loose]
                self._lone_hands_stamp_ns = stamp_ns
        else:
            hands = _of_body(body, hands, loose, pixels)

        hand_points = absent(2, HAND_LANDMARKS, 3)
        hand_world = absent(2, HAND_LANDMARKS, 3)
        scores = np.zeros(2, dtype=np.float32)
        for side, hand in enumerate(hands):
            if hand is not None:
                hand_points[side] = hand.landmarks * pixels
                hand_world[side] = hand.world
                scores[side] = hand.score
        place = tracking.Place.of(stamp_ns, body, hand_points)
        if place is None:
            return None
        return PersonKeypoints(
            track_id=self._tracker.name(place),
            body=body,
            hands=hand_points,
            hand_scores=scores,
            body_world=body_world,
            hands_world=hand_world,
        )

    def _recent_lone_hands(self, stamp_ns: int) -> list[FloatArray]:
        """Return hands seen without a body a moment ago: what is now in their place is no body."""
        recent = stamp_ns - self._lone_hands_stamp_ns <= tracking.MAX_GAP_S * 1e9
        return self._lone_hands if recent else []

    def reset(self) -> None:
        """Forget the person in view and all stamps; the next frame may have any stamp.

        Raises:
            RuntimeError: The extractor is closed.
        """
        if self._graph is None:
            raise RuntimeError("this PoseExtractor is closed")
        self._graph.reset()
        self._tracker.forget()
        self._lone_hands = []
        self._last_stamp_ns = None
        self._last_graph_us = 0

    def close(self) -> None:
        """Free the networks; further calls do nothing."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def __enter__(self) -> PoseExtractor:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()


def _checked(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"image: expected (H, W, 3) uint8 RGB, got {image.shape} {image.dtype}")
    if image.size == 0:
        raise ValueError(f"image: has no pixels, shape {image.shape}")
    return np.ascontiguousarray(image)


def _of_body(
    body: FloatArray,
    hands: list[HandLandmarks | None],
    loose: list[HandLandmarks],
    pixels: FloatArray,
) -> list[HandLandmarks | None]:
    """Keep the hands that can be this body's; fill a missing one from the palm detector."""
    chosen: list[HandLandmarks | None] = [None, None]
    for side in _SIDES:
        candidates = [hand for hand in (hands[side], *loose) if hand is not None]
        near = [
            hand
            for hand in candidates
            if tracking.wrist_distance(body, side, hand.landmarks * pixels)
            <= tracking.MAX_WRIST_DISTANCE
        ]
        chosen[side] = near[0] if near else None
    return _distinct(chosen, pixels)


def _distinct(hands: list[HandLandmarks | None], pixels: FloatArray) -> list[HandLandmarks | None]:
    """Drop one of two hands found on the same hand of the image: the one of the wrong side."""
    left, right = hands
    if left is None or right is None:
        return hands
    if not tracking.same_hand(left.landmarks * pixels, right.landmarks * pixels):
        return hands
    sure_left = left.score * left.left_probability
    sure_right = right.score * (1.0 - right.left_probability)
    return [left, None] if sure_left > sure_right else [None, right]


def _by_handedness(loose: list[HandLandmarks]) -> list[HandLandmarks | None]:
    """Put hands without a body to the side that the network sees them on."""
    if not loose:
        return [None, None]
    if len(loose) == 1:
        hand = loose[0]
        return [hand, None] if hand.left_probability > 0.5 else [None, hand]
    # Two hands are taken for one person's: the likelier left one goes left, the other one right.
    left, right = sorted(loose[:2], key=lambda hand: -hand.left_probability)
    return [left, right]
