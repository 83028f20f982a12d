"""Events from scores: scores and class names that cannot be used."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from score_streams import feed, make_finder, ns, parameters, person, scores, without_ids

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import OffsetReason, Phase, TrackScores


def _with(**changes: Any) -> TrackScores:
    return dataclasses.replace(person(2.0, track_id="left"), **changes)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ((_with(probabilities=np.array([0.1, np.nan, 0.2])),), "'left'.* probabilities .*finite"),
        ((_with(probabilities=np.array([0.1, np.inf, 0.2])),), "'left'.* probabilities .*finite"),
        ((_with(probabilities=np.ones(4)),), r"'left'.* probabilities .*\(3,\).*\(4,\)"),
        ((_with(body_probabilities=np.ones((1, 3))),), r"'left'.* body_prob.*\(3,\).*\(1, 3\)"),
        ((_with(hand_probabilities=np.full(3, np.nan)),), "'left'.* hand_probabilities .*finite"),
        ((_with(probabilities=np.array([0.1, 1.2, 0.2])),), "'left'.* in 0..1"),
        ((_with(probabilities=np.array([0.1, -0.2, 0.2])),), "'left'.* in 0..1"),
        ((_with(window_start_ns=ns(2.1)),), "'left'.* window_start_ns .*after"),
        ((_with(window_end_ns=ns(2.5)),), "'left'.* window_end_ns .*after the stamp"),
        ((_with(), _with()), "'left'.* twice"),
    ],
)
def test_bad_scores_are_refused_by_name_and_change_nothing(
    bad: tuple[TrackScores, ...], message: str
) -> None:
    touched, untouched = make_finder(smoothing_s=0.5), make_finder(smoothing_s=0.5)
    for finder in (touched, untouched):
        feed(finder, 0, 1, wave=0.9)
    with pytest.raises(ValueError, match=message):
        touched.update(scores(2.0, person(2.0, track_id="a"), *bad))
    after = [without_ids(feed(finder, 1, 3, wave=0.1)) for finder in (touched, untouched)]
    assert len(after[0]) == 1
    assert after[0] == after[1]


def test_a_window_end_rounded_through_float_seconds_is_accepted() -> None:
    late = dataclasses.replace(person(1.0, wave=0.9), window_end_ns=ns(1.0) + 120)
    finder = make_finder()
    (onset,) = finder.update(scores(1.0, late))
    (offset,) = finder.close(OffsetReason.SHUTDOWN)
    assert onset.end_ns <= offset.end_ns == onset.stamp_ns


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("wave", "point"), "'background' is not in"),
        (("background", "wave", "wave"), "once"),
        (("background",), "needs an action"),
    ],
)
def test_class_names_that_cannot_be_used_are_refused(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"class_names: .*{message}"):
        EventFinder(names, EventParameters())


def test_the_background_class_may_have_another_name_and_place() -> None:
    finder = EventFinder(("standby", "wave", "rest"), parameters(), background="rest")
    first = dataclasses.replace(person(0), probabilities=np.array([0.9, 0.0, 0.1]))
    second = dataclasses.replace(person(1), probabilities=np.array([0.1, 0.0, 0.9]))
    events = finder.update(scores(0, first)) + finder.update(scores(1, second))
    assert [(event.phase, event.label) for event in events] == [
        (Phase.ONSET, "standby"),
        (Phase.OFFSET, "standby"),
    ]
