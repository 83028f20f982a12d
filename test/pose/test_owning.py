"""Hands of the image, given to the bodies that have them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bharnet_ros.pose.engines import ENGINES
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.owning import hide_foreign_arms, own_hands
from bharnet_ros.pose.scene import HandLandmarks
from bharnet_ros.pose.tracking import same_hand
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND

PIXELS = np.array([1000.0, 500.0, 1000.0], dtype=np.float32)
SIZE = 100.0
LEFT_ARM = [13, 15, 17, 19, 21]


def body_at(x: float, left_wrist: tuple[float, float], right_wrist: tuple[float, float]):
    """Return a body of 100 pixels around (x, 300), its right side on the left of the image."""
    body = np.zeros((33, 4), dtype=np.float32)
    body[:, :2], body[:, 3] = (x, 300), 1.0
    body[[11, 12], :2] = (x + 30, 250), (x - 30, 250)
    body[[23, 24], :2] = (x + 20, 350), (x - 20, 350)
    body[15, :2], body[16, :2] = left_wrist, right_wrist
    return body


def hand_at(x: float, y: float, left: float, score: float = 1.0) -> HandLandmarks:
    """Return a hand whose wrist is here; `left` is the probability of a left one."""
    points = np.linspace((x, y, 0), (x, y - 40, 0), 21, dtype=np.float32)
    return HandLandmarks(points / PIXELS, np.zeros((21, 3), np.float32), score, left)


# Two people face the camera; the left one in the image seems to reach for the other's right hand.
FIRST = body_at(200, (395, 210), (150, 200))
SECOND = body_at(470, (520, 400), (400, 200))


def test_a_hand_belongs_to_the_body_whose_side_it_is():
    first_own, shared = hand_at(150, 200, 0.02), hand_at(400, 200, 0.03)
    again = hand_at(401, 201, 0.02)
    found = [(again, first_own), (None, shared)]
    assert own_hands([FIRST, SECOND], found, [], PIXELS) == [[None, first_own], [None, shared]]
    turned = own_hands([SECOND, FIRST], found[::-1], [], PIXELS)
    assert turned == [[None, shared], [None, first_own]]


def test_of_two_bodies_that_claim_one_side_the_nearer_has_the_hand():
    reaching = body_at(200, (150, 400), (380, 215))
    shared, again = hand_at(400, 200, 0.03), hand_at(401, 201, 0.03)
    found = [(None, again), (None, shared)]
    assert own_hands([reaching, SECOND], found, [], PIXELS) == [[None, None], [None, shared]]


def test_a_hand_that_only_a_neighbour_led_to_goes_to_its_body():
    hand = hand_at(400, 200, 0.03)
    found = [(hand, None), (None, None)]
    assert own_hands([FIRST, SECOND], found, [], PIXELS) == [[None, None], [None, hand]]


def test_hands_that_touch_stay_with_their_bodies():
    # A handshake: palms half a body apart at their wrists, and fingers that meet.
    first, second = hand_at(370, 210, 0.05), hand_at(405, 200, 0.04)
    shaking = body_at(200, (150, 400), (370, 210))
    found = [(None, first), (None, second)]
    assert own_hands([shaking, SECOND], found, [], PIXELS) == [[None, first], [None, second]]


def test_a_hand_far_from_its_wrist_is_nobodys():
    found = [(None, hand_at(150 + 0.36 * SIZE, 200, 0.0))]
    assert own_hands([FIRST], found, [], PIXELS) == [[None, None]]


def test_a_lone_hand_is_taken_once_and_only_where_none_was_found():
    lone, own = hand_at(400, 200, 0.03), hand_at(402, 200, 0.03)
    bodies = [FIRST, SECOND]
    nothing = [(None, None)] * 2
    assert own_hands(bodies, nothing, [lone], PIXELS) == [[None, None], [None, lone]]
    ((_, right),) = own_hands([SECOND], [(None, own)], [lone], PIXELS)
    assert right in (own, lone)
    assert own_hands([], [], [lone], PIXELS) == []


@pytest.mark.parametrize(("left", "side"), [(0.9, LEFT_HAND), (0.1, RIGHT_HAND)])
def test_one_hand_is_never_both_hands_of_a_body(left, side):
    clasped = body_at(200, (200, 300), (202, 300))
    pair = hand_at(200, 300, left), hand_at(201, 300, left)
    (owned,) = own_hands([clasped], [pair], [], PIXELS)
    assert owned[side] is pair[side] and owned[1 - side] is None


def test_an_arm_that_ends_at_the_hand_of_somebody_else_is_hidden():
    bodies = [FIRST.copy(), SECOND.copy()]
    hand = hand_at(400, 200, 0.03)
    hide_foreign_arms(bodies, [[None, None], [None, hand]], PIXELS)
    assert (bodies[0][LEFT_ARM, 3] == 0.0).all()
    assert (np.delete(bodies[0], LEFT_ARM, axis=0)[:, 3] == 1.0).all()
    assert (bodies[1][:, 3] == 1.0).all()


def test_an_arm_that_ends_beside_a_raised_forearm_is_hidden_too():
    # Not near the hand, which is at (400, 200), but near the line from it to the elbow.
    bodies = [body_at(200, (345, 290), (150, 200)), SECOND.copy()]
    bodies[1][14, :2] = (400, 320)
    hide_foreign_arms(bodies, [[None, None], [None, hand_at(400, 200, 0.03)]], PIXELS)
    assert (bodies[0][LEFT_ARM, 3] == 0.0).all()


@pytest.mark.parametrize("wrist", [(300, 290), (395, 510)])
def test_an_arm_elsewhere_or_out_of_the_image_is_left_as_it_is(wrist):
    bodies = [body_at(200, wrist, (150, 200)), SECOND.copy()]
    bodies[1][14, :2] = (400, 480)
    hide_foreign_arms(bodies, [[None, None], [None, hand_at(400, 200, 0.03)]], PIXELS)
    assert (bodies[0][:, 3] == 1.0).all()


def test_an_arm_with_a_hand_of_its_own_stays_in_view():
    bodies = [FIRST.copy(), SECOND.copy()]
    hide_foreign_arms(
        bodies, [[hand_at(370, 230, 0.9), None], [None, hand_at(400, 200, 0.1)]], PIXELS
    )
    assert (bodies[0][:, 3] == 1.0).all()


@pytest.mark.mediapipe
@pytest.mark.parametrize("engine", list(ENGINES))
def test_people_side_by_side_do_not_share_a_hand(engine):
    sources = [open_puppet("hello", width=640, height=480, fps=10.0, seed=seed) for seed in (0, 1)]
    raised = 0
    with PoseExtractor(engine=engine, max_people=2) as extractor:
        for pair in itertools.islice(zip(*sources, strict=True), 10, 34):
            image = np.hstack([frame.image[:, 80:560] for frame in pair])
            people = extractor.extract(image, round(pair[0].time * 1e9)).people
            if len(people) < 2:
                continue
            hands = [
                [hand for hand, seen in zip(one.hands, one.hands_present, strict=True) if seen]
                for one in people
            ]
            assert not any(same_hand(*both) for both in itertools.product(*hands))
            for one in people:
                # Their left hands hang below the image.
                assert not one.hands_present[LEFT_HAND]
                raised += one.hands_present[RIGHT_HAND]
    assert raised >= 36
