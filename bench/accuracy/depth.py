"""Measure errors of 3D landmark positions, on the puppet with its depth camera.

    python -m bench.accuracy.depth [SCRIPT ...] [--every 6] [--noise 0.01] [--width 640]

The depth of a landmark is read in three ways: as `pose/depth.py` does, as the plain median of the
same patch, and at one pixel. The pixels of the landmarks are once the true ones, once those that
MediaPipe finds. Landmarks outside the image or hidden by something nearer are left out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from bench.command_line import run_bench
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.pose.depth import PATCH_RADIUS, with_depth
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FloatArray, FrameKeypoints, PersonKeypoints

SCRIPTS = ("gestures", "unknown")
FINGERS = [3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20]
HIDDEN_M = 0.05
"""A landmark is hidden by a surface that is nearer by more than this, metres."""

FAR_M = 0.10
"""Error that counts as large, metres."""

HEADER = ("landmarks", "pixels", "read as", "median (cm)", "90 % (cm)", "over 10 cm", "no depth")

Lifter = Callable[[FrameKeypoints, FloatArray, PinholeCamera], FrameKeypoints]
"""Adds 3D positions to keypoints, from a depth image (H, W) in metres."""


def median_lifter(radius: int) -> Lifter:
    """Return a lifter that reads the plain median of patches of this radius."""

    def lift_frame(
        frame: FrameKeypoints, depth: FloatArray, camera: PinholeCamera
    ) -> FrameKeypoints:
        def lift(pixels: FloatArray) -> FloatArray:
            found = [_median(depth, pixel, radius) for pixel in pixels]
            return camera.points(pixels, np.asarray(found))

        people = (
            replace(
                one,
                body_camera=lift(one.body[:, :2]),
                hands_camera=np.stack([lift(hand[:, :2]) for hand in one.hands]),
            )
            for one in frame.people
        )
        return replace(frame, people=tuple(people))

    return lift_frame


def _median(depth: FloatArray, pixel: FloatArray, radius: int) -> float:
    """Return the median depth of a patch; NaN outside the image or without depth."""
    if not np.isfinite(pixel).all():
        return float("nan")
    column, row = np.rint(pixel).astype(int)
    if not (0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]):
        return float("nan")
    patch = depth[
        max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1
    ]
    return float(np.nanmedian(patch)) if np.isfinite(patch).any() else float("nan")


LIFTERS: dict[str, Lifter] = {
    "ours": with_depth,
    f"median {2 * PATCH_RADIUS + 1} x {2 * PATCH_RADIUS + 1}": median_lifter(PATCH_RADIUS),
    "one pixel": median_lifter(0),
}


@dataclass
class Errors:
    """Distances from the truth, metres; NaN where no depth was found."""

    values: list[FloatArray] = field(default_factory=list)

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table; dashes if there is nothing to measure."""
        every = np.concatenate(self.values)
        found = every[np.isfinite(every)]
        if not len(found):
            return "-", "-", "-", f"{1:.1%}" if len(every) else "-"
        return (
            f"{np.median(found) * 100:.2f}",
            f"{np.percentile(found, 90) * 100:.2f}",
            f"{np.mean(found > FAR_M):.1%}",
            f"{1 - len(found) / len(every):.1%}",
        )


def noisy(depth: FloatArray, share: float, random: np.random.Generator) -> FloatArray:
    """Return depth as a camera might measure it: with noise, and gaps at edges and at random.

    Args:
        depth: (H, W) metres.
        share: Standard deviation of the noise as a share of the depth.
        random: Random generator.
    """
    if not share:
        return depth
    steep = np.hypot(*np.gradient(depth)) > HIDDEN_M
    lost = (steep & (random.random(depth.shape) < 0.5)) | (random.random(depth.shape) < 0.02)
    measured = depth * (1 + random.normal(0, share, depth.shape))
    return np.where(lost, np.nan, measured).astype(np.float32)


