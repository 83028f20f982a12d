"""Which values a parameter takes."""

from __future__ import annotations

from array import array

import pytest

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameters import ParameterSpec

SHARE = ParameterSpec("share", 0.5, "A share.", low=0.0, high=1.0)
COUNT = ParameterSpec("count", 3, "A number.", low=1, high=5)
FREE = ParameterSpec("free", 3, "A number.")
SWITCH = ParameterSpec("switch", False, "A switch.")
COLOUR = ParameterSpec("colour", "red", "A colour.", choices=("red", "blue"))
SOURCE = ParameterSpec("source", "puppet", "A source.", or_integer=True)
NAMES = ParameterSpec("names", [""], "Names.")
PLACE = ParameterSpec("place", [0, 0], "A place.")


@pytest.mark.parametrize(
    ("spec", "value", "taken"),
    [
        (SHARE, 0.25, 0.25),
        (SHARE, 1, 1.0),
        (COUNT, 5, 5),
        (SWITCH, True, True),
        (COLOUR, "blue", "blue"),
        (SOURCE, 0, "0"),
        (SOURCE, "clip.mp4", "clip.mp4"),
        (NAMES, ["a", "b"], ["a", "b"]),
        (NAMES, ("a",), ["a"]),
        (NAMES, [], []),
        (NAMES, None, []),
        (NAMES, b"", []),
        (NAMES, array("q"), []),
        (PLACE, array("q", [1, 2]), [1, 2]),
    ],
)
def test_a_value_is_taken_in_the_type_of_its_parameter(spec, value, taken):
    assert spec.taken(value) == taken and type(spec.taken(value)) is type(taken)


@pytest.mark.parametrize(
    ("spec", "value", "problem"),
    [
        (SHARE, 1.5, "parameter share: must be from 0 to 1, got 1.5"),
        (SHARE, float("nan"), "parameter share: must be from 0 to 1, got nan"),
        (SHARE, "0.5", "parameter share: expected a number, got '0.5'"),
        (SHARE, True, "parameter share: expected a number, got True"),
        (SHARE, None, "parameter share: expected a number, got None"),
        (SHARE, 10**400, "parameter share: is too large for a float"),
        (COUNT, 2.0, "parameter count: expected a whole number, got 2.0"),
        (COUNT, True, "parameter count: expected a whole number, got True"),
        (FREE, 2**63, "parameter free: does not fit 64 bits"),
        (SWITCH, 1, "parameter switch: expected true or false, got 1"),
        (COLOUR, "green", "parameter colour: 'green' is not one of red, blue"),
        (COLOUR, 3, "parameter colour: expected a text, got 3; in YAML write '3'"),
        (
            COLOUR,
            False,
            "parameter colour: expected a text, got False; in YAML, where yes, no, on ",
        ),
        (COLOUR, ["red"], "parameter colour: expected a text, got ['red']"),
        (SOURCE, 4.5, "parameter source: expected a text, got 4.5"),
        (NAMES, "a", "parameter names: expected a list of texts, got 'a'"),
        (NAMES, ["a", 1], "parameter names: expected a list of texts, got"),
        (NAMES, {}, "parameter names: expected a list of texts, got"),
        (PLACE, [1, 2.0], "parameter place: expected a list of whole numbers, got"),
        (PLACE, [1, True], "parameter place: expected a list of whole numbers, got"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name(spec, value, problem):
    with pytest.raises(InputError) as error:
        spec.taken(value)
    assert str(error.value).startswith(problem)
