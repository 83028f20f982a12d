"""Cameras: the pinhole model, the calibration and the calibration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray
from bharnet_ros.types.paths import expand_home
from bharnet_ros.types.places import Point

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_FILE_SCHEME = "file://"


@dataclass(frozen=True)
class PinholeCamera:
    """A camera with rectified images, in which straight lines are straight.

    Pixel coordinates begin at the centre of the upper left pixel. The camera looks along z (REP-103
    optical frame: x right, y down, z forward).

    Attributes:
        width: Image width in pixels.
        height: Image height in pixels.
        fx: Focal length along x in pixels.
        fy: Focal length along y in pixels.
        cx: Where the optical axis meets the image, pixels from the left.
        cy: The same, pixels from the top.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: The size or a focal length is not positive, or a number is not finite.
        """
        if self.width < 1 or self.height < 1:
            raise InputError(f"width, height: must be positive, got {self.width} x {self.height}")
        if not (0.0 < self.fx < np.inf and 0.0 < self.fy < np.inf):
            raise InputError(
                f"k: focal lengths must be positive, got {self.fx:g} and {self.fy:g}; "
                "is the camera calibrated?"
            )
        if not np.isfinite([self.cx, self.cy]).all():
            raise InputError(f"k: the principal point must be finite, got {self.cx:g}, {self.cy:g}")

    @property
    def matrix(self) -> tuple[float, ...]:
        """The camera matrix K, row by row (9 numbers)."""
        return (self.fx, 0.0, self.cx, 0.0, self.fy, self.cy, 0.0, 0.0, 1.0)

    def points(self, pixels: FloatArray, depth: FloatArray) -> FloatArray:
        """Return the points in space that the camera sees at some pixels.

        Args:
            pixels: (..., 2) x, y.
            depth: (...) metres along the optical axis, NaN where unknown.

        Returns:
            (..., 3) metres in the camera's optical frame, NaN where the depth is NaN.
        """
        x = (pixels[..., 0] - self.cx) / self.fx
        y = (pixels[..., 1] - self.cy) / self.fy
        return np.stack([x * depth, y * depth, depth], axis=-1).astype(np.float32)

    def direction(self, x: float, y: float) -> Point:
        """Return the vector of length 1 from the camera towards a pixel, in its optical frame."""
        ray = np.array([(x - self.cx) / self.fx, (y - self.cy) / self.fy, 1.0])
        right, down, forward = (ray / np.linalg.norm(ray)).tolist()
        return right, down, forward


@dataclass(frozen=True)
class Calibration:
    """The calibration of a camera, with the fields of sensor_msgs/CameraInfo.

    Attributes:
        width: Image width in pixels.
        height: Image height in pixels.
        k: (9,) camera matrix of the raw image, row by row.
        d: Distortion coefficients; empty or all zero if the image is rectified.
        distortion_model: Name of the distortion model.
        r: (9,) rotation of the rectification, row by row.
        p: (12,) projection matrix of the rectified image, row by row; made of `k` if empty.
    """

    width: int
    height: int
    k: tuple[float, ...]
    d: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    distortion_model: str = "plumb_bob"
    r: tuple[float, ...] = _IDENTITY
    p: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check the lengths, and fill in `p`.

        Raises:
            InputError: A matrix has the wrong number of elements; the message names it.
        """
        if not self.p and len(self.k) == 9:
            rows = np.reshape(self.k, (3, 3))
            object.__setattr__(self, "p", tuple(np.column_stack([rows, np.zeros(3)]).ravel()))
        for name, count in (("k", 9), ("r", 9), ("p", 12)):
            if len(getattr(self, name)) != count:
                raise InputError(f"{name}: needs {count} numbers, got {len(getattr(self, name))}")

    @classmethod
    def of(cls, camera: PinholeCamera) -> Calibration:
        """Return the calibration of a camera without distortion."""
        return cls(camera.width, camera.height, camera.matrix)

    @property
    def distorted(self) -> bool:
        """Whether the images are not rectified."""
        return any(self.d)

    @property
    def camera(self) -> PinholeCamera:
        """The pinhole camera of `k`; distortion is ignored.

        Raises:
            InputError: `k` or the size is not valid, for example because the camera was never
                calibrated.
        """
        return PinholeCamera(
            self.width, self.height, fx=self.k[0], fy=self.k[4], cx=self.k[2], cy=self.k[5]
        )


def read_calibration(url: str) -> Calibration:
    """Read a calibration file, YAML as ROS's camera_calibration writes it.

    Args:
        url: Path of the file, or file:// and its absolute path.

    Raises:
        InputError: The file is not a calibration, or its values are not valid; the message names
            the file.
        OSError: The file cannot be read.
    """
    if "://" in url and not url.startswith(_FILE_SCHEME):
        raise InputError(f"camera_info_url: {url!r} must be a path or begin with file://")
    path = expand_home(url.removeprefix(_FILE_SCHEME), "camera_info_url")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(content, Mapping):
            raise InputError("it has no fields")
        calibration = Calibration(
            width=int(content["image_width"]),
            height=int(content["image_height"]),
            k=_numbers(content["camera_matrix"]),
            d=_numbers(content["distortion_coefficients"]),
            distortion_model=str(content.get("distortion_model", "plumb_bob")),
            r=_numbers(content["rectification_matrix"]),
            p=_numbers(content["projection_matrix"]),
        )
        # Made here once, so that invalid values are refused together with the file's name.
        _ = calibration.camera
    except KeyError as error:
        raise InputError(f"camera_info_url: {path}: has no field {error}") from error
    except (TypeError, ValueError, OverflowError, yaml.YAMLError) as error:
        raise InputError(
            f"camera_info_url: {path}: is not a camera calibration: {error}"
        ) from error
    return calibration


def _numbers(matrix: Any) -> tuple[float, ...]:
    """Return the numbers of a matrix in OpenCV's format: rows, cols and data."""
    data: Sequence[Any] = matrix["data"]
    return tuple(float(value) for value in data)
