"""Broken messages are refused by the name of the part that is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bharnet_ros.messages.reading import (
    calibration_from_message,
    event_from_message,
    keypoints_from_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints


def test_times_and_negative_durations_are_nanoseconds():
    assert time_to_ns(SimpleNamespace(sec=2, nanosec=5)) == 2_000_000_005
    assert time_to_ns(SimpleNamespace(sec=-1, nanosec=750_000_000)) == -250_000_000


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"phase": 3}, "event 'a-1': phase 3 is not one of 1, 2"),
        (
            {"phase": 2, "reason": "boredom"},
            "event 'a-1': reason 'boredom' is not one of '', 'ended', 'replaced', ",
        ),
    ],
)
def test_an_event_of_unknown_phase_or_reason_is_refused(messages, fields, problem):
    message = messages.event("a-1", fields["phase"], 1.0, 0.5, 1.0, reason=fields.get("reason", ""))
    with pytest.raises(InputError) as caught:
        event_from_message(message)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("field", "count", "expected"),
    [
        ("body", 98, 99),
        ("body_visibility", 34, 33),
        ("body_world", 0, 99),
        ("body_camera", 3, 99),
        ("hand_present", 1, 2),
        ("hand_score", 3, 2),
        ("hands", 63, 126),
        ("hands_world", 63, 126),
        ("hands_camera", 63, 126),
    ],
)
def test_a_person_with_another_number_of_values_is_refused(messages, field, count, expected):
    message = messages.keypoints(FrameKeypoints(1, 64, 48, (PersonKeypoints("body_1"),)))
    setattr(message.people[0], field, np.zeros(count, dtype=np.float32))
    with pytest.raises(InputError) as caught:
        keypoints_from_message(message)
    assert str(caught.value) == f"track 'body_1': {field} has {count} numbers, not {expected}"


@pytest.mark.parametrize(
    ("row", "problem"),
    [((0.5, 0.5), "has 2 classes, not 3"), ((np.inf, 0.0, 0.0), "is not finite")],
)
def test_scores_without_a_finite_number_for_each_class_are_refused(messages, row, problem):
    with pytest.raises(InputError, match=f"track 'body_1': probabilities {problem}"):
        scores_from_message(messages.scores(1.0, {"body_1": row}), 3)


def test_a_calibration_with_a_short_matrix_is_refused():
    message = SimpleNamespace(
        width=4, height=3, distortion_model="", d=[], k=[1.0] * 8, r=[0.0] * 9, p=[0.0] * 12
    )
    with pytest.raises(InputError, match="k: needs 9 numbers, got 8"):
        calibration_from_message(message)
