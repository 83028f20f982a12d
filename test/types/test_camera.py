"""Cameras: points behind pixels, and calibration files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bharnet_ros.types.camera import Calibration, PinholeCamera, read_calibration
from bharnet_ros.types.errors import InputError

CAMERA = PinholeCamera(640, 480, fx=500.0, fy=510.0, cx=318.0, cy=242.0)

# What `ros2 run camera_calibration cameracalibrator` writes.
FILE = """
image_width: 640
image_height: 480
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: [500.0, 0.0, 318.0, 0.0, 510.0, 242.0, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.1, 0.02, 0.001, -0.002, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
projection_matrix:
  rows: 3
  cols: 4
  data: [490.0, 0.0, 317.0, 0.0, 0.0, 495.0, 243.0, 0.0, 0.0, 0.0, 1.0, 0.0]
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a calibration file and gives its path."""

    def write_file(text):
        path = tmp_path / "camera.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def test_points_are_those_that_the_camera_projects_to_the_pixels():
    points = np.array([[0.0, 0.0, 1.0], [0.3, -0.2, 1.5], [-0.4, 0.5, 2.5]])
    pixels = points @ np.reshape(CAMERA.matrix, (3, 3)).T
    pixels = pixels[:, :2] / pixels[:, 2:]
    np.testing.assert_allclose(CAMERA.points(pixels, points[:, 2]), points, atol=1e-6)


def test_point_without_depth_has_no_place():
    assert np.isnan(CAMERA.points(np.array([[3.0, 4.0]]), np.array([np.nan]))).all()


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_calibration_file_is_read(write, prefix):
    calibration = read_calibration(f"{prefix}{write(FILE)}")
    assert calibration.camera == CAMERA
    assert calibration.distorted and calibration.distortion_model == "plumb_bob"
    assert calibration.d == (-0.1, 0.02, 0.001, -0.002, 0.0)
    assert calibration.p[:4] == (490.0, 0.0, 317.0, 0.0)


@pytest.mark.parametrize(
    "text, named",
    [
        (FILE.replace("camera_matrix", "matrix"), "camera_matrix"),
        (FILE.replace("500.0, 0.0, 318.0", "0.0, 0.0, 318.0"), "calibrated"),
        (FILE.replace("500.0, 0.0, 318.0", "0.0, 318.0"), "k: needs 9"),
        (FILE.replace("image_width: 640", "image_width: 0"), "width"),
        ("just words", "no fields"),
        ("[unclosed", "not a camera calibration"),
        (FILE.replace("image_width: 640", "image_width: .inf"), "not a camera calibration"),
        (FILE.replace("[-0.1,", f"[{10**400},"), "not a camera calibration"),
        (FILE.replace("318.0", ".nan"), "principal point"),
    ],
)
def test_broken_calibration_file_is_named(write, text, named):
    with pytest.raises(ValueError, match=rf"(?s)camera\.yaml.*{named}"):
        read_calibration(str(write(text)))


def test_calibration_that_cannot_be_found_is_named(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        read_calibration(str(tmp_path / "nothing.yaml"))
    with pytest.raises(ValueError, match="package://"):
        read_calibration("package://bharnet_ros/camera.yaml")
    with pytest.raises(InputError, match=r"camera_info_url: '~no_such_user/camera\.yaml'"):
        read_calibration("file://~no_such_user/camera.yaml")


def test_calibration_of_a_pinhole_has_no_distortion():
    calibration = Calibration.of(CAMERA)
    assert calibration.camera == CAMERA
    assert not calibration.distorted
    assert np.reshape(calibration.p, (3, 4))[:, :3].ravel().tolist() == list(CAMERA.matrix)


@pytest.mark.parametrize(
    "change", [{"fx": 0.0}, {"fy": float("nan")}, {"cx": float("inf")}, {"height": 0}]
)
def test_invalid_camera_is_refused(change):
    with pytest.raises(ValueError, match="must be"):
        dataclasses.replace(CAMERA, **change)
