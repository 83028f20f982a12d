"""Regions of interest: their geometry and their crops."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from bharnet_ros.pose.direct.regions import Region, between, crop, rotation_of, whole_image

TURNED = Region(120.0, 80.0, 60.0, 40.0, math.radians(30.0))


def test_points_go_to_the_image_and_back():
    points = np.random.default_rng(0).uniform(-0.2, 1.2, (10, 3))
    placed = TURNED.to_image(points)
    np.testing.assert_allclose(TURNED.to_region(placed[:, :2]), points[:, :2], atol=1e-9)
    np.testing.assert_allclose(placed[:, 2], points[:, 2] * 60.0)
    centre = TURNED.to_image(np.array([[0.5, 0.5, 0.0]]))[0]
    np.testing.assert_allclose(centre, [120.0, 80.0, 0.0])


def test_corners_are_those_of_opencv():
    corners = TURNED.to_image(np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=float))
    expected = cv2.boxPoints(((120.0, 80.0), (60.0, 40.0), 30.0))
    np.testing.assert_allclose(corners[:, :2], expected, atol=1e-4)


def test_a_square_moves_along_its_own_height():
    square = TURNED.expanded(2.0, -0.5)
    assert (square.width, square.height, square.rotation) == (120.0, 120.0, TURNED.rotation)
    up = np.array([math.sin(TURNED.rotation), -math.cos(TURNED.rotation)])
    np.testing.assert_allclose([square.x, square.y], np.array([120.0, 80.0]) + 20.0 * up)


@pytest.mark.parametrize("degrees", [-170.0, -30.0, 0.0, 45.0, 179.0])
def test_a_person_who_is_turned_is_upright_in_their_region(degrees):
    angle = math.radians(degrees)
    hips = np.array([100.0, 100.0])
    head = hips + 50.0 * np.array([math.sin(angle), -math.cos(angle)])
    assert rotation_of(hips, head) == pytest.approx(angle)
    region = between(hips, head, math.pi / 2)
    np.testing.assert_allclose(region.to_region(head[None])[0], [0.5, 0.0], atol=1e-9)


def test_a_crop_shows_its_region():
    image = np.random.default_rng(0).integers(0, 255, (50, 80, 3), dtype=np.uint8)
    out = np.zeros((20, 20, 3), dtype=np.uint8)
    crop(image, Region(40.0, 25.0, 20.0, 20.0), out)
    np.testing.assert_array_equal(out, image[15:35, 30:50])


def test_beyond_the_image_is_its_edge_or_black():
    image = np.full((10, 30, 3), 200, dtype=np.uint8)
    out = np.zeros((30, 30, 3), dtype=np.uint8)
    crop(image, whole_image(30, 10), out)
    assert (out == 200).all()
    crop(image, whole_image(30, 10), out, black_border=True)
    assert (out[:9] == 0).all() and (out[10:20] == 200).all() and (out[21:] == 0).all()


@pytest.mark.parametrize("x", [-200.0, -10.0, 40.0, 75.0, 300.0])
@pytest.mark.parametrize("degrees", [0.0, 33.0, 170.0])
def test_a_crop_may_lie_partly_or_wholly_beyond_the_image(x, degrees):
    image = np.random.default_rng(0).integers(0, 255, (50, 80, 3), dtype=np.uint8)
    pad = 300
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    out, expected = (np.zeros((32, 32, 3), dtype=np.uint8) for _ in range(2))
    crop(image, Region(x, 30.0, 40.0, 40.0, math.radians(degrees)), out)
    crop(padded, Region(x + pad, 30.0 + pad, 40.0, 40.0, math.radians(degrees)), expected)
    np.testing.assert_allclose(out.astype(int), expected.astype(int), atol=1)
