"""What odd keypoints do to the running chain: nothing is lost, and it goes on."""

from __future__ import annotations

import math
import time

import pytest

from bharnet_ros import msg
from bharnet_ros.types.keypoints import NANOSECONDS

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def test_keypoints_that_are_no_numbers_end_nothing_and_break_nothing(running) -> None:
    numbers = iter([math.nan, math.inf, -math.inf, 3e38, 0.0] * 6)

    def damage(message: msg.BodyHandKeypoints) -> None:
        for person in message.people:
            value = next(numbers)
            person.body = [value] * len(person.body)
            person.hands = [value] * len(person.hands)
            person.hand_score = [value] * len(person.hand_score)

    running.controller.show(20, damage)
    running.controller.show(5)
    assert not running.controller.reasons()
    running.check_alive()


def test_thirty_people_in_view_are_all_recognised_and_end(running) -> None:
    def multiply(message: msg.BodyHandKeypoints) -> None:
        (person,) = message.people
        message.people = []
        for number in range(30):
            copy = msg.PersonKeypoints()
            for name in person.get_fields_and_field_types():
                setattr(copy, name, getattr(person, name))
            copy.track_id = f"crowd_{number}"
            message.people.append(copy)

    tracks: set[str] = set()
    end = time.monotonic() + 60
    while len(tracks) < 30 and time.monotonic() < end:
        running.controller.show(1, multiply)
        tracks = {one.track_id for one in running.controller.events} - {"body_1", "1"}
    assert len(tracks) >= 30
    running.check_alive()


def test_messages_late_twice_and_at_ten_times_the_rate_end_nothing(running) -> None:
    controller = running.controller
    before = controller.onsets()
    for _ in range(10):
        first, second = controller.message(), controller.message()
        for message in (second, first, second):
            controller.keypoints.publish(message)
        time.sleep(2 / 15)
    for _ in range(150):
        controller.keypoints.publish(controller.message())
        time.sleep(1 / 150)
    assert controller.onsets() == before
    assert not controller.reasons()
    running.check_alive()


@pytest.mark.parametrize(
    ("jump_s", "reason"), [(-0.001, None), (-3.0, "time_jump"), (3600.0, "source_lost")]
)
def test_a_jump_of_the_clock_ends_an_event_only_if_time_is_lost(
    running, wait, jump_s: float, reason: str | None
) -> None:
    controller = running.controller
    controller.stamp_ns += round(jump_s * NANOSECONDS)
    controller.show(8)
    if reason is not None:
        wait(controller.reasons, "the OFFSET")
    assert controller.reasons() == ([] if reason is None else [reason])
    running.check_alive()
