"""Declares and validates node parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.node import Node
from rclpy.parameter import Parameter

from bharnet_ros.types.errors import InputError


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a node.

    Attributes:
        name: Name of the parameter.
        default: Default value; its Python type is the type of the parameter.
        description: What it does, with its unit.
        low: Minimum, for numbers.
        high: Maximum, for numbers.
        choices: The only allowed values, for strings.
        read_only: Whether it can only be set when the node starts.
        or_integer: Whether an integer stands for the string of its digits, because ROS reads
            `name:=0` as an integer.
    """

    name: str
    default: bool | int | float | str | list[str]
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    or_integer: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """Return the descriptor that `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(
            name=self.name,
            description=self.description,
            read_only=self.read_only,
            dynamic_typing=self.or_integer,
        )
        if self.choices:
            descriptor.additional_constraints = "one of: " + ", ".join(self.choices)
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high))
                ]
            else:
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)
                ]
        return descriptor


def declare_parameters(node: Node, specs: Sequence[ParameterSpec]) -> None:
    """Declare `specs` on `node`.

    Raises:
        rclpy.exceptions.ParameterException: A value given at the start has the wrong type or is
            out of range.
    """
    for spec in specs:
        parameter = node.declare_parameter(spec.name, spec.default, spec.descriptor())
        if spec.or_integer and parameter.type_ not in (
            Parameter.Type.STRING,
            Parameter.Type.INTEGER,
        ):
            raise InvalidParameterTypeException(parameter, "STRING or INTEGER")


def read_parameters(node: Node, specs: Sequence[ParameterSpec]) -> dict[str, Any]:
    """Return the current values of `specs` by name.

    Raises:
        InputError: A value is not one of the choices; names the parameter.
    """
    values: dict[str, Any] = {}
    for spec in specs:
        value = node.get_parameter(spec.name).value
        if spec.or_integer:
            value = str(value)
        if spec.choices and value not in spec.choices:
            raise InputError(
                f"parameter {spec.name}: {value!r} is not one of {', '.join(spec.choices)}"
            )
        values[spec.name] = value
    return values