def groups(
    person: PersonKeypoints, truth: PersonKeypoints, depth: FloatArray
) -> list[tuple[str, FloatArray]]:
    """Return the errors of the landmarks that were found and are visible, by kind."""
    body = _distances(person.body, person.body_camera, truth.body, truth.body_camera, depth)
    named = [("body", body)]
    for side in (0, 1):
        parts = (person.hands, person.hands_camera, truth.hands, truth.hands_camera)
        pixels, lifted, true_pixels, true_positions = (part[side] for part in parts)
        rest = np.delete(np.arange(21), FINGERS)
        for name, chosen in (("palms", rest), ("fingers", np.array(FINGERS))):
            errors = _distances(
                *(pixels[chosen], lifted[chosen]),
                *(true_pixels[chosen], true_positions[chosen], depth),
            )
            named.append((name, errors))
    return named


def _distances(
    found: FloatArray, lifted: FloatArray, pixels: FloatArray, truth: FloatArray, depth: FloatArray
) -> FloatArray:
    seen = np.isfinite(found[:, :2]).all(1) & _in_view(pixels, truth, depth)
    distances: FloatArray = np.linalg.norm(lifted[seen] - truth[seen], axis=1)
    return distances


def _in_view(pixels: FloatArray, truth: FloatArray, depth: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which landmarks are in the image and not hidden by something nearer."""
    known = np.isfinite(pixels[:, :2]).all(1) & np.isfinite(truth).all(1)
    column, row = np.rint(np.where(known[:, None], pixels[:, :2], -1)).astype(int).T
    inside = known & (row >= 0) & (row < depth.shape[0]) & (column >= 0) & (column < depth.shape[1])
    before = depth[np.where(inside, row, 0), np.where(inside, column, 0)]
    return inside & (before > truth[:, 2] - HIDDEN_M)


def measure(
    scripts: Sequence[str], every: int, noise: float, width: int
) -> dict[tuple[str, str, str], Errors]:
    """Return the errors by kind of landmark, source of the pixels, and way of reading depth.

    Args:
        scripts: Scripts of the puppet.
        every: Measure only every N-th frame.
        noise: Standard deviation of the noise, as a share of the depth.
        width: Width of the images in pixels; they are 4 : 3.

    Raises:
        InputError: There is no such script, or the width is not positive.
    """
    errors: dict[tuple[str, str, str], Errors] = {}
    random = np.random.default_rng(0)
    for script in scripts:
        puppet = open_puppet(script, width=width, height=width * 3 // 4)
        with PoseExtractor() as extractor:
            for number in range(len(puppet)):
                image, _, truth = puppet.frame(number)
                found = extractor.extract(image, round(number / puppet.fps * 1e9))
                if number % every or not found.people or not truth.people:
                    continue
                exact = puppet.depth(number)
                depth = noisy(exact, noise, random)
                for pixels, frame in (("true", truth), ("MediaPipe's", found)):
                    for name, lift in LIFTERS.items():
                        person = lift(frame, depth, puppet.camera).people[0]
                        for kind, values in groups(person, truth.people[0], exact):
                            errors.setdefault((kind, pixels, name), Errors()).values.append(values)
    return errors


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scripts", nargs="*", default=SCRIPTS, help="scripts of the puppet")
    parser.add_argument(
        "--every", type=int, default=6, metavar="N", help="measure only every N-th frame"
    )
    parser.add_argument(
        "--noise", type=float, default=0.01, help="noise as a share of the depth; 0: exact depth"
    )
    parser.add_argument("--width", type=int, default=640, help="width of the images, pixels")
    arguments = parser.parse_args()
    if arguments.every < 1 or not 0 <= arguments.noise < math.inf:
        parser.error("--every must be positive, --noise must not be negative")
    errors = measure(arguments.scripts, arguments.every, arguments.noise, arguments.width)
    rows = [(*key, *found.row()) for key, found in sorted(errors.items())]
    print(format_table(HEADER, rows))
    return 0


if __name__ == "__main__":
    run_bench(main)
