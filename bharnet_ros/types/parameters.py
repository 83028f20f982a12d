"""Parameters of the nodes: what each one is, and which values it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import is_number

Value = bool | int | float | str | list[str] | list[int]
"""Value of a parameter."""

_WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_WANTED_OF_LIST = {int: "whole numbers", str: "texts"}
_INT64 = 2**63


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
        live: Whether it can change while the node is active.
        names_files: Whether it names what is read from disk: set again, that is read anew.
        or_integer: Whether an integer stands for the string of its digits, because ROS reads
            `name:=0` as an integer.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    live: bool = False
    names_files: bool = False
    or_integer: bool = False

    def taken(self, value: Any) -> Any:
        """Return a value in the type of the parameter.

        Raises:
            InputError: As `typed` does, or it is not one of the choices; names the parameter.
        """
        typed = self.typed(value)
        if self.choices and typed not in self.choices:
            raise InputError(
                f"parameter {self.name}: {typed!r} is not one of {', '.join(self.choices)}"
            )
        return typed

    def typed(self, value: Any) -> Any:
        """Return a value in the type of the parameter, which may not be one of its choices.

        Raises:
            InputError: It has another type or is out of range; names the parameter.
        """
        where = f"parameter {self.name}"
        if self.or_integer and type(value) is int:
            value = str(value)
        typed = typed_like(self.default, value, where)
        if self.low is not None and self.high is not None and not self.low <= typed <= self.high:
            raise InputError(f"{where}: must be from {self.low:g} to {self.high:g}, got {value}")
        return typed


def typed_like(default: Value, value: Any, where: str) -> Any:
    """Return the value of a parameter in the type of its default; an integer is taken for a float.

    Args:
        default: A value of the parameter.
        value: The value as ROS or a parameter file gives it.
        where: What the message of an error begins with.

    Raises:
        InputError: It has another type, or does not fit 64 bits.
    """
    kind = type(default)
    if isinstance(default, list):
        item = type(default[0])
        listed = isinstance(value, Sequence) and not isinstance(value, str)
        # ROS reads an empty array as one of bytes, or as nothing.
        items = list(value) if listed else [] if value is None else [None]
        if not all(type(one) is item for one in items):
            raise InputError(f"{where}: expected a list of {_WANTED_OF_LIST[item]}, got {value!r}")
        return items
    if kind is float and type(value) is int:
        if not is_number(value):
            raise InputError(f"{where}: is too large for a float")
        return float(value)
    if type(value) is not kind:
        hint = _how_to_quote(value) if kind is str else ""
        raise InputError(f"{where}: expected {_WANTED[kind]}, got {value!r}{hint}")
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise InputError(f"{where}: does not fit 64 bits, got {value}")
    return value


def _how_to_quote(value: Any) -> str:
    """Return how to write as a text what YAML takes for something else, for the end of an error."""
    if not isinstance(value, (int, float)):
        return ""
    if isinstance(value, bool):
        word, where = "yes" if value else "no", "YAML, where yes, no, on and off are booleans,"
    else:
        word, where = str(value), "YAML"
    return f"""; in {where} write '{word}', in a shell "'{word}'\""""
