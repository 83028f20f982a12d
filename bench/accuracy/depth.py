"""How far places before the camera are from the truth, on the puppet with its depth camera.

    python -m bench.accuracy.depth [SCRIPT ...] [--every 6] [--noise 0.01] [--width 640]

Landmarks are read in the depth image in three ways: as `pose/depth.py` does, by the plain median of
the same patch, and at the one pixel; once where they truly are, once where MediaPipe finds them.
Landmarks that are out of the image or hidden by something nearer are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.pose.depth import PATCH_RADIUS, with_depth
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FloatArray, FrameKeypoints, PersonKeypoints

SCRIPTS = ("gestures", "unknown")
FINGERS = [3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20]
HIDDEN_M = 0.05
FAR_M = 0.10
HEADER = ("landmarks", "pixels", "read as", "median (cm)", "90 % (cm)", "over 10 cm", "no depth")

Placer = Callable[[FrameKeypoints, FloatArray, PinholeCamera], FrameKeypoints]


def placer(radius: int) -> Placer:
    """Return a way of placing keypoints by the plain median of patches."""

    def place(frame: FrameKeypoints, depth: FloatArray, camera: PinholeCamera) -> FrameKeypoints:
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

    return place


def _median(depth: FloatArray, pixel: FloatArray, radius: int) -> float:
    """Return the median of a patch, NaN where it is not in the image or knows nothing."""
    if not np.isfinite(pixel).all():
        return float("nan")
    column, row = np.rint(pixel).astype(int)
    if not (0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]):
        return float("nan")
    patch = depth[
        max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1
    ]
    return float(np.nanmedian(patch)) if np.isfinite(patch).any() else float("nan")


PLACERS: dict[str, Placer] = {
    "ours": with_depth,
    f"median {2 * PATCH_RADIUS + 1} x {2 * PATCH_RADIUS + 1}": placer(PATCH_RADIUS),
    "one pixel": placer(0),
}


@dataclass
class Errors:
    """Distances from the truth, metres; NaN where no depth was found."""

    values: list[FloatArray] = field(default_factory=list)

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        every = np.concatenate(self.values)
        found = every[np.isfinite(every)]
        return (
            f"{np.median(found) * 100:.2f}",
            f"{np.percentile(found, 90) * 100:.2f}",
            f"{np.mean(found > FAR_M):.1%}",
            f"{1 - len(found) / len(every):.1%}",
        )


def noisy(depth: FloatArray, share: float, random: np.random.Generator) -> FloatArray:
    """Return what a camera might measure: noise, and nothing beside edges and here and there.

    Args:
        depth: (H, W) metres.
        share: Standard deviation of the noise as a share of the depth.
        random: Draws.
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
    """Return the distances of landmarks that were found and can be seen, by kind."""
    body = _distances(person.body, person.body_camera, truth.body, truth.body_camera, depth)
    named = [("body", body)]
    for side in (0, 1):
        parts = (person.hands, person.hands_camera, truth.hands, truth.hands_camera)
        one, placed, there, place = (part[side] for part in parts)
        rest = np.delete(np.arange(21), FINGERS)
        for name, chosen in (("palms", rest), ("fingers", np.array(FINGERS))):
            named.append(
                (
                    name,
                    _distances(one[chosen], placed[chosen], there[chosen], place[chosen], depth),
                )
            )
    return named


def _distances(
    found: FloatArray, placed: FloatArray, pixels: FloatArray, truth: FloatArray, depth: FloatArray
) -> FloatArray:
    seen = np.isfinite(found[:, :2]).all(1) & _in_view(pixels, truth, depth)
    distances: FloatArray = np.linalg.norm(placed[seen] - truth[seen], axis=1)
    return distances


def _in_view(pixels: FloatArray, truth: FloatArray, depth: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which landmarks are in the image with nothing nearer before them."""
    known = np.isfinite(pixels[:, :2]).all(1) & np.isfinite(truth).all(1)
    column, row = np.rint(np.where(known[:, None], pixels[:, :2], -1)).astype(int).T
    inside = known & (row >= 0) & (row < depth.shape[0]) & (column >= 0) & (column < depth.shape[1])
    before = depth[np.where(inside, row, 0), np.where(inside, column, 0)]
    return inside & (before > truth[:, 2] - HIDDEN_M)


def measure(
    scripts: Sequence[str], every: int, noise: float, width: int
) -> dict[tuple[str, str, str], Errors]:
    """Return the errors by kind of landmark, whose pixels, and how depth was read.

    Args:
        scripts: Of the puppet.
        every: Which frames are measured: every so many.
        noise: Of the depth, as a share of it.
        width: Of the images, which are 4 : 3.
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
                    for name, place in PLACERS.items():
                        person = place(frame, depth, puppet.camera).people[0]
                        for kind, values in groups(person, truth.people[0], exact):
                            errors.setdefault((kind, pixels, name), Errors()).values.append(values)
    return errors


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scripts", nargs="*", default=SCRIPTS, help="scripts of the puppet")
    parser.add_argument("--every", type=int, default=6, help="measure every so many frames")
    parser.add_argument(
        "--noise", type=float, default=0.01, help="of the depth, as a share of it; 0: exact depth"
    )
    parser.add_argument("--width", type=int, default=640, help="of the images, pixels")
    arguments = parser.parse_args()
    errors = measure(arguments.scripts, arguments.every, arguments.noise, arguments.width)
    rows = [(*key, *found.row()) for key, found in sorted(errors.items())]
    print(format_table(HEADER, rows))


if __name__ == "__main__":
    main()
