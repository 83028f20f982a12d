"""Distance between our landmarks and those that MediaPipe's makers published for two clips.

    python -m bench.accuracy.golden ../shared/data [--solutions] [--json]

`asl_hand.25fps.mp4` shows one forearm and hand, normalised by the distance from the wrist to the
middle finger's knuckle; `pose_squats.mp4` shows a whole person, normalised by the length of the
torso. docs/pose.md says in what the two sides differ.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.tracking import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER
from bharnet_ros.sources.frame import Frame
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.keypoints import FloatArray

HAND = "asl_hand.25fps.mp4", "asl_hand.full.json"
BODY = "pose_squats.mp4", "pose_squats.full.json"
# The squats are five frames a second; the makers' smoothing took them for this many. Hands are not
# smoothed.
MAKERS_FPS = 30.0

Points = npt.NDArray[np.float64]
# One frame to (N, 2) pixels, or None where nothing was found.
Finder = Callable[[Frame], FloatArray | None]


def hand_sizes(golden: Points) -> Points:
    """Return (F,) pixels from the wrist to the middle finger's knuckle of (F, 21, 2) hands."""
    return np.linalg.norm(golden[:, 9] - golden[:, 0], axis=1)


def torso_lengths(golden: Points) -> Points:
    """Return (F,) pixels from the shoulders' middle to the hips' middle of (F, 33, 2) bodies."""
    shoulders = golden[:, [LEFT_SHOULDER, RIGHT_SHOULDER]].mean(axis=1)
    hips = golden[:, [LEFT_HIP, RIGHT_HIP]].mean(axis=1)
    return np.linalg.norm(shoulders - hips, axis=1)


def compare(frames: Iterable[Frame], find: Finder, golden: Points, sizes: Points) -> dict[str, Any]:
    """Return the mean landmark distance over the frames in which something was found.

    Args:
        frames: The clip.
        find: Extraction of one frame.
        golden: (F, N, 2) pixels.
        sizes: (F,) pixels to normalise by.
    """
    pixels: list[float] = []
    relative: list[float] = []
    for frame, truth, size in zip(frames, golden, sizes, strict=True):
        points = find(frame)
        if points is not None:
            distance = float(np.linalg.norm(points[:, :2] - truth, axis=1).mean())
            pixels.append(distance)
            relative.append(distance / float(size))
    return {
        "frames": len(golden),
        "found": len(pixels),
        "mean_pixels": float(np.mean(pixels)) if pixels else None,
        "mean_normalised": float(np.mean(relative)) if pixels else None,
        "p95_normalised": float(np.percentile(relative, 95)) if pixels else None,
    }


def _ours(extractor: PoseExtractor, part: str) -> Finder:
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


def _solution(process: Callable[[Any], Any], part: str) -> Finder:
    """Return the same from a graph of `mediapipe.solutions`."""

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


def measure(data: Path, solutions: bool) -> dict[str, dict[str, Any]]:
    """Return the comparison of each extractor and clip, by a name for both.

    Args:
        data: Folder with `videos` and `golden`.
        solutions: Measure MediaPipe's own solutions, too.
    """
    results: dict[str, dict[str, Any]] = {}
    for part, (clip, golden_file), size_of in (
        ("hand", HAND, hand_sizes),
        ("body", BODY, torso_lengths),
    ):
        golden = np.array(json.loads((data / "golden" / golden_file).read_text()))[:, :, :2]
        sizes = size_of(golden)
        path = str(data / "videos" / clip)
        timings: dict[str, float | None] = {"ours": None}
        if part == "body":
            timings[f"ours, as if {MAKERS_FPS:.0f} fps"] = MAKERS_FPS
        for name, fps in timings.items():
            with PoseExtractor() as extractor, open_source(path, fps=fps) as frames:
                results[f"{part}: {name}"] = compare(frames, _ours(extractor, part), golden, sizes)
        if not solutions:
            continue
        makers = mediapipe.solutions
        own = makers.hands.Hands if part == "hand" else makers.pose.Pose
        for name, solution in (("holistic", makers.holistic.Holistic), (own.__name__, own)):
            with solution() as graph, open_source(path) as frames:
                results[f"{part}: mediapipe {name.lower()}"] = compare(
                    frames, _solution(graph.process, part), golden, sizes
                )
    return results


def main() -> int:
    """Print the distances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with videos/ and golden/")
    parser.add_argument("--solutions", action="store_true", help="measure mediapipe.solutions, too")
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
    raise SystemExit(main())
