"""Declares the parameters of a node and reads their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from bharnet_ros.types.parameters import ParameterSpec

_TYPES = {
    bool: Parameter.Type.BOOL,
    int: Parameter.Type.INTEGER,
    float: Parameter.Type.DOUBLE,
    str: Parameter.Type.STRING,
}
_TYPES_OF_LISTS = {int: Parameter.Type.INTEGER_ARRAY, str: Parameter.Type.STRING_ARRAY}


def type_of(spec: ParameterSpec) -> Parameter.Type:
    """Return the type of a parameter."""
    if isinstance(spec.default, list):
        return _TYPES_OF_LISTS[type(spec.default[0])]
    return _TYPES[type(spec.default)]


def descriptor_of(spec: ParameterSpec) -> ParameterDescriptor:
    """Return the descriptor that `ros2 param describe` shows."""
    constraints = [f"one of: {', '.join(spec.choices)}"] if spec.choices else []
    if not (spec.live or spec.read_only):
        constraints.append("cannot change while the node is active")
    descriptor = ParameterDescriptor(
        name=spec.name,
        type=type_of(spec).value,
        description=spec.description,
        additional_constraints="; ".join(constraints),
        read_only=spec.read_only,
    )
    if spec.low is not None and spec.high is not None:
        if isinstance(spec.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(spec.low), to_value=float(spec.high))
            ]
        else:
            descriptor.integer_range = [
                IntegerRange(from_value=int(spec.low), to_value=int(spec.high), step=1)
            ]
    return descriptor


def declare_parameters(node: Node, specs: Sequence[ParameterSpec]) -> None:
    """Declare `specs` on `node`.

    Raises:
        InputError: A value given at the start has the wrong type or is out of range; names the
            parameter.
    """
    for spec in specs:
        # Of any type at first, because rclpy takes no integer for a double.
        anything = ParameterDescriptor(dynamic_typing=True)
        given = node.declare_parameter(spec.name, spec.default, anything)
        typed = Parameter(spec.name, type_of(spec), spec.typed(given.value))
        node.set_descriptor(spec.name, descriptor_of(spec), typed.get_parameter_value())


def read_parameters(node: Node, specs: Sequence[ParameterSpec]) -> dict[str, Any]:
    """Return the current values of `specs` by name.

    Raises:
        InputError: As `ParameterSpec.taken` says.
    """
    return {spec.name: spec.taken(node.get_parameter(spec.name).value) for spec in specs}
