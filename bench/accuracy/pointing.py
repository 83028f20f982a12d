"""Measure where stretched arms point, on the puppet with its depth camera.

    python -m bench.accuracy.pointing [--every 3] [--noise 0.01] [--width 640]

The puppet stands 2 m away and points in six directions with each arm. The depth has noise and gaps.
The pixels of the landmarks are once the true ones, once those that pose extraction finds. *Error*:
angle between the ray and the direction that the puppet was told to point in. *Rays*: share of the
measured frames, with the arm fully out, that have one. *Within 1, 2*: share of the rays whose error
is at most one or two times the uncertainty that they tell, of the angle in space; 39 % and 86 % if
it told the truth.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.accuracy.depth import noisy
from bench.command_line import run_bench
from bharnet_ros.evaluation.tables import format_table, percent
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.recognition.pointing import PointingFinder, PointingRay
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.motion.gestures import Directions
from bharnet_ros.sources.puppet.motion.pointing import POINTED, optical_direction
from bharnet_ros.types.actions import Hand
from bharnet_ros.types.timeline import TrueAction

HEADER = (
    *("pixels", "direction", "rays", "median (°)", "90 % (°)"),
    *("told (°)", "within 1", "within 2", "false"),
)
HALF_RAISED_S = 0.3
"""Seconds from when an arm is half-way up, where the true action begins, to when it is out."""

SETTLED_S = 0.3
"""Seconds from when the arm is out to the first frame that is measured."""

EVERY = "all"


@dataclass
class Found:
    """Rays for one direction: errors and uncertainties in radians."""

    frames: int = 0
    errors: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    false: int = 0

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        if not self.errors:
            return percent(0.0), "-", "-", "-", "-", "-", str(self.false)
        errors, told = np.array(self.errors), np.array(self.told)
        return (
            percent(len(errors) / self.frames),
            f"{math.degrees(np.median(errors)):.1f}",
            f"{math.degrees(np.percentile(errors, 90)):.1f}",
            f"{math.degrees(np.median(told)):.1f}",
            percent(float(np.mean(errors <= told))),
            percent(float(np.mean(errors <= 2 * told))),
            str(self.false),
        )


def measure(every: int, noise: float, width: int) -> dict[tuple[str, str], Found]:
    """Return the rays by source of the pixels and by direction.

    Args:
        every: Measure only every N-th frame.
        noise: Standard deviation of the noise, as a share of the depth.
        width: Width of the images in pixels; they are 4 : 3.

    Raises:
        InputError: The width is not positive.
    """
    puppet = open_puppet("pointing", width=width, height=width * 3 // 4)
    random = np.random.default_rng(0)
    found: dict[tuple[str, str], Found] = {}
    finders = {"true": PointingFinder(), "found": PointingFinder()}
    with PoseExtractor() as extractor:
        for number in range(len(puppet)):
            image, at, truth = puppet.frame(number)
            seen = extractor.extract(image, round(at * 1e9))
            if number % every:
                continue
            depth = noisy(puppet.depth(number), noise, random)
            pointed = pointed_at(at, puppet.true_actions)
            for pixels, frame in (("true", truth), ("found", seen)):
                rays = finders[pixels].update(with_depth(frame, depth, puppet.camera))
                if pointed is not None:
                    _note(found, pixels, pointed, rays)
    return found


def pointed_at(at: float, actions: Sequence[TrueAction]) -> tuple[Directions, bool] | None:
    """Return the direction and whether the left arm points; None while it is not fully out.

    Args:
        at: Seconds from the start of the script.
        actions: The actions of the script.
    """
    for pointed, action in zip(POINTED, actions, strict=True):
        out = action.start_s + HALF_RAISED_S
        if out + SETTLED_S <= at <= action.end_s - HALF_RAISED_S:
            return pointed
    return None


def _note(
    found: dict[tuple[str, str], Found],
    pixels: str,
    pointed: tuple[Directions, bool],
    rays: Sequence[PointingRay],
) -> None:
    """Compare the rays of one frame with the direction that the puppet points in."""
    direction, left = pointed
    hand = Hand.LEFT if left else Hand.RIGHT
    truth = optical_direction(direction, left=left)
    for name in (EVERY, " ".join(f"{part:g}" for part in direction)):
        one = found.setdefault((pixels, name), Found())
        one.frames += 1
        one.false += sum(ray.hand is not hand for ray in rays)
        for ray in rays:
            if ray.hand is hand:
                cosine = float(np.clip(np.dot(ray.direction, truth), -1.0, 1.0))
                one.errors.append(math.acos(cosine))
                one.told.append(ray.uncertainty)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--every", type=int, default=3, metavar="N", help="measure only every N-th frame"
    )
    parser.add_argument(
        "--noise", type=float, default=0.01, help="noise as a share of the depth; 0: exact depth"
    )
    parser.add_argument("--width", type=int, default=640, help="width of the images, pixels")
    arguments = parser.parse_args()
    if arguments.every < 1 or not 0 <= arguments.noise < math.inf:
        parser.error("--every must be positive, --noise must not be negative")
    found = measure(arguments.every, arguments.noise, arguments.width)
    print(format_table(HEADER, [(*key, *one.row()) for key, one in sorted(found.items())]))
    return 0


if __name__ == "__main__":
    run_bench(main)
