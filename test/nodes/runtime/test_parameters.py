"""Parameters of the nodes, and the file that lists them."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml
from rclpy.node import Node
from rclpy.parameter import Parameter

from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.resources import find_resource
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameters import ParameterSpec

pytestmark = pytest.mark.ros

NODES = (
    *("video_source", "pose_extraction", "recognition", "action_event_publisher", "overlay"),
    *("hri_bridge", "pointing", "reactions", "wait_for_action"),
)
MODULES = {**{name: name for name in NODES}, "page": "page.node"}


@pytest.mark.parametrize("name", MODULES)
def test_file_lists_every_parameter_with_its_default_and_a_comment(name):
    text = find_resource("config/recognize.yaml").read_text()
    specs = importlib.import_module(f"bharnet_ros.nodes.{MODULES[name]}").PARAMETERS
    listed = yaml.safe_load(text)[f"/**/{name}"]["ros__parameters"]
    assert listed == {spec.name: spec.default for spec in specs}
    for spec in specs:
        assert type(listed[spec.name]) is type(spec.default), spec.name
        assert re.search(rf"\n    # .+\n    {spec.name}: ", text), spec.name


@pytest.mark.parametrize("name", MODULES)
def test_documents_list_what_cannot_change_while_a_node_is_active(name):
    text = (Path(__file__).parents[3] / "docs" / "ros_api.md").read_text()
    fixed = text.partition("cannot be set while the node is active:")[2].partition("\n\n-1")[0]
    (listed,) = re.findall(rf"^- `{name}`: ((?:.+\n?)(?:  .+\n?)*)", fixed, re.MULTILINE)
    specs = importlib.import_module(f"bharnet_ros.nodes.{MODULES[name]}").PARAMETERS
    assert set(re.findall(r"`(\w+)`", listed)) == {one.name for one in specs if not one.live}


@pytest.mark.parametrize("name", MODULES)
def test_default_is_allowed(name):
    for spec in importlib.import_module(f"bharnet_ros.nodes.{MODULES[name]}").PARAMETERS:
        assert spec.description.endswith((".", "x."))
        if spec.choices:
            assert spec.default in spec.choices
        if spec.low is not None:
            assert spec.low <= spec.default <= spec.high


def test_descriptor_has_range_and_choices(graph):
    specs = (
        ParameterSpec("share", 0.5, "A share.", low=0.0, high=1.0),
        ParameterSpec("number", 3, "A number.", low=1, high=5, read_only=True),
        ParameterSpec("colour", "red", "A colour.", choices=("red", "blue")),
    )
    declare_parameters(graph.probe, specs)
    share, number, colour = graph.probe.describe_parameters(["share", "number", "colour"])
    assert (share.floating_point_range[0].from_value, share.floating_point_range[0].to_value) == (
        0.0,
        1.0,
    )
    assert (number.integer_range[0].to_value, number.read_only) == (5, True)
    assert "red, blue" in colour.additional_constraints
    assert read_parameters(graph.probe, specs) == {"share": 0.5, "number": 3, "colour": "red"}


def test_value_outside_the_choices_is_refused_with_the_parameter(graph):
    graph.probe.declare_parameter("colour", "green")
    with pytest.raises(InputError, match="parameter colour: 'green' is not one of red, blue"):
        read_parameters(
            graph.probe, [ParameterSpec("colour", "red", "A colour.", choices=("red", "blue"))]
        )


@pytest.mark.parametrize("given, expected", [(0, "0"), ("puppet", "puppet"), (4.5, None)])
def test_integer_stands_for_the_string_of_its_digits(graph, given, expected):
    node = graph.add(Node("player", parameter_overrides=[Parameter("source", value=given)]))
    specs = [ParameterSpec("source", "puppet", "A source.", or_integer=True)]
    if expected is None:
        with pytest.raises(InputError, match="parameter source: expected a text"):
            declare_parameters(node, specs)
        return
    declare_parameters(node, specs)
    assert read_parameters(node, specs) == {"source": expected}
