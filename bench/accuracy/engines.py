"""Compare the landmarks of the engine `direct` with those of `mediapipe`, clip by clip.

    python -m bench.accuracy.engines [--data DATA] [--frames 300] [--worst 3] [--json]

DATA is a folder with `videos/` and `golden/`; without it, only the puppet is measured. Distances
are means over the landmarks that both engines found, of bodies in torsos and of hands in palms.
*sides*: hands that one engine found on the left and the other on the right; they are compared all
the same. *jitter*: mean second difference of the landmarks of three frames in a row in which both
engines found the body or hand, in the same units.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from bench.command_line import run_bench
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.tracking import body_size, palm_size
from bharnet_ros.sources.frame import Frame
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray, FrameKeypoints, PersonKeypoints

ENGINES = "mediapipe", "direct"
"""The reference, and what is compared with it."""

PUPPET = "puppet:gestures", "puppet:two_people"
CLIPS = {".mp4", ".avi", ".gif"}
STILLS = {".jpg", ".png"}
STILL_FRAMES = 10
"""How often a still is shown."""

FIRST_RATE = 30.0


@dataclass
class Part:
    """How one part of the body, of the two engines, compares.

    Attributes:
        found: Frames, or hands in all frames, in which each engine found it.
        both: Those in which both did.
        distances: Mean distance of the landmarks in each of these, in sizes of the part.
        numbers: The frames of these.
        jitter: Mean second difference of the landmarks of each engine, in sizes of the part.
    """

    found: list[int] = field(default_factory=lambda: [0, 0])
    both: int = 0
    distances: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    jitter: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    _last: dict[str, deque[tuple[FloatArray, FloatArray]]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=3))
    )

    def add(
        self, number: int, track_id: str, pair: tuple[FloatArray, FloatArray], size: float
    ) -> None:
        """Compare the landmarks of a person in a frame.

        Args:
            number: Number of the frame.
            track_id: The person.
            pair: (N, 2) pixels of each engine, NaN where absent.
            size: Size of the part, pixels.
        """
        present = [bool(np.isfinite(points[0, 0])) for points in pair]
        self.found = [old + new for old, new in zip(self.found, present, strict=True)]
        last = self._last[track_id]
        if not all(present):
            last.clear()
            return
        last.append(pair)
        self.both += 1
        self.numbers.append(number)
        self.distances.append(float(np.linalg.norm(pair[0] - pair[1], axis=1).mean() / size))
        if len(last) == 3:
            for engine, of_engine in enumerate(self.jitter):
                before, now, after = (one[engine] for one in last)
                bend = np.linalg.norm(before - 2.0 * now + after, axis=1).mean()
                of_engine.append(float(bend / size))


@dataclass
class Comparison:
    """How the two engines compare on one clip.

    Attributes:
        frames: Number of frames.
        body: The body.
        hands: Left and right hand.
        swapped: Hands that the engines found on different sides.
    """

    frames: int = 0
    body: Part = field(default_factory=Part)
    hands: tuple[Part, Part] = field(default_factory=lambda: (Part(), Part()))
    swapped: int = 0

    def add(self, first: FrameKeypoints, second: FrameKeypoints) -> None:
        """Compare what the engines found in a frame."""
        nobody = PersonKeypoints("")
        number = self.frames
        self.frames += 1
        for one, other in matched(first.people or (nobody,), second.people or (nobody,)):
            known = one if one.body_present else other
            name = one.track_id
            pair = one.body[:, :2], other.body[:, :2]
            self.body.add(number, name, pair, body_size(known.body))
            hands = other.hands[..., :2]
            if _apart(one.hands[..., :2], hands[::-1]) < _apart(one.hands[..., :2], hands):
                self.swapped += max(sum(one.hands_present), sum(other.hands_present))
                hands = hands[::-1]
            for side, part in enumerate(self.hands):
                known_hand = one.hands[side] if one.hands_present[side] else hands[side]
                pair = one.hands[side, :, :2], hands[side]
                part.add(number, name, pair, palm_size(known_hand))

    def summary(self) -> dict[str, float | list[int]]:
        """Return counts, and means in sizes of the part; NaN where nothing was found."""
        hands = self.hands
        return {
            "frames": self.frames,
            "bodies": self.body.found,
            "hands": [sum(part.found[engine] for part in hands) for engine in (0, 1)],
            "hands of both": sum(part.both for part in hands),
            "swapped": self.swapped,
            "body distance": _mean(self.body.distances),
            "hand distance": _mean(itertools.chain(*(part.distances for part in hands))),
            "hand distance, median": _median(itertools.chain(*(part.distances for part in hands))),
            "body jitter, mediapipe": _mean(self.body.jitter[0]),
            "body jitter, direct": _mean(self.body.jitter[1]),
            "hand jitter, mediapipe": _mean(itertools.chain(*(part.jitter[0] for part in hands))),
            "hand jitter, direct": _mean(itertools.chain(*(part.jitter[1] for part in hands))),
        }

    def worst(self, count: int) -> list[str]:
        """Return the frames of the largest distances."""
        rows = [
            (distance, name, number)
            for name, part in zip(("body", "left", "right"), (self.body, *self.hands), strict=True)
            for distance, number in zip(part.distances, part.numbers, strict=True)
        ]
        most = sorted(rows, reverse=True)[:count]
        return [f"{name} {distance:.1%} in frame {number}" for distance, name, number in most]


def matched(
    first: Iterable[PersonKeypoints], second: Iterable[PersonKeypoints]
) -> Iterator[tuple[PersonKeypoints, PersonKeypoints]]:
    """Yield each person of the first engine with the nearest one of the second."""
    left = list(second)
    for one in first:
        apart = [_apart(_landmarks(one), _landmarks(other)) for other in left]
        yield one, left.pop(int(np.argmin(apart))) if left else PersonKeypoints("")
    for other in left:
        yield PersonKeypoints(""), other


def _landmarks(person: PersonKeypoints) -> FloatArray:
    """Return all landmarks (75, 2) of a person, pixels."""
    return np.concatenate([person.body[:, :2], *person.hands[..., :2]])


def _apart(one: FloatArray, other: FloatArray) -> float:
    """Return the mean distance of landmarks (..., 2), infinite if no one is in both."""
    distances = np.linalg.norm(one - other, axis=-1)
    known = distances[np.isfinite(distances)]
    return float(known.mean()) if len(known) else math.inf


def compare(frames: Iterable[Frame], max_people: int) -> Comparison:
    """Run both engines over frames.

    Args:
        frames: In the order of their times.
        max_people: Largest number of people tracked at once.
    """
    comparison = Comparison()
    first, second = (PoseExtractor(engine=name, max_people=max_people) for name in ENGINES)
    with first, second:
        for frame in frames:
            stamp_ns = round(frame.time * 1e9)
            comparison.add(*(one.extract(frame.image, stamp_ns) for one in (first, second)))
    return comparison


def streams(data: Path | None, count: int) -> Iterator[tuple[str, int, Iterator[Frame]]]:
    """Yield the name of each clip, the number of people to track, and its frames.

    Raises:
        InputError: The folder has no clips.
    """
    for name in PUPPET:
        with closing(open_source(name)) as source:
            yield name, 2 if "two" in name else 1, itertools.islice(source, count)
    if data is None:
        return
    clips = sorted(path for path in (data / "videos").glob("*") if path.suffix in CLIPS)
    if not clips:
        raise InputError(f"{data}: holds no clips in videos/")
    for path in clips:
        with closing(open_source(str(path))) as source:
            yield path.name, 3 if "three" in path.name else 1, itertools.islice(source, count)
    for path in sorted(path for path in (data / "golden").glob("*") if path.suffix in STILLS):
        yield path.name, 1, _still(path)


def _still(path: Path) -> Iterator[Frame]:
    pixels = cv2.imread(str(path))
    if pixels is None:
        raise InputError(f"{path}: cannot be read as an image")
    image = np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)
    for number in range(STILL_FRAMES):
        yield Frame(image=image, time=number / FIRST_RATE)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return float(np.mean(known)) if known else math.nan


def _median(values: Iterable[float]) -> float:
    known = list(values)
    return float(np.median(known)) if known else math.nan


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f}"


def _row(name: str, comparison: Comparison) -> list[str]:
    values = comparison.summary()
    bodies, hands = values["bodies"], values["hands"]
    assert isinstance(bodies, list) and isinstance(hands, list)
    numbers = {key: value for key, value in values.items() if isinstance(value, float)}
    return [
        name,
        str(values["frames"]),
        *map(str, bodies),
        *map(str, hands),
        str(values["swapped"]),
        *(_percent(value) for value in numbers.values()),
    ]


HEAD = [
    *("", "frames", "bodies m", "d", "hands m", "d", "sides"),
    *("body %", "hand %", "median", "body jitter m", "d", "hand jitter m", "d"),
]
"""m is `mediapipe`, d is `direct`."""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with videos/ and golden/")
    parser.add_argument("--frames", type=int, default=300, help="number of frames of each clip")
    parser.add_argument("--only", default="", help="only clips whose names contain this")
    parser.add_argument("--worst", type=int, default=0, help="also name the worst frames of each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.frames < 1:
        parser.error("--frames must be positive")
    found = {
        name: compare(frames, people)
        for name, people, frames in streams(arguments.data, arguments.frames)
        if arguments.only in name
    }
    if arguments.json:
        print(json.dumps({name: one.summary() for name, one in found.items()}, indent=2))
        return 0
    print(format_table(HEAD, [_row(name, one) for name, one in found.items()]))
    for name, one in found.items():
        if arguments.worst:
            print(f"{name}: {'; '.join(one.worst(arguments.worst))}")
    return 0


if __name__ == "__main__":
    run_bench(main)
