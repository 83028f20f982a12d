"""A region of interest: the part of a fixed camera's image in which people are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.scene import BodyLandmarks, HandLandmarks, Scene
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray

WHOLE_IMAGE = (0, 0, 0, 0)
"""Stands for no region: ROS reads an empty array as one of bytes."""


@dataclass(frozen=True)
class RegionOfInterest:
    """A rectangle of an image, pixels.

    Attributes:
        x: Left edge.
        y: Upper edge.
        width: Number of columns.
        height: Number of rows.
    """

    x: int
    y: int
    width: int
    height: int

    def cut(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the (height, width, 3) part of an (H, W, 3) image.

        Raises:
            InputError: The region does not lie in the image.
        """
        rows, columns = image.shape[:2]
        if self.x + self.width > columns or self.y + self.height > rows:
            raise InputError(
                f"roi: [{self.x}, {self.y}, {self.width}, {self.height}] does not lie in the image "
                f"of {columns} x {rows} pixels"
            )
        return image[self.y : self.y + self.height, self.x : self.x + self.width]

    def in_image(self, scene: Scene, width: int, height: int) -> Scene:
        """Return a scene found in the region, in coordinates of the image.

        Args:
            scene: Landmarks by width and height of the region.
            width: Width of the image, pixels.
            height: Height of the image, pixels.
        """
        scale = np.array([self.width / width, self.height / height, self.width / width])
        shift = np.array([self.x / width, self.y / height, 0.0])

        def moved(landmarks: FloatArray) -> FloatArray:
            result = landmarks.copy()
            result[:, :3] = landmarks[:, :3] * scale + shift
            return result

        def hand(found: HandLandmarks | None) -> HandLandmarks | None:
            return found and replace(found, landmarks=moved(found.landmarks))

        bodies = (
            BodyLandmarks(moved(body.body), body.world, (hand(body.hands[0]), hand(body.hands[1])))
            for body in scene.bodies
        )
        lone = (replace(one, landmarks=moved(one.landmarks)) for one in scene.lone_hands)
        return Scene(tuple(bodies), tuple(lone))


def region_of_interest(values: Sequence[int]) -> RegionOfInterest | None:
    """Return the region for x, y, width and height in pixels; None for `WHOLE_IMAGE`.

    Raises:
        InputError: These are not four numbers, the region has no pixels, or it begins outside of
            every image.
    """
    if len(values) != len(WHOLE_IMAGE):
        raise InputError(f"roi: must be x, y, width and height, got {list(values)}")
    if tuple(values) == WHOLE_IMAGE:
        return None
    region = RegionOfInterest(*(int(value) for value in values))
    if region.x < 0 or region.y < 0:
        raise InputError(f"roi: x and y must not be negative, got {list(values)}")
    if region.width < 1 or region.height < 1:
        raise InputError(f"roi: width and height must be positive, got {list(values)}")
    return region


def parse_roi(text: str) -> list[int]:
    """Return the numbers of "X,Y,W,H", as a command line gives them.

    Raises:
        InputError: As `region_of_interest` says, or they are not whole numbers.
    """
    try:
        values = [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"roi: must be four whole numbers X,Y,W,H, got {text!r}") from None
    region_of_interest(values)
    return values
