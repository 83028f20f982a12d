"""Fills ROS messages with values from a file, and checks each against the type of its field."""

from __future__ import annotations

import array
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from bharnet_ros.messages.reading import Message
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import is_number

FindType: TypeAlias = Callable[[str], Any]
"""Returns the class of a message by its name, such as "geometry_msgs/Point"."""

_MOST_BYTES = 2**20

NOW = "now"
"""Value of a time that is set when the message is sent, as `ros2 topic pub` knows it."""

_TIME = "builtin_interfaces/Time"
_MANY = re.compile(r"(?:sequence<(?P<item>.+?)(?:, (?P<most>\d+))?>|(?P<of>.+)\[(?P<count>\d+)\])")
_TEXT = re.compile(r"w?string(?:<(?P<most>\d+)>)?")
_WHOLE = re.compile(r"(?P<unsigned>u?)int(?P<bits>8|16|32|64)")


def fill_message(message: Message, values: Any, key: str, find_type: FindType) -> list[Message]:
    """Set fields of a message, also those of the messages in it; the others keep their defaults.

    Args:
        message: A new message.
        values: The fields by name, as a YAML file gives them.
        key: Where they are in the file; begins the error message.
        find_type: Finds the classes of messages in sequences.

    Returns:
        The times in the message whose value is `NOW`.

    Raises:
        InputError: A field does not exist, or a value does not fit its type; names its key.
    """
    if not isinstance(values, Mapping):
        known = ", ".join(message.get_fields_and_field_types()) or "none"
        raise InputError(f"{key}: must be fields by name ({known}), got {values!r}")
    filling = _Filling(find_type)
    filling.fields(message, values, key)
    return filling.now


class _Filling:
    def __init__(self, find_type: FindType) -> None:
        self._find_type = find_type
        self.now: list[Message] = []

    def fields(self, message: Message, values: Mapping[Any, Any], key: str) -> None:
        kinds = message.get_fields_and_field_types()
        for name, value in values.items():
            if name not in kinds:
                known = ", ".join(kinds) or "none"
                raise InputError(f"{key}.{name}: is not one of the fields ({known})")
            found = self._value(kinds[name], value, getattr(message, name), f"{key}.{name}")
            setattr(message, name, found)

    def _value(self, kind: str, value: Any, present: Any, key: str) -> Any:
        """Return a value as a field of this kind takes it; `present` is what it holds so far."""
        many = _MANY.fullmatch(kind)
        if many:
            return self._items(many, kind, value, present, key)
        if "/" not in kind:
            return _basic_value(kind, value, key)
        if kind == _TIME and value == NOW:
            self.now.append(present)
        elif isinstance(value, Mapping):
            self.fields(present, value, key)
        else:
            raise InputError(f"{key}: must be fields by name ({kind}), got {value!r}")
        return present

    def _items(self, many: re.Match[str], kind: str, value: Any, present: Any, key: str) -> Any:
        if not isinstance(value, list):
            raise InputError(f"{key}: must be a list ({kind}), got {value!r}")
        count, most = many["count"], many["most"]
        if (count and len(value) != int(count)) or (most and len(value) > int(most)):
            raise InputError(f"{key}: has {len(value)} items, which is not {kind}")
        item = many["item"] or many["of"]
        items = [
            self._value(
                item, one, self._find_type(item)() if "/" in item else None, f"{key}[{index}]"
            )
            for index, one in enumerate(value)
        ]
        if isinstance(present, array.array):
            return array.array(present.typecode, items)
        return np.array(items, present.dtype) if isinstance(present, np.ndarray) else items


def _basic_value(kind: str, value: Any, key: str) -> Any:
    """Return a value for a field that is a truth value, a number or a text."""
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        raise InputError(f"{key}: must be true or false, got {value!r}")
    if kind in ("float", "double"):
        if is_number(value):
            return float(value)
        raise InputError(f"{key}: must be a number, got {value!r}")
    if text := _TEXT.fullmatch(kind):
        if isinstance(value, str) and _bytes(value) <= int(text["most"] or _MOST_BYTES):
            return value
        raise InputError(f"{key}: must be a text ({kind}; write numbers in quotes), got {value!r}")
    low, high = _range(kind, key)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return bytes([value]) if kind == "octet" else value
    raise InputError(f"{key}: must be a whole number from {low} to {high} ({kind}), got {value!r}")


def _bytes(text: str) -> float:
    """Return the length of a text on the wire; infinity if it cannot be sent."""
    try:
        return len(text.encode()) if "\0" not in text else math.inf
    except UnicodeEncodeError:
        return math.inf


def _range(kind: str, key: str) -> tuple[int, int]:
    if kind in ("octet", "char"):
        return 0, 255
    whole = _WHOLE.fullmatch(kind)
    if whole is None:
        raise InputError(f"{key}: fields of type {kind} cannot be set from a file")
    bits = int(whole["bits"])
    return (0, 2**bits - 1) if whole["unsigned"] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
