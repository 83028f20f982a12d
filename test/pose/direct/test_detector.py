"""Detections from the output of a network: anchors, boxes and their merging."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pose.direct.detector import anchors, decode
from bharnet_ros.pose.direct.regions import whole_image


@pytest.mark.parametrize(
    ("size", "strides", "count"), [(224, (8, 16, 32, 32, 32), 2254), (192, (8, 16, 16, 16), 2016)]
)
def test_there_are_as_many_anchors_as_the_networks_have_boxes(size, strides, count):
    found = anchors(size, strides)
    assert found.shape == (count, 2)
    np.testing.assert_allclose(found[:3], np.array([[4, 4], [4, 4], [12, 4]]) / size)
    # Layers of the same stride come place by place.
    assert len(np.unique(found[-6:], axis=0)) == 1


CENTRES = np.array([[0.25, 0.25], [0.25, 0.25], [0.75, 0.75]])


def decoded(scores: list[float], boxes: list[list[float]]):
    return decode(
        np.array(boxes, dtype=np.float32),
        np.array(scores, dtype=np.float32),
        CENTRES,
        100,
        whole_image(200, 100),
        0.6,
    )


def test_a_box_lies_around_its_anchor_in_pixels_of_the_image():
    (found,) = decoded([5.0, -5.0, 0.0], [[10, 0, 20, 10, 0, 5], [0] * 6, [0] * 6])
    assert found.score == pytest.approx(0.9933, abs=1e-4)
    # The input shows a square of 200 x 200 pixels, of which the image is the middle.
    np.testing.assert_allclose(found.box, [50.0, -10.0, 90.0, 10.0])
    np.testing.assert_allclose(found.points, [[50.0, 10.0]])


def test_boxes_of_the_same_are_merged_by_their_scores():
    found = decoded(
        [1.0, 2.0, 5.0], [[0, 0, 20, 20, 0, 0], [2, 0, 20, 20, 2, 0], [0, 0, 20, 20, 0, 0]]
    )
    assert [round(one.score, 3) for one in found] == [0.993, 0.881]
    low, high = 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(-2.0))
    x = 50.0 + 2 * 2 * high / (low + high)
    np.testing.assert_allclose(found[1].points, [[x, 0.0]], rtol=1e-6)


def test_nothing_sure_is_nothing_found():
    assert decoded([0.0, 0.1, 0.2], [[0] * 6] * 3) == []
