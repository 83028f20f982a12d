"""Compare our landmarks with those that MediaPipe's makers published for two clips.

    python -m bench.accuracy.golden DATA [--solutions] [--json]

DATA is a folder with `videos/` and `golden/`. `asl_hand.25fps.mp4` shows one forearm and hand;
errors are normalised by the distance from the wrist to the middle finger's knuckle.
`pose_squats.mp4` shows a whole person; errors are normalised by the length of the torso.
bench/RESULTS.md explains how the two sides differ.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
import numpy.typing as npt

from bench.command_line import run_bench
from bharnet_ros.pose.engines import ENGINES
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.tracking import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER
from bharnet_ros.sources.frame import Frame
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import BODY_LANDMARKS, HAND_LANDMARKS, FloatArray

HAND = "asl_hand.25fps.mp4", "asl_hand.full.json", HAND_LANDMARKS
BODY = "pose_squats.mp4", "pose_squats.full.json", BODY_LANDMARKS
"""Clip, published landmarks of its frames, and number of landmarks N."""
MAKERS_FPS = 30.0
"""Frame rate that the makers' smoothing assumed for the squats, which have five frames per second.

Hands are not smoothed."""

Points = npt.NDArray[np.float64]
LandmarkFinder = Callable[[Frame], FloatArray | None]
"""From a frame to (N, 2) pixels; None if nothing was found."""


def hand_sizes(golden: Points) -> Points:
    """Return (F,) pixels from the wrist to the middle finger's knuckle of (F, 21, 2) hands."""
    return np.linalg.norm(golden[:, 9] - golden[:, 0], axis=1)


def torso_lengths(golden: Points) -> Points:
    """Return (F,) pixels from the shoulders' middle to the hips' middle of (F, 33, 2) bodies."""
    shoulders = golden[:, [LEFT_SHOULDER, RIGHT_SHOULDER]].mean(axis=1)
    hips = golden[:, [LEFT_HIP, RIGHT_HIP]].mean(axis=1)
    return np.linalg.norm(shoulders - hips, axis=1)


def compare(
    name: str, frames: Iterable[Frame], find: LandmarkFinder, golden: Points, sizes: Points
) -> dict[str, Any]:
    """Return the mean distance of the landmarks, over the frames in which they were found.

    Args:
        name: Name of the clip.
        frames: Frames of the clip.
        find: Finds the landmarks of one frame.
        golden: (F, N, 2) published landmarks, pixels.
        sizes: (F,) lengths to normalise by, pixels.

    Raises:
        InputError: The clip has more or fewer frames than published landmarks; names it.
    """
    pixels: list[float] = []
    relative: list[float] = []
    count = 0
    for count, frame in enumerate(frames, 1):
        if count > len(golden):
            break
        truth, size = golden[count - 1], sizes[count - 1]
        points = find(frame)
        if points is not None:
            distance = float(np.linalg.norm(points[:, :2] - truth, axis=1).mean())
            pixels.append(distance)
            relative.append(distance / float(size))
    if count != len(golden):
        raise InputError(f"{name}: must have the {len(golden)} frames of its published landmarks")
    return {
        "frames": len(golden),
        "found": len(pixels),
        "mean_pixels": float(np.mean(pixels)) if pixels else None,
        "mean_normalised": float(np.mean(relative)) if pixels else None,
        "p95_normalised": float(np.percentile(relative, 95)) if pixels else None,
    }


def _ours(extractor: PoseExtractor, part: str) -> LandmarkFinder:
    """Return a finder of the landmarks of a part with our extractor."""

    def find(frame: Frame) -> FloatArray | None:
        people = extractor.extract(frame.image, round(frame.time * 1e9)).people
        if not people:
            return None
        person = people[0]
        if part == "body":
            return person.body if person.body_present else None
        hands = person.hands[list(person.hands_present)]
        return hands[0] if len(hands) else None

    return find


def _solution(process: Callable[[Any], Any], part: str) -> LandmarkFinder:
    """Return a finder of the landmarks of a part with one of `mediapipe.solutions`."""

    def find(frame: Frame) -> FloatArray | None:
        result = process(frame.image)
        if part == "body":
            lists = [result.pose_landmarks]
        elif hasattr(result, "multi_hand_landmarks"):
            lists = list(result.multi_hand_landmarks or [])
        else:
            lists = [result.left_hand_landmarks, result.right_hand_landmarks]
        height, width = frame.image.shape[:2]
        for landmarks in lists:
            if landmarks is not None:
                return np.array([(p.x * width, p.y * height) for p in landmarks.landmark])
        return None

    return find


def read_golden(path: Path, landmarks: int) -> Points:
    """Read the published N landmarks of each frame of a clip, (F, N, 2) pixels.

    Raises:
        InputError: The file does not hold N landmarks per frame; names it.
        OSError: The file cannot be read.
    """
    try:
        points = np.array(json.loads(path.read_text(encoding="utf-8")), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: cannot be read as landmarks: {error}") from error
    if points.ndim != 3 or points.shape[1] != landmarks or points.shape[2] < 2:
        raise InputError(f"{path}: must hold F x {landmarks} x 2 or more, has {points.shape}")
    return points[:, :, :2]


def measure(data: Path, solutions: bool) -> dict[str, dict[str, Any]]:
    """Return the comparison for each clip and extractor, by their names.

    Args:
        data: Folder with `videos` and `golden`.
        solutions: Whether to measure MediaPipe's own solutions too.

    Raises:
        InputError: A file cannot be used; names it.
        OSError: A file cannot be read.
    """
    results: dict[str, dict[str, Any]] = {}
    for part, (clip, golden_file, landmarks), size_of in (
        ("hand", HAND, hand_sizes),
        ("body", BODY, torso_lengths),
    ):
        golden = read_golden(data / "golden" / golden_file, landmarks)
        sizes = size_of(golden)
        path = str(data / "videos" / clip)
        rates = [None, MAKERS_FPS] if part == "body" else [None]
        for engine, fps in itertools.product(ENGINES, rates):
            name = "ours" if engine == "mediapipe" else engine
            if fps is not None:
                name += f", as if {fps:.0f} fps"
            with PoseExtractor(engine=engine) as extractor, open_source(path, fps=fps) as frames:
                results[f"{part}: {name}"] = compare(
                    path, frames, _ours(extractor, part), golden, sizes
                )
        if not solutions:
            continue
        makers = mediapipe.solutions
        own = makers.hands.Hands if part == "hand" else makers.pose.Pose
        for name, solution in (("holistic", makers.holistic.Holistic), (own.__name__, own)):
            with solution() as graph, open_source(path) as frames:
                results[f"{part}: mediapipe {name.lower()}"] = compare(
                    path, frames, _solution(graph.process, part), golden, sizes
                )
    return results


def main() -> int:
    """Print the distances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with videos/ and golden/")
    parser.add_argument("--solutions", action="store_true", help="measure mediapipe.solutions too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    results = measure(arguments.data, arguments.solutions)
    if arguments.json:
        print(json.dumps(results, indent=2))
        return 0
    print(f"{'':28} {'found':>9}  {'pixels':>7}  {'of size':>7}  {'95 %':>7}")
    for name, row in results.items():
        found = f"{row['found']}/{row['frames']}"
        if not row["found"]:
            print(f"{name:28} {found:>9}")
            continue
        print(
            f"{name:28} {found:>9}  {row['mean_pixels']:7.2f}  {row['mean_normalised']:7.4f}"
            f"  {row['p95_normalised']:7.4f}"
        )
    return 0


if __name__ == "__main__":
    run_bench(main)
