"""Checks that values of a JSON or YAML file have the types of the fields that they are for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from bharnet_ros.types.errors import InputError

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_PLURALS = {int: "whole numbers", float: "numbers", str: "texts"}


def check_field_types(
    kind: type[Any], values: Mapping[str, Any], prefix: str = "", *, finite: bool = False
) -> None:
    """Check values against the types that a dataclass declares for its fields.

    Lists are accepted as tuples and integers as floats. Numbers, booleans, text, tuples of them and
    plain mappings are checked; values of other types check themselves.

    Args:
        kind: The dataclass.
        values: Values by the names of its fields; other names are ignored.
        prefix: What stands before the name of a field in a message.
        finite: Whether infinity and NaN are refused too.

    Raises:
        InputError: A value has another type, or is an integer too large for a float; names the
            field.
    """
    for name, expected in get_type_hints(kind).items():
        if name in values and not _fits(values[name], expected, finite):
            raise InputError(
                f"{prefix}{name}: expected {_described(expected)}, got {values[name]!r}"
            )


def is_number(value: object) -> bool:
    """Return whether a value is a number, not a boolean, that fits a float."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _fits(value: Any, expected: Any, finite: bool) -> bool:
    """Return whether a value has the expected type."""
    origin = get_origin(expected)
    if origin in (Union, UnionType):
        return any(_fits(value, option, finite) for option in get_args(expected))
    if origin is tuple:
        members = get_args(expected)
        if not isinstance(value, (tuple, list)):
            return False
        if members[-1] is Ellipsis:
            return all(_fits(one, members[0], finite) for one in value)
        return len(value) == len(members) and all(
            _fits(one, member, finite) for one, member in zip(value, members, strict=True)
        )
    if expected == Mapping[str, Any]:
        return isinstance(value, Mapping)
    if expected is float:
        return is_number(value) and (not finite or math.isfinite(value))
    if expected is int:
        return is_number(value) and isinstance(value, Integral)
    if expected in (bool, str, type(None)):
        return isinstance(value, expected)
    return True


def _described(expected: Any) -> str:
    """Return the name of a type for a message."""
    origin = get_origin(expected)
    if origin in (Union, UnionType):
        options = [one for one in get_args(expected) if one is not type(None)]
        return " or ".join(map(_described, options))
    if origin is tuple:
        members = get_args(expected)
        count = "a list of" if members[-1] is Ellipsis else f"a list of {len(members)}"
        return f"{count} {_PLURALS.get(members[0], 'values')}"
    if expected == Mapping[str, Any]:
        return "a mapping"
    return _NAMES.get(expected, str(expected))
