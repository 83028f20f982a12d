"""Images to body and hand keypoints, with the chosen pose engine."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose import tracking
from bharnet_ros.pose.changing import WARM_UP_SHAPE, ChangingEngine
from bharnet_ros.pose.engines import AUTO, EngineSettings, open_engine
from bharnet_ros.pose.owning import hide_foreign_arms, own_hands
from bharnet_ros.pose.roi import WHOLE_IMAGE, RegionOfInterest, region_of_interest
from bharnet_ros.pose.scene import HandLandmarks, Scene
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    FloatArray,
    FrameKeypoints,
    PersonKeypoints,
    absent,
    absent_body,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """What the networks found in a frame, still to be interpreted.

    Attributes:
        stamp_ns: Capture time in nanoseconds.
        width: Image width in pixels.
        height: Image height in pixels.
        frame_id: Optical frame of the camera.
        scene: Returns the bodies and hands.
        first: Whether this is the first frame, or the first after `reset`: no track continues.
    """

    stamp_ns: int
    width: int
    height: int
    frame_id: str
    scene: Callable[[], Scene]
    first: bool


class PoseExtractor:
    """Finds the bodies and hands of people in each frame of a stream.

    Frames must come in the order of their stamps: landmarks are tracked and smoothed over time.
    `run_networks` and `interpret` are the two halves of `extract`. Each may run on its own thread,
    so that the networks process the next frame while the last one is interpreted. Not thread-safe
    otherwise.

    Attributes:
        engine_name: The pose engine in use, one of `engines.ENGINES`.
    """

    def __init__(
        self,
        *,
        engine: str = AUTO,
        model_complexity: int = 1,
        min_detection_confidence: float = 0.6,
        min_tracking_confidence: float = 0.5,
        smooth_landmarks: bool = True,
        max_people: int = 1,
        model_folder: str = "",
        roi: Sequence[int] = WHOLE_IMAGE,
        warn: Callable[[str], None] = logger.warning,
    ) -> None:
        """Load the networks.

        Args:
            engine: Name of the pose engine, one of `engines.engine_names()`.
            model_complexity: Body network: 0 lite, 1 full, 2 heavy. The MediaPipe wheel contains
                only 1.
            min_detection_confidence: Least score in 0..1 of a newly detected body.
            min_tracking_confidence: Least presence score in 0..1 of a body or hand that is kept.
            smooth_landmarks: Smooth the body over time, by the stamps.
            max_people: Largest number of people tracked at once; each costs about as much as the
                first.
            model_folder: Folder of networks (`EngineSettings.model_folder`).
            roi: x, y, width and height in pixels of the part of each image in which people are
                looked for. Keypoints have coordinates of the whole image.
            warn: Gets one line if "auto" does not choose the preferred engine.

        Raises:
            InputError: A parameter is out of range, or the engine lacks a package or a file.
            OSError: A file of the engine cannot be read.
        """
        self._region = region_of_interest(roi)
        settings = EngineSettings(
            model_complexity=model_complexity,
            min_detection_confidence=min_detection_confidence,
            min_tracking_confidence=min_tracking_confidence,
            smooth_landmarks=smooth_landmarks,
            max_people=max_people,
            model_folder=model_folder,
        )
        opened = open_engine(engine, settings)
        if opened.note:
            warn(opened.note)
        self.engine_name = opened.name
        self._engine: ChangingEngine | None = ChangingEngine(opened, engine)
        self._warn = warn
        self._tracker = tracking.Tracker()
        self._lone_hands: list[FloatArray] = []
        self._lone_hands_stamp_ns = 0
        self._last_stamp_ns: int | None = None

    def warm_up(self) -> None:
        """Compute once, because the first time is slow, and forget it.

        Raises:
            RuntimeError: The extractor is closed.
        """
        if self._engine is None:
            raise RuntimeError("this PoseExtractor is closed")
        self._engine.process(np.zeros(WARM_UP_SHAPE, dtype=np.uint8), 0)()
        self.reset()

    def load_change(self, *, engine: str = AUTO, **settings: Any) -> Callable[[], None]:
        """Load what other settings need; frames may be processed on other threads meanwhile.

        Args:
            engine: As for the constructor.
            settings: As for the constructor; one that is left out has its default. The region of
                interest stays.

        Returns:
            A function that makes the change, from the next frame on. People keep their track ids.

        Raises:
            InputError, OSError: As for the constructor.
            RuntimeError: The extractor is closed.
        """
        if self._engine is None:
            raise RuntimeError("this PoseExtractor is closed")
        opened, change = self._engine.load_change(engine, EngineSettings(**settings))

        def apply() -> None:
            if opened is not None:
                self.engine_name = opened.name
                if opened.note:
                    self._warn(opened.note)
            change()

        return apply

    def extract(
        self, image: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str = ""
    ) -> FrameKeypoints:
        """Find the people in one frame.

        Args:
            image: (H, W, 3) RGB.
            stamp_ns: Capture time in nanoseconds, later than the one before.
            frame_id: Optical frame of the camera, copied to the result.

        Returns:
            Keypoints in pixels and metres (see `PersonKeypoints`); no people if neither a body
            nor a hand was found.

        Raises:
            InputError: The image is not (H, W, 3) uint8, has no pixels or does not hold the region
                of interest, or the stamp does not rise. The state is unchanged; after `reset`, any
                stamp is accepted.
            RuntimeError: The extractor is closed.
        """
        return self.interpret(self.run_networks(image, stamp_ns, frame_id))

    def run_networks(
        self, image: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str = ""
    ) -> NetworkOutput:
        """Run the networks on one frame, which takes most of the time; arguments as for `extract`.

        Raises:
            InputError: As for `extract`.
            RuntimeError: The extractor is closed.
        """
        if self._engine is None:
            raise RuntimeError("this PoseExtractor is closed")
        _check(image)
        region = self._region
        seen = np.ascontiguousarray(image if region is None else region.cut(image))
        first = self._last_stamp_ns is None
        if self._last_stamp_ns is not None and stamp_ns <= self._last_stamp_ns:
            raise InputError(
                f"stamp_ns: {stamp_ns} is not later than the frame before, {self._last_stamp_ns}; "
                "call reset() after a jump in time"
            )
        scene = self._engine.process(seen, stamp_ns)
        self._last_stamp_ns = stamp_ns
        height, width = image.shape[:2]
        if region is not None:
            scene = partial(_in_image, region, scene, width, height)
        return NetworkOutput(stamp_ns, width, height, frame_id, scene, first)

    def interpret(self, output: NetworkOutput) -> FrameKeypoints:
        """Return the keypoints of a frame: real hands only, each with its body, and track ids.

        Args:
            output: An output of `run_networks`; pass each one once, in order.
        """
        if output.first:
            self._tracker.forget()
            self._lone_hands = []
        return FrameKeypoints(
            stamp_ns=output.stamp_ns,
            width=output.width,
            height=output.height,
            people=self._assembled(output.scene(), output.stamp_ns, output.width, output.height),
            frame_id=output.frame_id,
        )

    def _assembled(
        self, scene: Scene, stamp_ns: int, width: int, height: int
    ) -> tuple[PersonKeypoints, ...]:
        """Return the people with their own hands and track ids."""
        pixels = np.array([width, height, width], dtype=np.float32)
        lone = list(scene.lone_hands)
        lone_pixels = [hand.landmarks * pixels for hand in lone]
        evidence = lone_pixels or self._recent_lone_hands(stamp_ns)
        bodies, real = [], []
        for found in scene.bodies:
            body = found.body * np.append(pixels, np.float32(1.0))
            if not any(tracking.contradicts_body(body, hand) for hand in evidence):
                bodies.append(body)
                real.append(found)
        owned = own_hands(bodies, [found.hands for found in real], lone, pixels)
        hide_foreign_arms(bodies, owned, pixels)
        parts = [
            (body, found.world, hands)
            for body, found, hands in zip(bodies, real, owned, strict=True)
        ]
        if not parts and lone:
            parts = [(absent_body(), absent(BODY_LANDMARKS, 3), _by_handedness(lone))]
            self._lone_hands = lone_pixels
            self._lone_hands_stamp_ns = stamp_ns
        people = [_person(body, world, hands, pixels) for body, world, hands in parts]
        places = [tracking.Place.of(stamp_ns, person.body, person.hands) for person in people]
        ids = self._tracker.track_ids([place for place in places if place is not None])
        return tuple(
            dataclasses.replace(person, track_id=track_id)
            for person, track_id in zip(people, ids, strict=True)
        )

    def _recent_lone_hands(self, stamp_ns: int) -> list[FloatArray]:
        """Return lone hands of a moment ago; a body now found in their place is false."""
        recent = stamp_ns - self._lone_hands_stamp_ns <= tracking.MAX_GAP_S * 1e9
        return self._lone_hands if recent else []

    def reset(self) -> None:
        """Forget all people and stamps; the next frame may have any stamp.

        Earlier outputs of `run_networks` can still be interpreted, before that of the next frame.

        Raises:
            RuntimeError: The extractor is closed.
        """
        if self._engine is None:
            raise RuntimeError("this PoseExtractor is closed")
        self._engine.reset()
        self._last_stamp_ns = None

    def close(self) -> None:
        """Free the networks; further calls do nothing."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def __enter__(self) -> PoseExtractor:
        """Return this extractor."""
        return self

    def __exit__(self, *error: object) -> None:
        """Free the networks."""
        self.close()


