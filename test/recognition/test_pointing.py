"""Where the puppet points, from its true keypoints in metres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.recognition.pointing import PointingFinder, PointingRay, arm_ray
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.motion.pointing import POINTED, optical_direction
from bharnet_ros.types.actions import Hand
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND, FrameKeypoints, absent

PUPPET = open_puppet("pointing")
SECOND = 1_000_000_000


def pointing_frame(number: int) -> FrameKeypoints:
    """Return the middle of one of the puppet's actions."""
    action = PUPPET.true_actions[number]
    return PUPPET.truth(round((action.start_s + action.end_s) / 2 * PUPPET.fps))


def degrees(ray: PointingRay, direction: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(np.dot(ray.direction, direction), -1, 1))))


@pytest.mark.parametrize("number", range(len(POINTED)))
def test_the_ray_points_where_the_puppet_points(number):
    direction, left = POINTED[number]
    person = pointing_frame(number).people[0]
    ray = arm_ray(person, LEFT_HAND if left else RIGHT_HAND)
    assert ray is not None
    assert ray.hand is (Hand.LEFT if left else Hand.RIGHT)
    assert degrees(ray, optical_direction(direction, left=left)) < 4.0
    assert np.linalg.norm(ray.direction) == pytest.approx(1.0)
    assert np.radians(1.0) < ray.uncertainty < np.radians(8.0)
    tip = person.hands_camera[0 if left else 1, 8]
    assert np.linalg.norm(np.array(ray.origin) - tip) < 0.05
    assert arm_ray(person, RIGHT_HAND if left else LEFT_HAND) is None


@pytest.mark.parametrize("script", ["rest", "gestures"])
def test_arms_that_hang_or_gesture_have_no_ray(script):
    puppet = open_puppet(script)
    finder = PointingFinder()
    assert not any(finder.update(puppet.truth(number)) for number in range(0, len(puppet), 3))


def test_the_elbow_of_an_arm_towards_the_camera_may_be_misplaced():
    direction, left = POINTED[4]
    person = pointing_frame(4).people[0]
    body = person.body_camera.copy()
    body[14] = body[12] + (0.0, 0.14, 0.02)
    ray = arm_ray(replace(person, body_camera=body), RIGHT_HAND)
    assert ray is not None
    assert degrees(ray, optical_direction(direction, left=left)) < 5.0


def test_without_depth_there_is_no_ray():
    person = replace(
        pointing_frame(0).people[0], body_camera=absent(33, 3), hands_camera=absent(2, 21, 3)
    )
    assert arm_ray(person, RIGHT_HAND) is None


def at(seconds: float, frame: FrameKeypoints) -> FrameKeypoints:
    return replace(frame, stamp_ns=round(seconds * SECOND))


def test_an_arm_must_be_stretched_for_half_of_the_time():
    finder = PointingFinder(0.3)
    rest, out = open_puppet("rest").truth(0), pointing_frame(0)
    assert [bool(finder.update(at(0.1 * step, rest))) for step in range(4)] == [False] * 4
    assert [bool(finder.update(at(0.4 + 0.1 * step, out))) for step in range(3)] == [
        *(False, True, True),
    ]
    assert not finder.update(at(0.7, rest))


def test_a_moving_arm_is_less_sure_than_a_still_one():
    still, moving = PointingFinder(0.3), PointingFinder(0.3)
    one, other = pointing_frame(0), pointing_frame(1)
    for step, frame in enumerate((one, one, other, other)):
        (steady,) = still.update(at(0.1 * step, one))
        (unsteady,) = moving.update(at(0.1 * step, frame))
    assert unsteady.uncertainty > 2 * steady.uncertainty


def test_a_stamp_that_goes_back_starts_anew():
    finder = PointingFinder(0.3)
    rest, out = open_puppet("rest").truth(0), pointing_frame(0)
    for step in range(4):
        finder.update(at(5.0 + 0.1 * step, rest))
    assert finder.update(at(1.0, out))


def test_an_impossible_time_is_refused():
    with pytest.raises(InputError, match="settled_s: must be finite and not negative, got -1"):
        PointingFinder(-1.0)
