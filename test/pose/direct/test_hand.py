"""Where hands are looked for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.pose.direct.hand import (
    HandOfBody,
    region_from_body,
    region_from_landmarks,
    still_there,
)
from bharnet_ros.pose.scene import HandLandmarks

FINGERS_UP = np.array(
    [[0, 0], [-10, -5], [-16, -12], [-20, -20], [-24, -28]]
    + [[x, -40 - 12 * joint] for x in (-12, -4, 4, 12) for joint in range(4)],
    dtype=np.float64,
)


def turned(points: np.ndarray, degrees: float, at: tuple[float, float]) -> np.ndarray:
    angle = math.radians(degrees)
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return points @ rotation + at


@pytest.mark.parametrize("degrees", [0.0, 60.0, -120.0])
def test_a_hand_is_upright_and_whole_in_its_region(degrees):
    points = turned(FINGERS_UP, degrees, (300.0, 200.0))
    region = region_from_landmarks(points)
    assert math.degrees(region.rotation) == pytest.approx(degrees, abs=7.0)
    inside = region.to_region(points)
    assert (inside > 0.0).all() and (inside < 1.0).all()
    assert inside[12, 1] < inside[0, 1]


def test_the_body_leads_to_the_hand():
    wrist, pinky, index = (np.array(point) for point in ([100.0, 100], [115.0, 60], [85.0, 60]))
    region = region_from_body(wrist, pinky, index)
    assert region.x == pytest.approx(95.0, abs=2.0) and region.y < 60.0
    assert abs(region.rotation) < math.radians(10.0)


def test_a_hand_that_has_moved_little_is_still_there():
    points = turned(FINGERS_UP, 0.0, (300.0, 200.0))
    before = region_from_landmarks(points)
    assert still_there(before, points, before)
    far = 0.25 * before.width
    for now in (
        replace(before, x=before.x + far),
        replace(before, rotation=math.radians(50.0)),
        replace(before, width=before.width * 2, height=before.height * 2),
    ):
        assert not still_there(before, points, now)


def test_a_hand_beside_which_the_body_leads_is_looked_for_where_it_was():
    image = np.zeros((480, 640, 3), dtype=np.uint8)
    points = turned(FINGERS_UP, 0.0, (300.0, 200.0))
    landmarks = np.column_stack([points / (640, 480), np.zeros(21)]).astype(np.float32)
    before = region_from_landmarks(points)
    tracker = HandOfBody()
    assert tracker.regions(before) == (before,)
    tracker.keep(HandLandmarks(landmarks, np.zeros((21, 3), dtype=np.float32), 1.0, 0.0), image)
    (there,) = tracker.regions(before)
    assert (there.x, there.width) == pytest.approx((before.x, before.width), rel=1e-4)
    beside = replace(before, x=before.x + 0.3 * before.width)
    first, second = tracker.regions(beside)
    assert first == beside
    assert second.x == pytest.approx(before.x, rel=1e-4)
    away = replace(before, x=before.x + 0.6 * before.width)
    assert tracker.regions(away) == (away,)
    tracker.keep(None, image)
    assert tracker.regions(beside) == (beside,)
