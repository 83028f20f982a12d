"""Measure how well several people are tracked: two puppets, and two clips in one image.

    python -m bench.accuracy.people [DATA] [--frames 150] [--seconds 20] [--json]

DATA is a folder with `videos/`; without it, only the puppet is measured. *puppet*: two people.
*neighbours*: two puppets that perform the same gestures, each in its half of the image; how many
are recognised of each, and in how many images people share a hand. Clips: the people of two clips,
side by side in one image, compared with the keypoints of each clip alone. *detector*: the distance
from a tracked region to the nearest body of the detector, in sizes of the region; bodies that are
farther apart than `SAME_REGION` count as two people.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bench.command_line import run_bench
from bharnet_ros.evaluation.tables import format_table, percent
from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.mediapipe.graph import DetectorGraph, PersonGraph, image_packet
from bharnet_ros.pose.mediapipe.people import TICKS
from bharnet_ros.pose.tracking import SAME_REGION, body_size, palm_size, same_hand
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.events.overrides import EventOverrides, make_event_finder
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.actions import Phase
from bharnet_ros.types.keypoints import PersonKeypoints

CLIPS = ("sign_a.mp4", "juggle.mp4")
"""Two clips of a person from the front, with enough of the body in view."""

HEIGHT = 480
"""Height of the image that shows two clips, pixels."""

DETECTED = ("sign_a.mp4", "juggle.mp4", "walk_in_and_out.mp4", "exercise_three_people.avi")
"""Clips on which the detector is compared with tracking."""

_HALF, _RATE = 480, 15.0
"""Width of each neighbour's part of the image, and images a second."""

Image = npt.NDArray[np.uint8]


@dataclass
class TrackedPerson:
    """How well one person was tracked.

    Attributes:
        expected: Frames in which the person should be found.
        found: Frames among these in which a body was found there.
        names: Track ids of the person.
        body: Error of shoulders and hips in each frame, in body sizes.
        hands: Error of each hand in each frame, in palm sizes.
        hands_expected: Hands that should be found.
    """

    expected: int = 0
    found: int = 0
    names: set[str] = field(default_factory=set)
    body: list[float] = field(default_factory=list)
    hands: list[float] = field(default_factory=list)
    hands_expected: int = 0

    def add(self, true: PersonKeypoints, people: Sequence[PersonKeypoints]) -> None:
        """Compare one frame with the truth."""
        if not true.body_present:
            return
        self.expected += 1
        size = body_size(true.body)
        near = [(_trunk_distance(true, one) / size, one) for one in people if one.body_present]
        distance, person = min(near, key=lambda pair: pair[0], default=(np.inf, None))
        self.hands_expected += sum(true.hands_present)
        if person is None or distance > 0.5:
            return
        self.found += 1
        self.names.add(person.track_id)
        self.body.append(distance)
        for side in (0, 1):
            if true.hands_present[side] and person.hands_present[side]:
                errors = np.linalg.norm(true.hands[side, :, :2] - person.hands[side, :, :2], axis=1)
                self.hands.append(float(errors.mean() / palm_size(true.hands[side])))

    def summary(self) -> dict[str, float]:
        """Return counts, shares and mean errors; NaN without errors."""
        return {
            "frames": self.expected,
            "found": self.found / max(self.expected, 1),
            "names": len(self.names),
            "body_error": float(np.mean(self.body)) if self.body else math.nan,
            "hands": self.hands_expected,
            "hands_found": len(self.hands) / max(self.hands_expected, 1),
            "hand_error": float(np.median(self.hands)) if self.hands else math.nan,
        }


def _trunk_distance(first: PersonKeypoints, second: PersonKeypoints) -> float:
    trunk = [11, 12, 23, 24]
    return float(np.linalg.norm(first.body[trunk, :2] - second.body[trunk, :2], axis=1).mean())


