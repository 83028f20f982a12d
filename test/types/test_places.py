"""Positions in another frame."""

from __future__ import annotations

import math

import pytest

from bharnet_ros.types.places import transformed

HALF = math.sqrt(0.5)


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ((0.0, 0.0, 0.0, 1.0), (1.0, 2.0, 3.0)),
        ((0.0, 0.0, HALF, HALF), (-2.0, 1.0, 3.0)),
        ((HALF, 0.0, 0.0, HALF), (1.0, -3.0, 2.0)),
        # From an optical frame to a body frame of REP-103: forward is x, right is -y, down is -z.
        ((-0.5, 0.5, -0.5, 0.5), (3.0, -1.0, -2.0)),
    ],
)
def test_a_point_is_turned_and_then_moved(rotation, expected):
    assert transformed((1.0, 2.0, 3.0), (0.0, 0.0, 0.0), rotation) == pytest.approx(expected)
    moved = transformed((1.0, 2.0, 3.0), (10.0, 20.0, 30.0), rotation)
    assert moved == pytest.approx([a + b for a, b in zip(expected, (10, 20, 30), strict=True)])
