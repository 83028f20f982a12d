"""Values of files are checked against the types of the fields that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types


@dataclass
class Settings:
    """A field of each type that files hold."""

    name: str = ""
    count: int = 0
    rate: float = 0.0
    on: bool = False
    sizes: tuple[int, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)
    folder: str | None = None
    rest: Mapping[str, Any] | None = None


@pytest.mark.parametrize(
    "values",
    [
        {"name": "a", "count": 1, "rate": 2, "on": True},
        {"sizes": [1, 2], "span": [0, 1.5], "folder": None, "rest": {"a": 1}},
        {"rate": float("inf"), "unknown": object()},
    ],
)
def test_values_of_the_declared_types_pass(values: dict[str, Any]) -> None:
    check_field_types(Settings, values)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"name": 3}, "p.name: expected a text, got 3"),
        ({"count": 1.5}, "p.count: expected a whole number, got 1.5"),
        ({"count": True}, "p.count: expected a whole number, got True"),
        ({"rate": "1e-3"}, "p.rate: expected a number, got '1e-3'"),
        ({"rate": 10**400}, "p.rate: expected a number"),
        ({"rate": float("nan")}, "p.rate: expected a number, got nan"),
        ({"on": 1}, "p.on: expected true or false, got 1"),
        ({"sizes": [1, "2"]}, "p.sizes: expected a list of whole numbers"),
        ({"span": [1.0]}, "p.span: expected a list of 2 numbers"),
        ({"folder": 1}, "p.folder: expected a text, got 1"),
        ({"rest": [1]}, "p.rest: expected a mapping, got"),
    ],
)
def test_other_values_are_named(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError) as error:
        check_field_types(Settings, values, "p.", finite=True)
    assert str(error.value).startswith(complaint)
