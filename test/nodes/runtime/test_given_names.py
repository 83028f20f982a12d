"""Names in ROS arguments that are none of a node or of its parameters."""

from __future__ import annotations

import pytest

from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.runtime.given_names import unknown_to_chain, warn_of_misspelt
from bharnet_ros.types.errors import InputError

pytestmark = pytest.mark.ros


@pytest.fixture
def node(graph) -> ActionEventPublisher:
    return graph.add(ActionEventPublisher(namespace="/robot1"))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a parameter file and returns the arguments that name it."""

    def write(text: str) -> list[str]:
        (tmp_path / "p.yaml").write_text(text)
        return ["--ros-args", "--params-file", str(tmp_path / "p.yaml")]

    return write


def test_names_of_the_nodes_of_a_chain_are_known(node, write):
    arguments = write(
        "/**: {ros__parameters: {use_sim_time: true, enter_threshold: 1, window_s: 1}}\n"
        "robot1: {action_event_publisher: {ros__parameters: {min_gap_s: 1}}}\n"
        "/robot1/overlay: {ros__parameters: {image_buffer: 1}}\n"
    )
    assert unknown_to_chain([*arguments, "-p", "min_gap_s:=1"], [node]) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/**/action_event_publischer", "/**/action_event_publischer: is none of the nodes"),
        ("/action_event_publisher", "/action_event_publisher: is none of the nodes"),
        ("robot2: {action_event_publisher", "/robot2/action_event_publisher: is none of the nod"),
    ],
)
def test_a_name_that_is_no_node_is_said(node, write, text, line):
    closing = "}" * text.count("{")
    arguments = write(f"{text}: {{ros__parameters: {{min_gap_s: 1}}}}{closing}\n")
    (said,) = unknown_to_chain(arguments, [node])
    assert said.startswith(f"{arguments[-1]}: {line}") and "/robot1/recognition" in said


def test_a_parameter_that_its_node_does_not_have_is_refused(node, write):
    with pytest.raises(InputError, match="action_event_publisher has no parameter speed"):
        unknown_to_chain(
            write("/**/action_event_publisher: {ros__parameters: {speed: 1}}\n"), [node]
        )


def test_a_single_node_warns_of_what_seems_to_be_meant_for_it(node, write, capfd):
    arguments = write(
        "/**/action_event_publischer: {ros__parameters: {min_gap_s: 1}}\n"
        "/**/action_event_publisher: {ros__parameters: {min_gapp_s: 1, min_gap_s: 1}}\n"
        "/**/amcl: {ros__parameters: {alpha: 1}}\n"
        "/**: {ros__parameters: {alpha: 1}}\n"
    )
    warn_of_misspelt(arguments, node)
    lines = [line for line in capfd.readouterr().err.splitlines() if "WARN" in line]
    assert [line.partition("p.yaml: ")[2] for line in lines] == [
        "/**/action_event_publischer: is not action_event_publisher",
        "/**/action_event_publisher: action_event_publisher has no parameter min_gapp_s",
    ]
