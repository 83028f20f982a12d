"""Events carry the hand of their best window, and where the person is."""

from __future__ import annotations

from dataclasses import replace

from score_streams import make_finder, person, scores

from bharnet_ros.types.actions import Hand, OffsetReason, Phase
from bharnet_ros.types.places import PersonPlace

HERE = PersonPlace(position=(0.0, 0.0, 1.0))
THERE = PersonPlace(position=(1.0, 0.0, 2.0))


def seen(at: float, hand: Hand, place: PersonPlace = HERE, differ: bool = False, **likely: float):
    track = replace(person(at, **likely), hand=hand, hands_differ=differ, place=place)
    return scores(at, track)


def test_an_onset_has_the_hand_and_the_place_of_its_window():
    (onset,) = make_finder().update(seen(1.0, Hand.LEFT, differ=True, wave=0.9))
    assert (onset.hand, onset.hands_differ, onset.place) == (Hand.LEFT, True, HERE)


def test_an_offset_has_the_hand_of_the_best_window_and_the_newest_place():
    finder = make_finder()
    finder.update(seen(1.0, Hand.LEFT, wave=0.7))
    finder.update(seen(1.1, Hand.RIGHT, wave=0.9))
    finder.update(seen(1.2, Hand.BOTH, wave=0.8))
    (offset,) = finder.update(seen(1.3, Hand.NONE, THERE))
    assert (offset.phase, offset.hand, offset.place) == (Phase.OFFSET, Hand.RIGHT, THERE)


def test_the_hand_of_another_action_is_not_taken():
    finder = make_finder(smoothing_s=5.0, min_duration_s=0.1)
    assert finder.update(seen(1.0, Hand.LEFT, wave=0.9)) == []
    # The smoothed probability of waving still leads, but this window shows pointing.
    (onset,) = finder.update(seen(1.1, Hand.RIGHT, wave=0.05, point=0.9))
    assert (onset.label, onset.hand) == ("wave", Hand.NONE)


def test_a_lost_person_was_where_they_were_seen_last():
    finder = make_finder(person_timeout_s=0.5)
    finder.update(seen(1.0, Hand.LEFT, HERE, wave=0.9))
    finder.update(seen(1.1, Hand.LEFT, THERE, wave=0.9))
    finder.update(scores(1.4))
    (offset,) = finder.update(scores(2.0))
    assert (offset.reason, offset.place) == (OffsetReason.PERSON_LOST, THERE)
