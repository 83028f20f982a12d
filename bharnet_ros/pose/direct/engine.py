"""The pose engine `direct`, which runs MediaPipe's networks by themselves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose import tracking
from bharnet_ros.pose.direct import body as bodies
from bharnet_ros.pose.direct import hand as hands
from bharnet_ros.pose.direct import model_files
from bharnet_ros.pose.direct.body import BodyTracker, FoundBody
from bharnet_ros.pose.direct.detector import Detector
from bharnet_ros.pose.direct.hand import HandFinder, HandOfBody
from bharnet_ros.pose.direct.lone_hands import LoneHands
from bharnet_ros.pose.direct.regions import Region
from bharnet_ros.pose.direct.runtime import Network
from bharnet_ros.pose.engines import EngineSettings, PoseEngine
from bharnet_ros.pose.scene import CERTAIN_BODY_SCORE, BodyLandmarks, HandLandmarks, Scene
from bharnet_ros.types.keypoints import NANOSECONDS

_BODY_STRIDES, _PALM_STRIDES = (8, 16, 32, 32, 32), (8, 16, 16, 16)
_LEAST_PALM_SCORE = 0.5
_LEAST_WRIST_VISIBILITY = 0.1
_HAND_POINTS = ((15, 17, 19), (16, 18, 20))
"""Wrist, little finger and index finger of the body, left and right."""


@dataclass
class _Person:
    """One tracked body, and its hands."""

    body: BodyTracker
    hands: tuple[HandOfBody, HandOfBody]
    region: Region


class DirectEngine:
    """Tracks bodies and their hands; implements `PoseEngine`."""

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks.

        Raises:
            FileNotFoundError: A network is missing.
        """
        self._settings = settings
        least = settings.min_tracking_confidence
        find = model_files.find_model
        self._detector = Detector(
            Network(find(model_files.BODY_DETECTOR), (0, 1), low=-1.0, threads=2),
            strides=_BODY_STRIDES,
            least_score=settings.min_detection_confidence,
        )
        body_file = find(model_files.body_network(settings.model_complexity))
        self._body_network = Network(body_file, bodies.OUTPUTS, threads=2)
        # A network for each hand, because both are looked for at the same time.
        self._finders = [
            HandFinder(Network(find(model_files.HAND), hands.OUTPUTS), least_score=least)
            for _ in _HAND_POINTS
        ]
        self._recrops = [Network(find(model_files.RECROP), (0,)) for _ in _HAND_POINTS]
        palms = Detector(
            Network(find(model_files.PALM_DETECTOR), (0, 1), threads=2),
            strides=_PALM_STRIDES,
            least_score=_LEAST_PALM_SCORE,
        )
        self._lone_hands = LoneHands(palms, self._finders[0])
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="second hand")
        self._people: list[_Person] = []
        self._lost = False
        self._last_search_ns = 0

    def process(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> Callable[[], Scene]:
        """Find the people in one frame."""
        search = self._search_due(stamp_ns)
        found = self._tracked(image, stamp_ns)
        if search:
            self._last_search_ns = stamp_ns
            found += self._begun(image, found, stamp_ns)
        scene = self._scene(image, found)
        return lambda: scene

    def reset(self) -> None:
        """Forget all people and stamps."""
        self._people = []
        self._lone_hands.reset()
        self._lost = False
        self._last_search_ns = 0

    def close(self) -> None:
        """End the thread; the networks are freed with the engine."""
        self._pool.shutdown()

    def _tracked(
        self, image: npt.NDArray[np.uint8], stamp_ns: int
    ) -> list[tuple[_Person, FoundBody]]:
        """Follow the people of the last frame; return those who are still there."""
        found: list[tuple[_Person, FoundBody]] = []
        for person in self._people:
            body = person.body.find(image, person.region, stamp_ns)
            if body is not None and not any(_same_body(body, other) for _, other in found):
                found.append((person, body))
        self._lost = len(found) < len(self._people)
        return found

    def _search_due(self, stamp_ns: int) -> bool:
        """Return whether to look for bodies, by what the last frame has shown."""
        if len(self._people) >= self._settings.max_people:
            return False
        late = stamp_ns - self._last_search_ns >= tracking.SEARCH_PERIOD_S * NANOSECONDS
        return not self._people or self._lost or late

    def _begun(
        self,
        image: npt.NDArray[np.uint8],
        tracked: list[tuple[_Person, FoundBody]],
        stamp_ns: int,
    ) -> list[tuple[_Person, FoundBody]]:
        """Detect bodies; return those that are not tracked yet."""
        known = [person.region for person, _ in tracked]
        begun: list[tuple[_Person, FoundBody]] = []
        for detection in self._detector.find(image):
            if len(known) >= self._settings.max_people:
                break
            region = bodies.region_of(detection)
            if any(_same_region(region, other) for other in known):
                continue
            known.append(region)
            person = self._new_person(region)
            body = person.body.find(image, region, stamp_ns)
            others = (other for _, other in (*tracked, *begun))
            if body is not None and not any(_same_body(body, other) for other in others):
                begun.append((person, body))
        return begun

    def _new_person(self, region: Region) -> _Person:
        tracker = BodyTracker(
            self._body_network,
            least_score=self._settings.min_tracking_confidence,
            smooth=self._settings.smooth_landmarks,
        )
        left, right = map(HandOfBody, self._recrops, self._finders)
        return _Person(tracker, (left, right), region)

    def _scene(self, image: npt.NDArray[np.uint8], found: list[tuple[_Person, FoundBody]]) -> Scene:
        self._people = [person for person, _ in found]
        scene = []
        height, width = image.shape[:2]
        for person, body in found:
            person.region = body.next_region
            points = body.points / np.array([width, height, width, 1.0], dtype=np.float32)
            scene.append(BodyLandmarks(points, body.world, self._hands(image, person, body)))
        lone: tuple[HandLandmarks, ...] = ()
        if any(body.score > CERTAIN_BODY_SCORE for _, body in found):
            self._lone_hands.reset()
        else:
            lone = self._lone_hands.find(image)
        return Scene(tuple(scene), lone)

    def _hands(
        self, image: npt.NDArray[np.uint8], person: _Person, body: FoundBody
    ) -> tuple[HandLandmarks | None, HandLandmarks | None]:
        def find(side: int) -> HandLandmarks | None:
            tracker = person.hands[side]
            if body.points[_HAND_POINTS[side][0], 3] <= _LEAST_WRIST_VISIBILITY:
                tracker.reset()
                return None
            wrist, pinky, index = body.points[list(_HAND_POINTS[side]), :2].astype(np.float64)
            return tracker.find(image, wrist, pinky, index)

        right = self._pool.submit(find, 1)
        return find(0), right.result()


def open_engine(settings: EngineSettings) -> PoseEngine:
    """Return the engine with its networks loaded.

    Raises:
        FileNotFoundError: A network is missing.
    """
    return DirectEngine(settings)


def _same_region(first: Region, second: Region) -> bool:
    apart = np.hypot(first.x - second.x, first.y - second.y)
    return bool(apart < tracking.SAME_REGION * max(first.width, second.width))


def _same_body(first: FoundBody, second: FoundBody) -> bool:
    return tracking.same_body(first.points[:, :2], second.points[:, :2])
