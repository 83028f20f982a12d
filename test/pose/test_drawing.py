"""Keypoints and actions drawn on images."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pose import drawing
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints, absent_body


def make_person(**parts) -> PersonKeypoints:
    return PersonKeypoints("body_1", **parts)


def body_at(x: float, y: float) -> np.ndarray:
    body = absent_body()
    body[11], body[12] = (x, y, 0, 1), (x + 60, y, 0, 1)
    return body


def draw(*people: PersonKeypoints, actions=None) -> np.ndarray:
    image = np.zeros((240, 320, 3), dtype=np.uint8)
    return drawing.draw_frame(image, FrameKeypoints(1, 320, 240, people), actions or {})


def test_bone_is_drawn_between_its_landmarks():
    drawn = draw(make_person(body=body_at(100, 120)))
    assert tuple(drawn[120, 130]) == drawing.BODY_COLOUR
    assert not drawn[60, 130].any()


def test_invisible_landmark_is_not_drawn():
    body = body_at(100, 120)
    body[:, 3] = 0.1
    assert not draw(make_person(body=body)).any()


def test_each_hand_has_its_own_colour():
    hands = np.full((2, 21, 3), np.nan, dtype=np.float32)
    hands[0, :2] = (50, 50, 0), (50, 90, 0)
    hands[1, :2] = (250, 50, 0), (250, 90, 0)
    drawn = draw(make_person(hands=hands, hand_scores=np.ones(2, dtype=np.float32)))
    # Thin lines are antialiased, so their colour is not exact.
    np.testing.assert_allclose(drawn[70, 50], drawing.LEFT_COLOUR, atol=40)
    np.testing.assert_allclose(drawn[70, 250], drawing.RIGHT_COLOUR, atol=40)


def test_absent_person_leaves_the_image_unchanged():
    assert not draw(make_person()).any()


def test_given_image_is_not_changed():
    image = np.zeros((240, 320, 3), dtype=np.uint8)
    frame = FrameKeypoints(1, 320, 240, (make_person(body=body_at(100, 120)),))
    drawing.draw_frame(image, frame, {"body_1": "hello"})
    assert not image.any()


def test_action_is_written_only_beside_its_person():
    person = make_person(body=body_at(100, 120))
    without = draw(person, actions={"body_2": "hello"})
    np.testing.assert_array_equal(without, draw(person))
    written = draw(person, actions={"body_1": "hello 0.97"})
    changed = np.argwhere((written != without).any(axis=2))
    assert len(changed) > 50
    assert (changed[:, 0] < 120).all()


@pytest.mark.parametrize("x, y", [(-1e9, 1e9), (1e30, 5.0), (-40.0, -40.0)])
def test_landmarks_far_outside_the_image_are_accepted(x, y):
    drawn = draw(make_person(body=body_at(x, y)), actions={"body_1": "a long name of an action"})
    assert drawn.shape == (240, 320, 3)
