"""Where a person is: box, direction and position from keypoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.pose.places import bounding_box, find_place
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import PersonKeypoints, absent
from bharnet_ros.types.places import UNKNOWN

PUPPET = open_puppet("two_people")
FRAME = PUPPET.truth(60)
SIZE = (PUPPET.width, PUPPET.height)


@pytest.mark.parametrize("number", [0, 1])
def test_the_box_holds_every_visible_keypoint_and_stays_in_the_image(number):
    person = FRAME.people[number]
    box = bounding_box(person, *SIZE)
    assert box is not None
    left, top, width, height = box
    assert 0 <= left < left + width <= SIZE[0]
    assert 0 <= top < top + height <= SIZE[1]
    for landmark in (0, 11, 12):
        x, y = person.body[landmark, :2]
        assert left <= x <= left + width and top <= y <= top + height


def test_an_unseen_part_of_the_body_does_not_widen_the_box():
    person = FRAME.people[0]
    body = person.body.copy()
    body[31] = (600.0, 10.0, 0.0, 0.1)
    assert bounding_box(replace(person, body=body), *SIZE) == bounding_box(person, *SIZE)


def test_the_direction_is_a_unit_vector_towards_the_middle_of_the_box():
    place = find_place(FRAME.people[0], *SIZE, PUPPET.camera)
    assert place.box is not None and place.direction is not None
    left, top, width, height = place.box
    x, y, z = place.direction
    camera = PUPPET.camera
    assert np.linalg.norm(place.direction) == pytest.approx(1.0)
    assert camera.cx + camera.fx * x / z == pytest.approx(left + width / 2)
    assert camera.cy + camera.fy * y / z == pytest.approx(top + height / 2)


def test_people_to_the_left_and_right_have_directions_to_the_left_and_right():
    directions = [find_place(one, *SIZE, PUPPET.camera).direction for one in FRAME.people]
    assert directions[0] is not None and directions[1] is not None
    assert directions[0][0] < 0 < directions[1][0]


def test_the_position_is_the_middle_of_the_visible_trunk_in_metres():
    person = FRAME.people[1]
    place = find_place(person, *SIZE)
    visible = [one for one in (11, 12, 23, 24) if person.body[one, 3] >= 0.5]
    assert place.position == pytest.approx(person.body_camera[visible].mean(0).tolist())


def test_without_a_camera_the_direction_is_that_of_the_position():
    place = find_place(FRAME.people[1], *SIZE)
    assert place.position is not None
    expected = np.array(place.position) / np.linalg.norm(place.position)
    assert place.direction == pytest.approx(expected.tolist())


def test_without_camera_and_depth_only_the_box_is_known():
    person = replace(FRAME.people[0], body_camera=absent(33, 3), hands_camera=absent(2, 21, 3))
    place = find_place(person, *SIZE)
    assert place.box is not None
    assert place.direction is None and place.position is None


def test_of_somebody_without_keypoints_nothing_is_known():
    assert find_place(PersonKeypoints("nobody"), *SIZE, PUPPET.camera) == UNKNOWN
