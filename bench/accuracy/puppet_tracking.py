"""Measure how well bare MediaPipe Holistic tracks the puppet, against the exact truth.

    python -m bench.accuracy.puppet_tracking [script ...] [--seed N] [--fps F]
        [--width W --height H] [--json]

For each script, it prints: the frames; the share of frames with a person in which the body was
found, and its mean error in shoulder widths (over those of eleven head and six arm landmarks that
are in view); the share of hands in view that were found, and their mean error in hand sizes (wrist
to middle knuckle); the share of hands out of view that were reported nevertheless. Holistic tracks
one person; with several people, the nearest one counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import mediapipe as mp
import numpy as np

from bench.command_line import run_bench
from bharnet_ros.sources.puppet import PuppetFrame, PuppetSource, open_puppet, script_names
from bharnet_ros.types.keypoints import FloatArray, PersonKeypoints

COMPARED_BODY = np.arange(17)
"""Body landmarks that are compared: head and arms."""


class Tally:
    """Counts and errors of one script."""

    def __init__(self) -> None:
        self.frames = self.people = self.bodies = self.hands = self.found = 0
        self.hidden = self.ghosts = 0
        self.body_errors: list[float] = []
        self.hand_errors: list[float] = []

    def add(self, frame: PuppetFrame, results: object) -> None:
        """Compare the results of one frame with its truth."""
        self.frames += 1
        size = (frame.truth.width, frame.truth.height)
        body = _pixels(results.pose_landmarks, size)  # type: ignore[attr-defined]
        person = _nearest(frame.truth.people, body)
        if person is None:
            return
        self.people += 1
        if body is not None:
            self.bodies += 1
            seen = COMPARED_BODY[person.body[COMPARED_BODY, 3] > 0]
            unit = np.linalg.norm(person.body[11, :2] - person.body[12, :2])
            errors = np.linalg.norm(body[seen] - person.body[seen, :2], axis=1)
            self.body_errors.append(float(errors.mean() / unit))
        reported = (results.left_hand_landmarks, results.right_hand_landmarks)  # type: ignore[attr-defined]
        for side in (0, 1):
            hand = _pixels(reported[side], size)
            truth = person.hands[side]
            if not person.hands_present[side]:
                self.hidden += 1
                self.ghosts += hand is not None
                continue
            self.hands += 1
            if hand is not None:
                self.found += 1
                unit = np.linalg.norm(truth[9] - truth[0])
                error = np.linalg.norm(hand - truth[:, :2], axis=1).mean()
                self.hand_errors.append(float(error / unit))

    def summary(self) -> dict[str, float]:
        """Return rates in 0..1 and errors in sizes of body and hand; NaN if nothing was counted."""
        nan = float("nan")
        return {
            "frames": self.frames,
            "body_found": self.bodies / self.people if self.people else nan,
            "body_error": float(np.mean(self.body_errors)) if self.body_errors else nan,
            "hands_in_view": self.hands,
            "hands_found": self.found / self.hands if self.hands else nan,
            "hand_error": float(np.mean(self.hand_errors)) if self.hand_errors else nan,
            "hands_out_of_view": self.hidden,
            "hands_invented": self.ghosts / self.hidden if self.hidden else nan,
        }


def track(source: PuppetSource) -> dict[str, float]:
    """Run Holistic over all frames of a source."""
    tally = Tally()
    with mp.solutions.holistic.Holistic(model_complexity=1) as holistic:
        for frame in source:
            tally.add(frame, holistic.process(frame.image))
    return tally.summary()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line per script, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    short = [script for script in script_names() if not script.startswith("long")]
    parser.add_argument("scripts", nargs="*", default=short, metavar="script")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    rows = {}
    if not options.json:
        print(f"{'script':16} frames  body found  error  hands  found  error  hidden  invented")
    for script in options.scripts:
        source = open_puppet(
            script, width=options.width, height=options.height, fps=options.fps, seed=options.seed
        )
        rows[script] = row = track(source)
        if not options.json:
            print(
                f"{script:16} {row['frames']:6.0f}  {row['body_found']:10.1%}  "
                f"{row['body_error']:5.3f}  {row['hands_in_view']:5.0f}  "
                f"{row['hands_found']:5.1%}  "
                f"{row['hand_error']:5.3f}  {row['hands_out_of_view']:6.0f}  "
                f"{row['hands_invented']:8.1%}",
                flush=True,
            )
    if options.json:
        json.dump(rows, sys.stdout, indent=2)
        print()
    return 0


def _pixels(found: object, size: tuple[int, int]) -> FloatArray | None:
    if found is None:
        return None
    points = found.landmark  # type: ignore[attr-defined]
    return np.array([(point.x, point.y) for point in points]) * np.array(size)


def _nearest(people: Sequence[PersonKeypoints], body: FloatArray | None) -> PersonKeypoints | None:
    if body is None or len(people) < 2:
        return people[0] if people else None
    return min(people, key=lambda person: float(np.linalg.norm(person.body[0, :2] - body[0])))


if __name__ == "__main__":
    run_bench(main)
