"""The skeleton: bones keep their length, fingers form the signs."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.camera import Camera
from bharnet_ros.sources.puppet.motion.gestures import GESTURES, UNKNOWN, Gesture, Style, resting
from bharnet_ros.sources.puppet.motion.kinematics import (
    FOREARM,
    UPPER_ARM,
    ArmPose,
    Pose,
    landmarks,
    smooth_step,
)
from bharnet_ros.types.keypoints import FloatArray

ALL = [*GESTURES.values(), *UNKNOWN.values()]
RIGHT = 1
FINGER_BASES = {"index": 5, "middle": 9, "ring": 13, "little": 17}


def straightness(hand: FloatArray, base: int) -> float:
    """Distance from knuckle to tip over the length of the finger's bones."""
    bones = np.linalg.norm(np.diff(hand[base : base + 4], axis=0), axis=1).sum()
    return float(np.linalg.norm(hand[base + 3] - hand[base]) / bones)


def held_hand(label: str, time: float = 0.0) -> FloatArray:
    return landmarks(GESTURES[label].perform(time, Style()))[1][RIGHT]


@pytest.mark.parametrize("gesture", ALL, ids=lambda gesture: gesture.label)
def test_bones_keep_their_length(gesture: Gesture) -> None:
    lengths = []
    for time in np.linspace(0.0, gesture.duration, 9):
        body, hands = landmarks(gesture.perform(float(time), Style()))
        for shoulder in (11, 12):
            assert np.linalg.norm(body[shoulder + 2] - body[shoulder]) == pytest.approx(UPPER_ARM)
            assert np.linalg.norm(body[shoulder + 4] - body[shoulder + 2]) == pytest.approx(FOREARM)
        np.testing.assert_allclose(body[[15, 16]], hands[:, 0])
        lengths.append(np.linalg.norm(np.diff(hands[:, 5:9], axis=1), axis=2))
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[0], np.shape(lengths)))


def test_i_love_you_extends_thumb_index_and_little_finger_alone() -> None:
    hand = held_hand("iloveyou")
    extended = {name: straightness(hand, base) > 0.95 for name, base in FINGER_BASES.items()}
    assert extended == {"index": True, "middle": False, "ring": False, "little": True}
    assert straightness(hand, 1) > 0.95
    curled = {name: straightness(hand, base) for name, base in FINGER_BASES.items()}
    assert max(curled["middle"], curled["ring"]) < 0.6
    assert np.linalg.norm(hand[4] - hand[17]) > 1.2 * np.linalg.norm(hand[2] - hand[17])


@pytest.mark.parametrize(
    ("label", "extended"),
    [("hello", 4), ("thanks", 4), ("please", 4), ("yes", 0), ("sorry", 0), ("help", 0)],
)
def test_signs_have_open_hands_or_fists(label: str, extended: int) -> None:
    hand = held_hand(label)
    straight = [straightness(hand, base) for base in FINGER_BASES.values()]
    assert sum(value > 0.95 for value in straight) == extended
    assert sum(value < 0.6 for value in straight) == 4 - extended


def test_no_snaps_two_fingers_onto_the_thumb() -> None:
    gaps = []
    for time in np.arange(0.0, 2.0, 0.05):
        hand = held_hand("no", float(time))
        gaps.append(np.linalg.norm(hand[8] - hand[4]) / np.linalg.norm(hand[9] - hand[0]))
        assert straightness(hand, 13) < 0.6
    assert min(gaps) < 0.5 and max(gaps) > 0.9
    closings = np.diff((np.array(gaps) < np.mean(gaps)).astype(int)) == 1
    assert closings.sum() >= 2


@pytest.mark.parametrize("label", ["hello", "iloveyou", "no", "yes"])
def test_raised_palms_face_the_camera_with_the_thumb_inwards(label: str) -> None:
    hand = held_hand(label)
    normal = np.cross(hand[5] - hand[0], hand[17] - hand[0])
    assert normal[2] < 0, "the palm of a right hand should face the camera"
    assert hand[5, 0] > hand[17, 0], "the index finger is towards the middle of the body"
    assert hand[9, 1] < hand[0, 1]


def test_left_and_right_mirror_each_other() -> None:
    arm = GESTURES["hello"].perform(0.4, Style()).right
    body, hands = landmarks(Pose(right=arm, left=arm))
    np.testing.assert_allclose(hands[0], hands[1] * (-1, 1, 1), atol=1e-12)
    np.testing.assert_allclose(body[13], body[14] * (-1, 1, 1), atol=1e-12)


def test_an_arm_does_not_grow_to_reach_what_is_too_far() -> None:
    far = ArmPose(wrist=np.array([2.0, 1.0, 1.0]))
    body, _ = landmarks(Pose(right=far))
    assert np.linalg.norm(body[16] - body[12]) < UPPER_ARM + FOREARM


@pytest.mark.parametrize("script", ["gestures", "unknown"])
def test_motion_is_smooth(script: str) -> None:
    source = open_puppet(script, fps=60.0)
    places = []
    for number in range(source.frame_count):
        person = source.truth(number).people[0]
        places.append(person.body_world[[15, 16]] - person.body_world[[11, 12]])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    assert steps.max() < 5.0 / 60.0, "a wrist moves at more than five metres a second"


def test_smooth_step_rises_from_zero_to_one_and_stays() -> None:
    values = [smooth_step(x) for x in (-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0)]
    assert values[0] == values[1] == 0.0 and values[-1] == values[-2] == 1.0
    assert values[3] == pytest.approx(0.5)
    assert values == sorted(values)


def test_the_camera_makes_near_things_larger_and_measures_in_its_own_axes() -> None:
    camera, away = Camera(640, 480), np.array([0.0, 0.0, 1.0])
    body, hands = landmarks(resting(0.0))
    far = camera.see(body + away, hands + away, "a")
    near = camera.see(body, hands, "a")

    def shoulders(keypoints: FloatArray) -> float:
        return float(np.linalg.norm(keypoints[11, :2] - keypoints[12, :2]))

    assert shoulders(near.body) > 1.5 * shoulders(far.body)
    assert near.body[11, 0] > near.body[12, 0], "a person's left is on the right of the image"
    np.testing.assert_allclose(near.body_world[23] + near.body_world[24], 0.0, atol=1e-6)
    assert near.body_world[0, 1] < -0.5, "up is negative y"
    assert near.body[0, 2] < near.body[7, 2], "the nose is nearer than the ear"
    np.testing.assert_allclose(near.hands[:, 0, 2], 0.0, atol=1e-4)
