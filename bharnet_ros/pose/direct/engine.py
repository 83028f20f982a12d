"""The pose engine `direct`, which runs MediaPipe's networks by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.pose import tracking
from bharnet_ros.pose.direct import body as bodies
from bharnet_ros.pose.direct import hand as hands
from bharnet_ros.pose.direct import model_files
from bharnet_ros.pose.direct.body import BodyTracker, FoundBody
from bharnet_ros.pose.direct.detector import Detector
from bharnet_ros.pose.direct.hand import HandFinder, HandOfBody, Recrop
from bharnet_ros.pose.direct.lone_hands import LoneHands
from bharnet_ros.pose.direct.regions import Region, crop
from bharnet_ros.pose.direct.runtime import Network, PairedNetwork
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
    region: Region
    hands: tuple[HandOfBody, HandOfBody] = field(
        default_factory=lambda: (HandOfBody(), HandOfBody())
    )


class DirectEngine:
    """Tracks bodies and their hands; implements `PoseEngine`."""

    run_by = f"OpenVINO {version('openvino')}, 32-bit floats"

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks.

        From then on, OpenCV uses one thread in this process: crops are small, and waiting for a
        thread on the core where the networks' threads linger takes longer than they do.

        Raises:
            InputError: A network is missing.
        """
        cv2.setNumThreads(1)
        self._settings = settings
        files = model_files.find_models(settings.model_complexity, settings.model_folder)
        self._detector = Detector(
            Network(files[model_files.BODY_DETECTOR], (0, 1), low=-1.0),
            strides=_BODY_STRIDES,
            least_score=settings.min_detection_confidence,
        )
        self._body_network = PairedNetwork(
            files[model_files.body_network(settings.model_complexity)],
            bodies.OUTPUTS,
            pairs=settings.max_people > 1,
        )
        hand_network = PairedNetwork(files[model_files.HAND], hands.OUTPUTS)
        self._finder = HandFinder(hand_network, least_score=settings.min_tracking_confidence)
        # It takes no batches, and is too small for two threads.
        self._recrop = Recrop(
            [Network(files[model_files.RECROP], (0,), threads=1) for _ in _HAND_POINTS]
        )
        palms = Detector(
            Network(files[model_files.PALM_DETECTOR], (0, 1)),
            strides=_PALM_STRIDES,
            least_score=_LEAST_PALM_SCORE,
        )
        self._lone_hands = LoneHands(palms, self._finder)
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

    def change(self, settings: EngineSettings) -> Callable[[], None] | None:
        """Prepare other settings; None if they need other networks."""
        if (settings.model_complexity, settings.model_folder) != (
            self._settings.model_complexity,
            self._settings.model_folder,
        ):
            return None
        if settings.max_people > 1:
            self._body_network.load_pairs()

        def change() -> None:
            self._settings = settings
            self._detector.least_score = settings.min_detection_confidence
            self._finder.least_score = settings.min_tracking_confidence
            self._people = self._people[: settings.max_people]
            for person in self._people:
                person.body.change(
                    least_score=settings.min_tracking_confidence, smooth=settings.smooth_landmarks
                )

        return change

    def reset(self) -> None:
        """Forget all people and stamps."""
        self._people = []
        self._lone_hands.reset()
        self._lost = False
        self._last_search_ns = 0

    def close(self) -> None:
        """Do nothing: the networks are freed with the engine."""

    def _tracked(
        self, image: npt.NDArray[np.uint8], stamp_ns: int
    ) -> list[tuple[_Person, FoundBody]]:
        """Follow the people of the last frame; return those who are still there."""
        found = self._seen(image, self._people, [], stamp_ns)
        self._lost = len(found) < len(self._people)
        return found

    def _seen(
        self,
        image: npt.NDArray[np.uint8],
        people: list[_Person],
        others: list[tuple[_Person, FoundBody]],
        stamp_ns: int,
    ) -> list[tuple[_Person, FoundBody]]:
        """Return the people whose body is in their region and is not another one's."""
        found: list[tuple[_Person, FoundBody]] = []
        size = self._body_network.size
        for person, outputs in self._body_network.run(
            people, lambda person, out: crop(image, person.region, out)
        ):
            body = person.body.read(outputs, size, person.region, stamp_ns)
            if body is not None and not any(
                _same_body(body, other) for _, other in (*others, *found)
            ):
                found.append((person, body))
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
        people = []
        for detection in self._detector.find(image):
            if len(known) >= self._settings.max_people:
                break
            region = bodies.region_of(detection)
            if not any(_same_region(region, other) for other in known):
                known.append(region)
                people.append(self._new_person(region))
        return self._seen(image, people, tracked, stamp_ns)

    def _new_person(self, region: Region) -> _Person:
        tracker = BodyTracker(
            least_score=self._settings.min_tracking_confidence,
            smooth=self._settings.smooth_landmarks,
        )
        return _Person(tracker, region)

    def _scene(self, image: npt.NDArray[np.uint8], found: list[tuple[_Person, FoundBody]]) -> Scene:
        self._people = [person for person, _ in found]
        scene = []
        height, width = image.shape[:2]
        pixels = np.array([width, height, width, 1.0], dtype=np.float32)
        hands_of = self._hands(image, found)
        for number, (person, body) in enumerate(found):
            person.region = body.next_region
            left, right = hands_of[2 * number : 2 * number + 2]
            scene.append(BodyLandmarks(body.points / pixels, body.world, (left, right)))
        lone: tuple[HandLandmarks, ...] = ()
        if any(body.score > CERTAIN_BODY_SCORE for _, body in found):
            self._lone_hands.reset()
        else:
            lone = self._lone_hands.find(image)
        return Scene(tuple(scene), lone)

    def _hands(
        self, image: npt.NDArray[np.uint8], found: list[tuple[_Person, FoundBody]]
    ) -> list[HandLandmarks | None]:
        """Return the left and the right hand of each person, one after the other."""
        trackers = [hand for person, _ in found for hand in person.hands]
        rough = [_rough_region(body, side) for _, body in found for side in range(2)]
        wanted = {number: place for number, place in enumerate(rough) if place is not None}
        led = zip(wanted, self._recrop.regions(image, list(wanted.values())), strict=True)
        others: dict[int, Region] = {}

        def likeliest() -> Iterator[Region]:
            for number, region in led:
                first, *rest = trackers[number].regions(region)
                if rest:
                    others[number] = rest[0]
                yield first

        seen = dict(zip(wanted, self._finder.find(image, likeliest(), len(wanted)), strict=True))
        again = {number: place for number, place in others.items() if seen[number] is None}
        if again:
            found_again = self._finder.find(image, again.values(), len(again))
            seen.update(zip(again, found_again, strict=True))
        hands_of = [seen.get(number) for number in range(len(trackers))]
        for tracker, hand in zip(trackers, hands_of, strict=True):
            tracker.keep(hand, image)
        return hands_of


def open_engine(settings: EngineSettings) -> PoseEngine:
    """Return the engine with its networks loaded.

    Raises:
        InputError: A network is missing.
    """
    return DirectEngine(settings)


def _rough_region(body: FoundBody, side: int) -> Region | None:
    """Return where a body's hand may be, None if its wrist is hidden."""
    if body.points[_HAND_POINTS[side][0], 3] <= _LEAST_WRIST_VISIBILITY:
        return None
    wrist, pinky, index = body.points[list(_HAND_POINTS[side]), :2].astype(np.float64)
    region = hands.region_from_body(wrist, pinky, index)
    return region if region.width > 1.0 else None


def _same_region(first: Region, second: Region) -> bool:
    apart = np.hypot(first.x - second.x, first.y - second.y)
    return bool(apart < tracking.SAME_REGION * max(first.width, second.width))


def _same_body(first: FoundBody, second: FoundBody) -> bool:
    return tracking.same_body(first.points[:, :2], second.points[:, :2])
