"""When a reaction is due."""

from __future__ import annotations

from typing import Any

import pytest
from event_messages import event_message

from bharnet_ros.reactions.reaction import Reaction, Reactions, Run
from bharnet_ros.types.actions import Phase


def reaction(key: str = "one", **values: Any) -> Reaction:
    defaults: dict[str, Any] = {
        "labels": ("hello",),
        "phase": Phase.ONSET,
        "hand": "",
        "track_id": "",
        "cooldown_s": 0.0,
        "deed": Run(("say", "{label}", "to", "{track_id}")),
    }
    return Reaction(key=key, **{**defaults, **values})


@pytest.mark.parametrize(
    ("wanted", "happens", "due"),
    [
        ({}, {}, True),
        ({}, {"label": "no"}, False),
        ({"labels": ("yes", "no")}, {"label": "no"}, True),
        ({}, {"phase": 2, "reason": "ended"}, False),
        ({"phase": Phase.OFFSET}, {"phase": 2, "reason": "ended"}, True),
        ({"hand": "right"}, {}, True),
        ({"hand": "left"}, {}, False),
        ({"track_id": "body_1"}, {}, True),
        ({"track_id": "body_2"}, {}, False),
    ],
)
def test_label_phase_hand_and_person_decide(
    wanted: dict[str, Any], happens: dict[str, Any], due: bool
) -> None:
    one = reaction(**wanted)
    assert Reactions([one]).take(event_message(**happens)).reactions == ((one,) if due else ())


def test_each_reaction_cools_down_by_stamps() -> None:
    slow, quick = reaction("slow", cooldown_s=2.0), reaction("quick")
    reactions = Reactions([slow, quick])
    due = [
        [
            one.key
            for one in reactions.take(event_message(seconds=seconds, track_id=track)).reactions
        ]
        for seconds, track in ((0.0, "a"), (1.9, "b"), (2.0, "a"), (3.0, "a"))
    ]
    assert due == [["slow", "quick"], ["quick"], ["slow", "quick"], ["quick"]]


def test_a_cool_down_does_not_outlast_a_jump_back_in_time() -> None:
    reactions = Reactions([reaction(cooldown_s=60.0)])
    due = [
        len(reactions.take(event_message(seconds=seconds)).reactions)
        for seconds in (100.0, 0.0, 1.0)
    ]
    assert due == [1, 1, 0]


@pytest.mark.parametrize(("cooldown_s", "expected"), [(2.0, [1, 0, 0, 1]), (0.0, [1, 1, 1, 1])])
def test_a_late_event_of_a_second_camera_cools_down_too(
    cooldown_s: float, expected: list[int]
) -> None:
    reactions = Reactions([reaction(cooldown_s=cooldown_s)])
    due = [
        len(reactions.take(event_message(seconds=seconds)).reactions)
        for seconds in (100.0, 99.95, 101.99, 102.0)
    ]
    assert due == expected


def test_an_event_of_another_action_starts_no_cool_down() -> None:
    reactions = Reactions([reaction(cooldown_s=60.0)])
    reactions.take(event_message("no"))
    assert len(reactions.take(event_message(seconds=1.0)).reactions) == 1


def test_arguments_say_what_the_event_says() -> None:
    words = ("say", "{label}", "{track_id}", "{hand}", "{phase}", "{score}", "{event_id}", "{x}")
    due = Reactions([reaction()]).take(event_message())
    assert Run(words).arguments(due.said) == [
        *("say", "hello", "body_1", "right", "onset", "0.88", "e1", "{x}")
    ]
    assert Run(words[:2]).describe(due.said) == "run ['say', 'hello']"


def test_an_event_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="event 'e1': phase 0 is not one of 1, 2"):
        Reactions([reaction()]).take(event_message(phase=0))
