"""What a controller hears when a node is killed in an event, with and without a restart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import rclpy

from bharnet_ros import msg
from bharnet_ros.nodes.runtime.qos import RELIABLE

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def test_an_event_ends_when_recognition_is_killed_and_begins_when_it_is_back(running) -> None:
    running.kill("recognition")
    running.end_events()
    assert running.controller.reasons() == ["source_lost"]
    running.start("recognition")
    running.check_alive()


def test_an_event_of_a_killed_publisher_is_ended_by_its_successor(running) -> None:
    running.kill("action_event_publisher")
    running.start("action_event_publisher")
    running.end_events()
    assert running.controller.reasons() == ["publisher_lost"]
    running.check_alive()


def test_a_killed_publisher_with_no_event_open_leaves_nothing_to_end(running, wait) -> None:
    running.end_events()
    # An event is struck out of the journal, a file that is then gone, after its OFFSET has left.
    home = Path(os.environ["ROS_HOME"])
    wait(lambda: not list(home.rglob("action_event_publisher*.json")), "the empty journal")
    running.kill("action_event_publisher")
    running.start("action_event_publisher")
    running.check_alive()
    assert "publisher_lost" not in running.controller.reasons()


def test_a_controller_that_never_reads_holds_nobody_up(running) -> None:
    deaf = rclpy.create_node("deaf", context=running.controller.context)
    deaf.create_subscription(msg.ActionEvent, "/action_recognition", lambda _: None, RELIABLE)
    try:
        for _ in range(3):
            running.check_alive()
    finally:
        deaf.destroy_node()