def puppets(count: int) -> dict[str, TrackedPerson]:
    """Track both people of the puppet's script `two_people`."""
    tracked: dict[str, TrackedPerson] = {}
    with PoseExtractor(max_people=2) as extractor:
        for frame in itertools.islice(open_puppet("two_people"), count):
            people = extractor.extract(frame.image, round(frame.time * 1e9)).people
            for true in frame.truth.people:
                tracked.setdefault(true.track_id, TrackedPerson()).add(true, people)
    return {f"puppet {name}": one for name, one in tracked.items()}


def neighbours(seconds: float) -> list[dict[str, float]]:
    """Recognise what two people do whose arms are near each other, for each way to cut them out.

    Returns:
        For a narrow and a wide view of each person: images, images in which people share a hand,
        gestures that each shows, and those recognised of the left and of the right person.
    """
    return [_neighbours(width, seconds) for width in (_HALF, 640)]


def _neighbours(width: int, seconds: float) -> dict[str, float]:
    sources = [open_puppet("gestures", width=width, fps=_RATE, seed=seed) for seed in (0, 1)]
    cut = (width - _HALF) // 2
    recognizer = Recognizer(load_bundle(find_model("gestures")), "cpu")
    sliding = SlidingRecognizer(recognizer)
    finder = make_event_finder(recognizer.description.event_model(), EventOverrides())
    shared, images, found = 0, 0, Counter[tuple[bool, str]]()
    with PoseExtractor(max_people=2) as extractor:
        for pair in itertools.islice(zip(*sources, strict=False), round(seconds * _RATE)):
            image = np.hstack([frame.image[:, cut : cut + _HALF] for frame in pair])
            frame = extractor.extract(np.ascontiguousarray(image), round((pair[0].time + 1) * 1e9))
            images += 1
            shared += _share_a_hand(frame.people)
            scores = sliding.update(frame)
            left = {one.track_id for one in frame.people if one.body[0, 0] < _HALF}
            for event in finder.update(scores) if scores is not None else ():
                if event.phase is Phase.ONSET:
                    found[event.track_id in left, event.label] += 1
    shown = [one.label for one in sources[0].true_actions if one.end_s + 0.5 <= seconds]
    recognised = [sum(found[side, label] == 1 for label in shown) for side in (True, False)]
    return {
        "view": width,
        "images": images,
        "a hand shared": shared,
        "gestures": len(shown),
        "left": recognised[0],
        "right": recognised[1],
    }


def _share_a_hand(people: Sequence[PersonKeypoints]) -> bool:
    hands = [
        [hand for hand, seen in zip(one.hands, one.hands_present, strict=True) if seen]
        for one in people
    ]
    return any(
        same_hand(*pair)
        for first, second in itertools.combinations(hands, 2)
        for pair in itertools.product(first, second)
    )


def clips(folder: Path, count: int) -> dict[str, TrackedPerson]:
    """Track the people of two clips in one image; the keypoints of each alone are the truth."""
    tracked = {name: TrackedPerson() for name in CLIPS}
    images = zip(*(_images(folder / name) for name in CLIPS), strict=False)
    with PoseExtractor(max_people=2) as both, PoseExtractor() as left, PoseExtractor() as right:
        for number, pair in enumerate(itertools.islice(images, count)):
            stamp_ns = number * 33_333_333
            people = both.extract(np.hstack(pair), stamp_ns).people
            middle = pair[0].shape[1]
            for name, alone, image, shift in zip(
                CLIPS, (left, right), pair, (0, middle), strict=True
            ):
                for true in alone.extract(image, stamp_ns).people:
                    tracked[name].add(_moved(true, shift), people)
    return tracked


