"""Waits for actions, without ROS."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from event_messages import event_message, header, stamp

from bharnet_ros.reactions.waiting import Outcome, Wait, WaitGoal, Waits

CLASSES = ["background", "hello", "no", "thanks"]


def model(*names: str, name: str = "gestures") -> Any:
    return SimpleNamespace(name=name, class_names=list(names or CLASSES), background_id=0)


def event(label: str, seconds: float = 0.0, *, track: str = "body_1", phase: int = 1) -> Any:
    return event_message(
        *(label, seconds),
        event_id=f"{track} {label}",
        track_id=track,
        phase=phase,
        reason="" if phase == 1 else "ended",
    )


def scores(seconds: float, model_name: str = "gestures", **people: list[float]) -> Any:
    def track(name: str, values: list[float]) -> Any:
        return SimpleNamespace(
            track_id=name,
            window_start=stamp(seconds - 1.0),
            window_end=stamp(seconds),
            probabilities=values,
            body_probabilities=values,
            hand_probabilities=values,
            body_reliability=1.0,
            hand_reliability=1.0,
        )

    tracks = [track(name, values) for name, values in people.items()]
    return SimpleNamespace(header=header(seconds), model_name=model_name, tracks=tracks)


class Steady:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def waits(steady: Steady) -> Waits:
    """Return waits that know the model."""
    waits = Waits(silence_s=2.0, steady=steady)
    waits.take_model(model())
    return waits


def outcome(wait: Wait) -> Outcome | None:
    return wait.ending.outcome if wait.ending else None


def test_an_event_ends_the_waits_for_it_and_no_others(waits: Waits) -> None:
    hello, either, anything, of_another, thanks = (
        waits.start(goal)
        for goal in (
            WaitGoal(("hello",)),
            WaitGoal(("no", "hello"), "body_1"),
            WaitGoal(),
            WaitGoal(("hello",), "body_2"),
            WaitGoal(("thanks",)),
        )
    )
    message = event("hello")
    assert waits.take_event(message) == [hello, either, anything]
    assert hello.ending is not None and hello.ending.event is message
    assert hello.ending.text == "body_1 began hello"
    assert waits.waiting == (of_another, thanks)
    waits.take_event(event("hello", track="body_2"))
    assert (outcome(of_another), outcome(thanks)) == (Outcome.HAPPENED, None)


@pytest.mark.parametrize("accept_open", [False, True])
def test_an_open_event_counts_only_if_the_goal_says_so(waits: Waits, accept_open: bool) -> None:
    waits.take_event(event("no", track="body_2"))
    waits.take_event(event("hello"))
    wait = waits.start(WaitGoal(("hello",), accept_open=accept_open))
    assert outcome(wait) is (Outcome.HAPPENED if accept_open else None)
    waits.take_event(event("hello", phase=2))
    assert outcome(waits.start(WaitGoal(("hello",), accept_open=accept_open))) is None


def test_of_open_events_of_one_person_only_the_newest_counts(waits: Waits) -> None:
    waits.take_event(event("hello"))  # its OFFSET is lost
    waits.take_event(event("no"))
    waits.take_event(event("hello", phase=2))
    assert outcome(waits.start(WaitGoal(("hello",), accept_open=True))) is None
    assert outcome(waits.start(WaitGoal(("no",), accept_open=True))) is Outcome.HAPPENED


def test_open_events_that_nothing_ends_do_not_pile_up(waits: Waits) -> None:
    for number in range(1000):
        waits.take_event(event("hello", track=f"body_{number}"))
    first, last = (
        waits.start(WaitGoal(track_id=f"body_{number}", accept_open=True)) for number in (0, 999)
    )
    assert (outcome(first), outcome(last)) == (None, Outcome.HAPPENED)


def test_time_is_up_by_stamps(waits: Waits) -> None:
    waits.take_scores(scores(0.0))
    short, long, endless = (
        waits.start(WaitGoal(("hello",), timeout_s=seconds)) for seconds in (1.0, 60.0, 0.0)
    )
    assert waits.take_scores(scores(0.9, body_1=[0.2, 0.6, 0.1, 0.1])) == []
    assert waits.take_scores(scores(1.0, body_1=[0.5, 0.3, 0.1, 0.1])) == [short]
    assert short.ending is not None
    assert short.ending.text == "nothing happened in 1 s; the highest score was 0.60 of hello"
    assert waits.take_scores(scores(59.9)) == []
    assert waits.take_scores(scores(60.0)) == [long]
    waits.take_scores(scores(1e6))
    assert waits.waiting == (endless,)


def test_time_is_up_by_a_steady_clock_when_no_scores_come(waits: Waits, steady: Steady) -> None:
    wait = waits.start(WaitGoal(("hello",), timeout_s=5.0))
    steady.now = 4.9
    assert waits.check() == []
    steady.now = 5.0
    assert waits.check() == [wait]
    assert wait.ending is not None
    assert wait.ending.text == "nothing happened in 5 s; no scores came of such a person"
    assert waits.check() == []


def test_without_a_model_the_time_out_says_so(steady: Steady) -> None:
    waits = Waits(steady=steady)
    wait = waits.start(WaitGoal(("helo",), timeout_s=5.0))
    steady.now = 5.0
    waits.check()
    assert wait.ending is not None and "no model_info came" in wait.ending.text


def test_best_scores_are_those_of_the_person_since_the_wait_began(waits: Waits) -> None:
    waits.take_scores(scores(0.0, body_1=[0.0, 0.9, 0.1, 0.0]))
    one = waits.start(WaitGoal(("hello", "no"), "body_1"))
    anyone = waits.start(WaitGoal())
    people = {"body_1": [0.1, 0.2, 0.4, 0.3], "body_2": [0.0, 0.7, 0.0, 0.3]}
    waits.take_scores(scores(0.1, **people))
    waits.take_scores(scores(0.2, body_1=[0.5, 0.3, 0.1, 0.1]))
    assert one.ranking == [("no", pytest.approx(0.4)), ("hello", pytest.approx(0.3))]
    assert dict(anyone.ranking) == {
        "hello": pytest.approx(0.7),
        "no": pytest.approx(0.4),
        "thanks": pytest.approx(0.3),
    }
    assert waits.waited_s(one) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        (
            WaitGoal(("no", "helo")),
            "label 'helo': is not an action of model gestures, which has hello, no, thanks",
        ),
        (WaitGoal(("background",)), "label 'background': is not an action"),
        (WaitGoal(timeout_s=-1.0), "timeout: must be 0 or a positive number of seconds, got -1.0"),
        (WaitGoal(timeout_s=math.nan), "timeout: must be 0"),
        (WaitGoal(timeout_s=math.inf), "timeout: must be 0"),
    ],
)
def test_a_goal_that_cannot_be_met_is_refused(waits: Waits, goal: WaitGoal, text: str) -> None:
    wait = waits.start(goal)
    assert wait.ending is not None
    assert wait.ending.outcome is Outcome.REFUSED
    assert wait.ending.text.startswith(text) and "\n" not in wait.ending.text
    assert waits.waiting == ()


def test_a_label_is_checked_when_the_model_is_known_or_changes(steady: Steady) -> None:
    waits = Waits(steady=steady)
    wrong, hello, mine = (waits.start(WaitGoal((name,))) for name in ("helo", "hello", "mine"))
    assert waits.take_model(model(*CLASSES, "mine")) == [wrong]
    assert waits.take_model(model(name="other")) == [mine]
    assert mine.ending is not None and "model other" in mine.ending.text
    waits.take_scores(scores(0.0, "gestures", body_1=[0.0, 1.0, 0.0, 0.0]))  # of the old model
    waits.take_scores(scores(0.1, "other", body_1=[0.5, 0.5, 0.0, 0.0]))
    assert hello.ranking == [("hello", 0.5)]


def test_messages_that_cannot_be_used_change_nothing(waits: Waits) -> None:
    wait = waits.start(WaitGoal(timeout_s=1.0))
    with pytest.raises(ValueError, match="phase 7 is not one of"):
        waits.take_event(event("hello", phase=7))
    waits.take_scores(scores(0.0))
    with pytest.raises(ValueError, match="probabilities has 2 classes, not 4"):
        waits.take_scores(scores(1.0, body_1=[0.5, 0.5]))
    # The time has passed all the same.
    assert waits.check() == [wait]


def test_waits_end_once(waits: Waits) -> None:
    wait = waits.start(WaitGoal())
    assert waits.end([wait], Outcome.CANCELLED, "cancelled") == [wait]
    assert waits.end([wait], Outcome.SHUTDOWN, "stopped") == []
    assert waits.take_event(event("hello")) == []
    assert outcome(wait) is Outcome.CANCELLED
