"""Our reader of parameter files against rcl, which gives the nodes theirs."""

from __future__ import annotations

import pytest
from rclpy.node import Node

from bharnet_ros.nodes.runtime.spin import ros
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameter_files import read_parameter_file

pytestmark = pytest.mark.ros

VALUES = """
n:
  ros__parameters:
    {a: nan, b: .inf, c: 0x10, d: 010, e: 1e3, f: 1_000, g: y, h: 2024-01-01, i: '3',
     j: !!str 3, k: 99999999999999999999, l: 1e999, m: -5, o: ~, p: null, q: 0x1p3, r: +3, s: 3.,
     t: .5, u: '', v: [a, b], w: {x: [1, 2], y: 1.5}, z: -.inf}
"""
PATTERNS = """
/n: {ros__parameters: {a: 1, b: 1}}
/**: {ros__parameters: {a: 2, c: 2}}
'**/n': {ros__parameters: {d: 3}}
/*: {ros__parameters: {c: 4}}
/*/n: {ros__parameters: {c: 5}}
robot1: {n: {ros__parameters: {a: 6}}, '*': {ros__parameters: {b: 6}}}
a: {b: {n: {ros__parameters: {e: 7}}}, n: {ros__parameters: {e: 8}}}
n: {ros__parameters: {a: 9}}
"""


@pytest.mark.parametrize("text", [VALUES, PATTERNS, "", "n: {ros__parameters: {}}"])
@pytest.mark.parametrize("namespace", ["", "/robot1", "/a", "/a/b"])
def test_a_node_gets_what_we_read(ros_domain, tmp_path, text, namespace):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with ros(["--ros-args", "--params-file", str(path)]):
        node = Node("n", namespace=namespace, automatically_declare_parameters_from_overrides=True)
        live = {name: one.value for name, one in node.get_parameters_by_prefix("").items()}
        node.destroy_node()
    fitting = [one for one in read_parameter_file(path) if one.fits(f"{namespace}/n")]
    ours = {name: value for one in fitting for name, value in one.values.items()}
    for name in ("use_sim_time", "start_type_description_service"):
        live.pop(name, None)
    assert {name: repr(value) for name, value in live.items()} == {
        name: repr(value) for name, value in ours.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "n: {ros__parameters: {a: [1, 2.0]}}",
        "n: {ros__parameters: {a: &x 1, b: *x}}",
        "n: 1",
        "n: [1]",
        "n-1: {ros__parameters: {a: 1}}",
        "n: {ros__parameters: {a: }}",
        "a: {/n: {ros__parameters: {a: 1}}}",
    ],
)
def test_what_rcl_refuses_we_refuse(ros_domain, tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with (
        pytest.raises(InputError, match="ROS arguments"),
        ros(["--ros-args", "--params-file", str(path)]),
    ):
        pass
    with pytest.raises(InputError, match=r"p\.yaml"):
        read_parameter_file(path)
