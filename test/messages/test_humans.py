"""People as REP-155 describes them: skeleton, region, gesture and ids."""

from __future__ import annotations

import pytest

from bharnet_ros.messages.humans import (
    HRI_GESTURES,
    SKELETON_LANDMARKS,
    BodyIds,
    gesture_name,
    parse_gesture_names,
    region_corners,
    skeleton_points,
)
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.actions import Hand
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import absent_body
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES

SECOND = 1_000_000_000
NAMES = list(SKELETON_LANDMARKS)


def test_every_point_is_the_landmark_of_its_name():
    assert len(NAMES) == 18
    for name, landmarks in SKELETON_LANDMARKS.items():
        if name != "NECK":
            assert [MEDIAPIPE_BODY_NAMES[one] for one in landmarks] == [name.lower()]


def test_points_are_shares_of_the_image_with_their_visibility():
    person = open_puppet("rest").truth(10).people[0]
    points = skeleton_points(person.body, 640, 480)
    assert points[NAMES.index("NOSE")] == pytest.approx(
        [person.body[0, 0] / 640, person.body[0, 1] / 480, person.body[0, 3]]
    )
    neck = person.body[[11, 12], :2].mean(0) / (640, 480)
    assert points[NAMES.index("NECK"), :2] == pytest.approx(neck)
    assert points[NAMES.index("LEFT_SHOULDER"), 0] > points[NAMES.index("RIGHT_SHOULDER"), 0]


def test_points_that_are_absent_or_outside_the_image_are_zero():
    body = absent_body()
    body[0] = (320.0, 240.0, 0.0, 0.9)
    body[25] = (320.0, 700.0, 0.0, 0.9)
    points = skeleton_points(body, 640, 480)
    assert points[NAMES.index("NOSE")] == pytest.approx([0.5, 0.5, 0.9])
    assert not points[1:].any()


def test_a_region_is_given_by_its_corners_as_shares():
    assert region_corners((64.0, 48.0, 320.0, 240.0), 640, 480) == pytest.approx(
        (0.1, 0.1, 0.6, 0.6)
    )


@pytest.mark.parametrize(
    ("label", "hand", "name"),
    [
        ("hello", Hand.RIGHT, "WAVING"),
        ("Good-Bye", Hand.RIGHT, None),
        ("Arms crossed", Hand.BOTH, "ARMS_CROSSED"),
        ("raise-hand", Hand.LEFT, "LEFT_HAND_RAISED"),
        ("raise hand", Hand.BOTH, "BOTH_HANDS_RAISED"),
        ("raise hand", Hand.NONE, None),
        ("thanks", Hand.BOTH, None),
    ],
)
def test_labels_have_the_name_of_their_gesture(label, hand, name):
    assert gesture_name(label, hand) == name
    assert name is None or name in HRI_GESTURES


def test_a_user_names_own_gestures():
    names = parse_gesture_names(["", "stop=RIGHT_HAND_RAISED", "hello=OTHER"])
    assert gesture_name("Stop", Hand.LEFT, names) == "RIGHT_HAND_RAISED"
    assert gesture_name("hello", Hand.LEFT, names) == "OTHER"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stop", "gesture_names: 'stop' is not LABEL=NAME"),
        ("stop=HALT", "gesture_names: 'stop=HALT': 'HALT' is not one of OTHER, ARMS_CROSSED"),
    ],
)
def test_a_wrong_name_is_refused(text, problem):
    with pytest.raises(InputError) as caught:
        parse_gesture_names([text])
    assert str(caught.value).startswith(problem)


def test_ids_are_letters_that_stay_with_a_person_and_are_never_given_again():
    ids = BodyIds()
    first = ids.of("body_1", 0)
    assert len(first) == 5 and first.isalpha() and first.islower()
    assert ids.of("body_1", SECOND) == first
    assert ids.of("body_2", SECOND) != first
    assert ids.forget_unseen(2 * SECOND, SECOND) == []
    assert first in ids.forget_unseen(3 * SECOND, SECOND)
    assert ids.current == {}
    assert ids.of("body_1", 3 * SECOND) != first


def test_everybody_is_forgotten_when_time_goes_back():
    ids = BodyIds()
    first = ids.of("body_1", 10 * SECOND)
    assert ids.forget_unseen(SECOND, 5 * SECOND) == [first]
