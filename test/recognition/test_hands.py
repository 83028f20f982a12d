"""The hand that does an action, as windows of the puppet and single pieces of evidence show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.hands import HandEvidence, acting_hand
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.actions import Hand, TrackScores
from bharnet_ros.types.keypoints import KeypointSequence
from research.perturbations import mirror

WINDOW_S = 1.4
TWO_HANDED = ("thanks", "help")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(load_bundle(find_model("gestures")), "cpu", threads=1)


def windows(script: str, recognizer: Recognizer) -> Iterator[KeypointSequence]:
    """Yield windows of the first gesture of a script while its hands are up."""
    puppet = open_puppet(script)
    (action,) = puppet.true_actions
    sliding = SlidingRecognizer(recognizer)
    for number in range(len(puppet)):
        due = sliding.push(puppet.truth(number))
        at = number / puppet.fps
        if due is not None and action.start_s + 0.8 < at < action.end_s:
            yield from due.sequences


def scores(recognizer: Recognizer, sequences: list[KeypointSequence]) -> tuple[TrackScores, ...]:
    return recognizer.score(sequences, 5_000_000_000, window_s=WINDOW_S).tracks


@pytest.mark.parametrize("mirrored", [False, True], ids=["as it is", "mirrored"])
@pytest.mark.parametrize(
    "script", ["hello", "thanks", "iloveyou", "no", "yes", "please", "help", "sorry"]
)
def test_the_hand_of_every_gesture_is_told(recognizer, script, mirrored):
    shown = list(windows(script, recognizer))
    found = scores(recognizer, [mirror(one) for one in shown] if mirrored else shown)
    expected = Hand.BOTH if script in TWO_HANDED else Hand.LEFT if mirrored else Hand.RIGHT
    names = recognizer.vocabulary.class_names
    acting = [one for one in found if names[int(one.probabilities.argmax())] == script]
    assert len(acting) >= 10
    assert {one.hand for one in acting} == {expected}
    assert not any(one.hands_differ for one in acting)


def test_a_person_at_rest_uses_no_hand(recognizer):
    puppet = open_puppet("rest")
    sliding = SlidingRecognizer(recognizer)
    found = [scores for number in range(60) if (scores := sliding.update(puppet.truth(number)))]
    tracks = [track for scores in found for track in scores.tracks]
    assert tracks
    assert {track.hand for track in tracks} == {Hand.NONE}


def test_of_two_hands_that_do_different_things_the_surer_is_told(recognizer):
    left = [mirror(one) for one in windows("iloveyou", recognizer)]
    right = list(windows("no", recognizer))
    mixed = []
    for one, other in zip(left, right, strict=False):
        frames = min(len(one), len(other))
        hands = np.stack([one.hands[-frames:, 0], other.hands[-frames:, 1]], axis=1)
        short = {"stamps": other.stamps[-frames:], "body": other.body[-frames:]}
        mixed.append(replace(other, **short, hands=hands, hand_scores=other.hand_scores[-frames:]))
    found = scores(recognizer, mixed)
    names = recognizer.vocabulary.class_names
    for one in found:
        label = names[int(one.probabilities[:-1].argmax())]
        assert one.hand is (Hand.LEFT if label == "iloveyou" else Hand.RIGHT)
        assert one.hands_differ


def test_a_second_hand_in_view_that_does_nothing_is_not_told(recognizer):
    resting = []
    for one in windows("iloveyou", recognizer):
        hands = one.hands.copy()
        # A relaxed hand that lies still in the lap, above where hands hang.
        relaxed = hands[0, 0] - hands[0, 0, :1]
        chest = np.array([*(one.body[0, 11, :2] + (10.0, 120.0)), 0.0])
        hands[:, 0] = relaxed + chest
        resting.append(replace(one, hands=hands))
    for one in scores(recognizer, resting):
        assert one.hand is Hand.RIGHT


def evidence(**fields) -> HandEvidence:
    known = {"seen": (1.0, 1.0), "path": (1.0, 1.0), "alone": (0.1, 0.8), "together": 0.7}
    return HandEvidence(**{**known, **fields})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Hand.RIGHT),
        ({"alone": (0.8, 0.1)}, Hand.LEFT),
        ({"alone": (0.7, 0.8)}, Hand.BOTH),
        ({"alone": (0.2, 0.3), "together": 0.6}, Hand.BOTH),
        ({"seen": (0.9, 0.0), "alone": (0.0, 0.0)}, Hand.LEFT),
        ({"alone": (0.6, 0.8), "path": (0.0, 2.0)}, Hand.RIGHT),
        ({"seen": (0.0, 0.0), "path": (0.1, 0.2)}, Hand.NONE),
        ({"seen": (0.0, 0.0), "path": (0.1, 2.0)}, Hand.RIGHT),
        ({"seen": (0.1, 0.0), "path": (1.8, 2.0)}, Hand.BOTH),
    ],
)
def test_evidence_decides(fields, expected):
    assert acting_hand(evidence(**fields)) == (expected, False)


def test_another_action_of_the_other_hand_is_told():
    assert acting_hand(evidence(otherwise=(0.9, 0.0))) == (Hand.RIGHT, True)
    assert acting_hand(evidence(otherwise=(0.3, 0.9))) == (Hand.RIGHT, False)