def _images(path: Path) -> Iterator[Image]:
    with open_source(str(path)) as frames:
        for frame in frames:
            height, width = frame.image.shape[:2]
            scaled = cv2.resize(frame.image, (round(width * HEIGHT / height), HEIGHT))
            # Half of each width, since the detector scales every image to its own width.
            middle = scaled[:, scaled.shape[1] // 4 : 3 * scaled.shape[1] // 4]
            yield np.ascontiguousarray(middle, dtype=np.uint8)


def _moved(person: PersonKeypoints, pixels: float) -> PersonKeypoints:
    body, hands = person.body.copy(), person.hands.copy()
    body[:, 0] += pixels
    hands[..., 0] += pixels
    return PersonKeypoints(track_id=person.track_id, body=body, hands=hands)


def detector_distances(path: Path, count: int) -> tuple[list[float], list[int]]:
    """Return the distance from a tracked person to the nearest detection, and count detections.

    Returns:
        The distance in each frame in which a person is tracked and detected, and the number of
        detected bodies in each frame.
    """
    settings = EngineSettings()
    detector, graph = DetectorGraph(settings), PersonGraph(settings)
    distances: list[float] = []
    bodies: list[int] = []
    region = None
    try:
        with open_source(str(path)) as frames:
            for number, frame in enumerate(itertools.islice(frames, count)):
                image = np.ascontiguousarray(frame.image)
                packet, time_us = image_packet(image), (number + 1) * max(TICKS, 33_333)
                detector.begin(packet, time_us)
                found = detector.result()
                bodies.append(len(found))
                size = np.array(image.shape[1::-1])
                if region is None:
                    region = found[0] if found else None
                elif found:
                    apart = [
                        np.linalg.norm(([one.x, one.y] - np.array([region.x, region.y])) * size)
                        / (max(one.width, region.width) * size[0])
                        for one in found
                    ]
                    distances.append(float(min(apart)))
                if region is not None:
                    graph.begin(packet, region, time_us)
                    body = graph.result()
                    region = None if body is None else body.next_region
    finally:
        detector.close()
        graph.close()
    return distances, bodies


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, help="folder with videos/")
    parser.add_argument("--frames", type=int, default=150, help="number of frames of each clip")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the gestures shown")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.frames < 1:
        parser.error("--frames must be positive")
    found = puppets(arguments.frames)
    beside = neighbours(arguments.seconds)
    spread: dict[str, dict[str, float]] = {}
    if arguments.data is not None:
        videos = arguments.data / "videos"
        found |= clips(videos, arguments.frames)
        for name in DETECTED:
            distances, bodies = detector_distances(videos / name, arguments.frames)
            quantiles = np.quantile(distances or [math.nan], (0.5, 0.99, 1.0))
            spread[name] = {
                "frames": len(bodies),
                "bodies in each": float(np.mean(bodies)),
                **dict(zip(("p50", "p99", "most"), map(float, quantiles), strict=True)),
            }
    if arguments.json:
        result = {"people": {name: one.summary() for name, one in found.items()}}
        print(json.dumps(result | {"neighbours": beside, "detector": spread}, indent=2))
        return 0
    rows = []
    for name, one in found.items():
        summary = one.summary()
        rows.append(
            [
                name,
                f"{summary['frames']:.0f}",
                percent(summary["found"]),
                f"{summary['names']:.0f}",
                f"{summary['body_error']:.3f}",
                f"{summary['hands']:.0f}",
                percent(summary["hands_found"]),
                f"{summary['hand_error']:.2f}",
            ]
        )
    head = ["", "frames", "found", "names", "of body size", "hands", "found", "of palm, median"]
    print(format_table(head, rows))
    print("\nneighbours, 480 pixels each")
    print(
        format_table([*beside[0]], [[f"{value:.0f}" for value in one.values()] for one in beside])
    )
    if spread:
        print(f"\ndetector, of the region's size (limit {SAME_REGION})")
        rows = [
            [
                name,
                f"{values['frames']:.0f}",
                *(f"{value:.3f}" for value in list(values.values())[1:]),
            ]
            for name, values in spread.items()
        ]
        print(format_table(["", *next(iter(spread.values()))], rows))
    return 0


if __name__ == "__main__":
    run_bench(main)
