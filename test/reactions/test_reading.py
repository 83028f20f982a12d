"""Files of reactions: what they mean, and errors that name file and key."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from bharnet_ros.reactions.reaction import Run, Send
from bharnet_ros.reactions.reading import read_reactions
from bharnet_ros.types.actions import Phase
from bharnet_ros.types.errors import InputError


class Vector:
    """Looks like a message that ROS generated."""

    def __init__(self) -> None:
        self.x = 0.0
        self.y = 0.0

    @staticmethod
    def get_fields_and_field_types() -> dict[str, str]:
        return {"x": "double", "y": "double"}


class Service:
    """Looks like a service that ROS generated."""

    Request = Vector


def find(name: str) -> Any:
    """Know one message and one service."""
    known = {"shapes_msgs/msg/Vector": Vector, "shapes_msgs/srv/Move": Service}
    if name not in known:
        raise InputError(f"{name} is not installed")
    return known[name]


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Return a function that reads reactions from a text."""

    def read_text(text: str) -> Any:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")
        return read_reactions(file, find)

    return read_text


def test_a_file_says_when_to_do_what(read: Any) -> None:
    publish, call, run = read(f"""
reactions:
  - label: hello
    publish: {{topic: move, type: shapes_msgs/msg/Vector, message: {{x: 2}}}}
  - label: [yes, no, on]
    phase: offset
    hand: left
    track: body_1
    cooldown: 2
    call: {{service: /move, type: shapes_msgs/srv/Move}}
  - label: help
    run: [{sys.executable}, -c, pass, 5, "{{label}}"]
""")
    assert (publish.key, publish.labels, publish.phase) == (
        "reactions[0]",
        ("hello",),
        Phase.ONSET,
    )
    assert (publish.hand, publish.track_id, publish.cooldown_s) == ("", "", 0.0)
    assert isinstance(publish.deed, Send)
    assert (publish.deed.name, publish.deed.to_service) == ("move", False)
    assert (publish.deed.message.x, publish.deed.message.y) == (2.0, 0.0)
    # Not true and false: they are actions of the model.
    assert call.labels == ("yes", "no", "on")
    assert (call.phase, call.hand, call.track_id) == (Phase.OFFSET, "left", "body_1")
    assert call.cooldown_s == 2.0
    assert isinstance(call.deed, Send) and call.deed.to_service
    assert run.deed == Run((sys.executable, "-c", "pass", "5", "{label}"))


PUBLISH = "publish: {topic: move, type: shapes_msgs/msg/Vector"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reactions: [", "is not YAML: while parsing"),
        pytest.param("[" * 5000, "is not YAML: maximum recursion", id="deep"),
        ("reactions: 2026-99-99", "is not YAML: month must be in 1..12"),
        ("", "the file: must be fields by name (reactions), got None"),
        ("reactions: {}", "reactions: must be a list, got {}"),
        ("reactoins: []", "the file: has no field reactions"),
        ("reactions: [hello]", "reactions[0]: must be fields by name (label, phase"),
        ("reactions: [{label: a}]", "reactions[0]: needs exactly one of publish, call, run; it"),
        ("reactions: [{run: [ls]}]", "reactions[0]: has no field label"),
        (
            "reactions: [{label: a, runn: [ls]}]",
            "reactions[0].runn: is not one of the fields (",
        ),
        ("reactions: [{label: 3, run: [ls]}]", "reactions[0].label: must be a text, got 3"),
        ("reactions: [{label: [], run: [ls]}]", "reactions[0].label: must be a text, got []"),
        ("reactions: [{label: [a, true], run: [ls]}]", "reactions[0].label[1]: must be a text"),
        (
            "reactions: [{label: a, phase: begin, run: [ls]}]",
            "reactions[0].phase: must be one of onset, offset, got 'begin'",
        ),
        (
            "reactions: [{label: a, hand: up, run: [ls]}]",
            "reactions[0].hand: must be one of left, right, both, none, got 'up'",
        ),
        (
            "reactions: [{label: a, cooldown: -1, run: [ls]}]",
            "reactions[0].cooldown: must be a number of seconds, got -1",
        ),
        (
            "reactions: [{label: a, cooldown: .inf, run: [ls]}]",
            "reactions[0].cooldown: must be a number of seconds, got inf",
        ),
        (
            f"reactions: [{{label: a, run: [ls], {PUBLISH}}}}}]",
            "reactions[0]: needs exactly one of publish, call, run; it has publish and run",
        ),
        (
            f"reactions: [{{label: a, {PUBLISH}, message: {{z: 1}}}}}}]",
            "reactions[0].publish.message.z: is not one of the fields (x, y)",
        ),
        (
            f"reactions: [{{label: a, {PUBLISH}, message: {{x: fast}}}}}}]",
            "reactions[0].publish.message.x: must be a number, got 'fast'",
        ),
        (
            f"reactions: [{{label: a, {PUBLISH}, message: 0}}}}]",
            "reactions[0].publish.message: must be fields by name (x, y), got 0",
        ),
        (
            "reactions: [{label: a, publish: {topic: move, type: shapes_msgs/msg/Vektor}}]",
            "reactions[0].publish.type: shapes_msgs/msg/Vektor is not installed",
        ),
        (
            "reactions: [{label: a, publish: {topic: move, type: shapes_msgs/srv/Move}}]",
            "reactions[0].publish.type: must be a type such as geometry_msgs/msg/Twist, got",
        ),
        (
            "reactions: [{label: a, call: {service: move, type: shapes_msgs/Move}}]",
            "reactions[0].call.type: must be a type such as std_srvs/srv/Empty, got",
        ),
        (
            "reactions: [{label: a, call: {type: shapes_msgs/srv/Move}}]",
            "reactions[0].call: has no field service",
        ),
        ("reactions: [{label: a, run: ls -l}]", "reactions[0].run: must be a list of a program"),
        ("reactions: [{label: a, run: []}]", "reactions[0].run: must be a list of a program"),
        ("reactions: [{label: a, run: [ls, null]}]", "reactions[0].run[1]: must be a text"),
        (
            "reactions: [{label: a, run: [no_such_program]}]",
            "reactions[0].run[0]: there is no program 'no_such_program' on this machine",
        ),
        (
            "reactions: [{label: a, run: ['{label}']}]",
            "reactions[0].run[0]: {label} must be an argument of its own, got '{label}'",
        ),
        (
            "reactions: [{label: a, run: [sh, -c, 'say {track_id}']}]",
            "reactions[0].run[2]: {track_id} must be an argument of its own, got 'say {track_id}'",
        ),
    ],
)
def test_an_error_names_file_and_key_in_one_line(read: Any, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml: " + re.escape(problem)) as raised:
        read(text)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file"):
        read_reactions(tmp_path / "none.yaml", find)