def _check(image: npt.NDArray[np.uint8]) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image: expected (H, W, 3) uint8 RGB, got {image.shape} {image.dtype}")
    if image.size == 0:
        raise InputError(f"image: has no pixels, shape {image.shape}")


def _in_image(
    region: RegionOfInterest, scene: Callable[[], Scene], width: int, height: int
) -> Scene:
    return region.in_image(scene(), width, height)


def _person(
    body: FloatArray,
    body_world: FloatArray,
    hands: list[HandLandmarks | None],
    pixels: FloatArray,
) -> PersonKeypoints:
    """Return a person in pixels, still without a track id."""
    hand_points = absent(2, HAND_LANDMARKS, 3)
    hand_world = absent(2, HAND_LANDMARKS, 3)
    scores = np.zeros(2, dtype=np.float32)
    for side, hand in enumerate(hands):
        if hand is not None:
            hand_points[side] = hand.landmarks * pixels
            hand_world[side] = hand.world
            scores[side] = hand.score
    return PersonKeypoints(
        track_id="",
        body=body,
        hands=hand_points,
        hand_scores=scores,
        body_world=body_world,
        hands_world=hand_world,
    )


def _by_handedness(lone_hands: list[HandLandmarks]) -> list[HandLandmarks | None]:
    """Return lone hands as left and right, by the side that the network sees."""
    if not lone_hands:
        return [None, None]
    if len(lone_hands) == 1:
        hand = lone_hands[0]
        return [hand, None] if hand.left_probability > 0.5 else [None, hand]
    # Two hands are assumed to be one person's: the more probable left hand becomes the left one.
    left, right = sorted(lone_hands[:2], key=lambda hand: -hand.left_probability)
    return [left, right]
