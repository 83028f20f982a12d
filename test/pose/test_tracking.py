"""False bodies, the assignment of hands to bodies, and tracks."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pose.tracking import (
    Place,
    Tracker,
    body_size,
    contradicts_body,
    palm_size,
    same_body,
    same_hand,
    wrist_distance,
)
from bharnet_ros.types.keypoints import absent, absent_body

SECOND = 1_000_000_000


def body_at(x: float, y: float, torso: float = 100.0) -> np.ndarray:
    """Return an upright body: shoulders at (x, y), wrists at the height of the hips."""
    body = np.zeros((33, 4), dtype=np.float32)
    body[:, :2] = x, y
    body[:, 3] = 1.0
    half = torso * 0.3
    body[[11, 12], 0] = x + half, x - half
    body[[23, 24], :2] = (x + half, y + torso), (x - half, y + torso)
    body[[15, 16], :2] = (x + 2 * half, y + torso), (x - 2 * half, y + torso)
    return body


def hand_at(x: float, y: float, palm: float = 20.0) -> np.ndarray:
    """Return a hand with its wrist at (x, y), fingers up."""
    hand = np.zeros((21, 3), dtype=np.float32)
    hand[:, 0] = x
    hand[:, 1] = y - np.linspace(0, 2, 21) * palm
    hand[9, :2] = x, y - palm
    return hand


def hands_of(left: np.ndarray | None = None, right: np.ndarray | None = None) -> np.ndarray:
    hands = absent(2, 21, 3)
    for side, hand in enumerate((left, right)):
        if hand is not None:
            hands[side] = hand
    return hands


def place(stamp_s: float, body: np.ndarray, hands: np.ndarray | None = None) -> Place:
    found = Place.of(round(stamp_s * SECOND), body, absent(2, 21, 3) if hands is None else hands)
    assert found is not None
    return found


def test_sizes_of_body_and_palm():
    assert body_size(body_at(300, 100)) == pytest.approx(100)
    # If a person bends towards the camera, the shoulders give the size.
    bent = body_at(300, 100)
    bent[[23, 24], 1] = 110
    assert body_size(bent) == pytest.approx(78)
    assert palm_size(hand_at(0, 0, 20)) == pytest.approx(20)


def test_distance_of_a_hand_is_in_body_sizes_at_any_resolution():
    for scale in (1.0, 4.0):
        body, hand = body_at(300, 100) * scale, hand_at(370, 200) * scale
        assert wrist_distance(body, 0, hand) == pytest.approx(0.1)
        assert wrist_distance(body, 1, hand) > 1.0


def test_hands_side_by_side_are_two_hands():
    assert same_hand(hand_at(100, 100), hand_at(103, 98))
    assert not same_hand(hand_at(100, 100), hand_at(118, 100))


@pytest.mark.parametrize(
    ("hand", "contradicts"),
    [
        (hand_at(360, 200, 20), False),  # at its wrist
        (hand_at(360, 200, 60), False),  # at its wrist, reached out to the camera
        (hand_at(600, 200, 20), False),  # another person's
        (hand_at(600, 200, 60), True),  # too large for the body, and not its own
        (hand_at(360, 200, 120), True),  # larger than the body
    ],
)
def test_body_is_false_if_a_hand_is_too_large_for_it(hand, contradicts):
    assert contradicts_body(body_at(300, 100), hand) is contradicts


def test_person_without_landmarks_has_no_place():
    assert Place.of(0, absent_body(), absent(2, 21, 3)) is None


@pytest.mark.parametrize(
    ("later", "same"),
    [
        (place(0.1, body_at(310, 100)), True),
        (place(0.1, body_at(600, 100)), False),  # three torsos in a tenth of a second
        (place(0.5, body_at(600, 100)), True),  # a runner
        (place(0.6, body_at(300, 100)), False),  # unseen for too long
        (place(0.1, body_at(300, 150, 30)), False),  # too small
        (place(0.1, absent_body(), hands_of(hand_at(360, 200))), True),  # only a hand left
        (place(0.1, absent_body(), hands_of(None, hand_at(700, 200))), False),
    ],
)
def test_track_continues_only_if_it_can_be_the_same_person(later, same):
    tracker = Tracker()
    first = tracker.track_ids([place(0.0, body_at(300, 100))])
    assert (tracker.track_ids([later]) == first) is same


def test_forgotten_person_gets_an_id_never_used_before():
    tracker = Tracker()
    here = place(0.0, body_at(300, 100))
    names = [tracker.track_ids([here]), tracker.track_ids([here])]
    tracker.forget()
    names.append(tracker.track_ids([here]))
    assert names[0] == names[1] != names[2]


def test_people_keep_their_ids_in_any_order():
    tracker = Tracker()
    left, right = tracker.track_ids([place(0.0, body_at(100, 100)), place(0.0, body_at(160, 100))])
    assert left != right
    moved = [place(0.1, body_at(150, 100)), place(0.1, body_at(110, 100))]
    assert tracker.track_ids(moved) == [right, left]


def test_only_one_person_continues_a_track():
    tracker = Tracker()
    (first,) = tracker.track_ids([place(0.0, body_at(100, 100))])
    names = tracker.track_ids([place(0.1, body_at(130, 100)), place(0.1, body_at(105, 100))])
    assert names[1] == first
    assert names[0] not in {first, ""}


def test_person_unseen_for_a_moment_keeps_the_id_while_others_are_seen():
    tracker = Tracker()
    here, there = body_at(100, 100), body_at(900, 100)
    first, second = tracker.track_ids([place(0.0, here), place(0.0, there)])
    assert tracker.track_ids([place(0.3, here)]) == [first]
    assert tracker.track_ids([place(0.4, there), place(0.4, here)]) == [second, first]
    assert tracker.track_ids([place(0.8, here)]) == [first]
    # Unseen for too long.
    (other, again) = tracker.track_ids([place(1.0, there), place(1.0, here)])
    assert again == first and other != second


def test_two_bodies_found_on_one_person_differ_from_two_people():
    assert same_body(body_at(300, 100), body_at(306, 104))
    assert not same_body(body_at(300, 100), body_at(360, 100))
