"""What the page keeps of what a chain published."""

from __future__ import annotations

import pytest

from bharnet_ros.page.history import KEPT_S, MOST_EVENTS, History
from bharnet_ros.types.actions import OffsetReason

ONSET, OFFSET = 1, 2


@pytest.fixture
def history(messages) -> History:
    history = History()
    history.take_model(messages.model_info())
    return history


def test_an_event_is_open_until_its_offset(history, messages):
    history.take_event(messages.event("1", ONSET, 5.0, 4.5, 5.0, latency=0.1))
    assert history.open_actions == {"body_1": "wave 0.88"}
    assert history.events[0].length_s == pytest.approx(0.5)
    history.take_event(messages.event("1", OFFSET, 7.0, 4.5, 6.5, reason="ended", latency=0.3))
    event = history.events[0]
    assert history.open_actions == {}
    assert event.length_s == pytest.approx(2.0) and event.latency_s == pytest.approx(0.1)
    assert event.newest.reason is OffsetReason.ENDED


def test_events_of_another_camera_are_left_out(history, messages):
    history.take_scores(messages.scores(5.0, {"body_1": (0.9, 0.05, 0.05)}))
    other = messages.event("1", ONSET, 5.0, 4.5, 5.0)
    other.header.frame_id = "rear_camera"
    history.take_event(other)
    assert history.events == () and history.open_actions == {}
    history.take_event(messages.event("2", ONSET, 5.0, 4.5, 5.0))
    assert history.open_actions == {"body_1": "wave 0.88"}


def test_events_come_newest_first_and_are_not_kept_for_ever(history, messages):
    for number in range(MOST_EVENTS + 5):
        history.take_event(messages.event(str(number), ONSET, number, number, number))
    assert len(history.events) == MOST_EVENTS
    assert history.events[0].onset.event_id == str(MOST_EVENTS + 4)


def test_scores_of_the_last_minutes_are_kept(history, messages):
    for number in range(round(KEPT_S) + 30):
        history.take_scores(messages.scores(float(number), {"body_1": (0.1, 0.2, 0.7)}))
    assert len(history.scores) == KEPT_S + 1
    assert len(history.recent(20.0)) == 21
    assert history.people(20.0) == ("body_1",)
    assert history.class_names(history.scores[0]) == ("wave", "point", "background")


def test_people_who_left_are_not_among_those_of_the_last_seconds(history, messages):
    history.take_scores(messages.scores(1.0, {"body_1": (0.1, 0.2, 0.7)}))
    history.take_scores(messages.scores(6.0, {"body_2": (0.1, 0.2, 0.7)}))
    assert history.people(20.0) == ("body_1", "body_2")
    assert history.people(3.0) == ("body_2",)


def test_scores_of_an_unknown_model_are_left_out(history, messages):
    history.take_scores(messages.scores(1.0, {"body_1": (0.5, 0.5)}, model_name="other"))
    assert not history.scores and history.problem == ""


@pytest.mark.parametrize("row", [(0.5, 0.5), (0.5, float("nan"), 0.5)])
def test_broken_scores_are_told_and_left_out(history, messages, row):
    history.take_scores(messages.scores(1.0, {"body_1": row}))
    assert not history.scores and "track 'body_1'" in history.problem


def test_a_problem_is_told_until_a_message_can_be_used_again(history, messages):
    history.take_scores(messages.scores(1.0, {"body_1": (0.5, 0.5)}))
    history.take_event(messages.event("1", ONSET, 5.0, 4.5, 5.0))
    assert history.problem.startswith("action_scores: ")
    history.take_scores(messages.scores(2.0, {"body_1": (0.1, 0.2, 0.7)}))
    assert history.problem == ""


def test_a_broken_model_leaves_the_one_before(history, messages):
    broken = messages.model_info()
    broken.enter_threshold = 7.0
    history.take_model(broken)
    assert history.model is not None and history.model.actions == ("wave", "point")
    assert "enter_threshold" in history.problem


def test_a_source_that_begins_anew_is_another_history(history, messages):
    history.take_scores(messages.scores(50.0, {"body_1": (0.1, 0.2, 0.7)}))
    history.take_event(messages.event("1", ONSET, 50.0, 49.0, 50.0))
    history.take_scores(messages.scores(1.0, {"body_1": (0.1, 0.2, 0.7)}))
    assert len(history.scores) == 1 and history.events == ()


def test_only_a_recent_event_can_be_righted(history, messages):
    history.take_event(messages.event("1", ONSET, 5.0, 4.5, 5.0))
    history.take_scores(messages.scores(30.0, {}))
    assert history.can_right(history.events[0])
    history.take_scores(messages.scores(35.0, {}))
    assert not history.can_right(history.events[0])


def test_open_events_of_a_killed_publisher_end(history, messages):
    history.take_event(messages.event("1", ONSET, 5.0, 4.5, 5.0))
    history.end_events()
    assert history.open_actions == {}
    assert history.events[0].newest.reason is OffsetReason.PUBLISHER_LOST
    # It was only not heard of for a while.
    history.take_event(messages.event("1", OFFSET, 7.0, 4.5, 6.5, reason="ended"))
    assert history.events[0].newest.reason is OffsetReason.ENDED


def test_a_copy_does_not_change(history, messages):
    history.take_scores(messages.scores(1.0, {"body_1": (0.1, 0.2, 0.7)}))
    copy = history.copy()
    history.take_scores(messages.scores(2.0, {"body_1": (0.1, 0.2, 0.7)}))
    assert len(copy.scores) == 1 and copy.model is history.model
