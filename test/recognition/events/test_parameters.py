"""Thresholds and times of events: ranges, single classes, and a user's overrides."""

from __future__ import annotations

from typing import Any

import pytest
from score_streams import CLASSES

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.overrides import FROM_MODEL, event_overrides
from bharnet_ros.recognition.events.parameters import (
    OF_MODEL,
    EventParameters,
    check_overrides,
    format_class_parameters,
    parse_class_parameters,
)
from bharnet_ros.types.errors import InputError

MODEL = EventParameters(
    enter_threshold=0.65, class_parameters={"help": {"enter_threshold": 0.5, "min_gap_s": 0.6}}
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enter_threshold", 0.0),
        ("enter_threshold", 1.1),
        ("enter_threshold", float("nan")),
        ("exit_threshold", 0.0),
        ("exit_threshold", 0.7),
        ("rejection_threshold", -0.1),
        ("rejection_threshold", 1.1),
        ("rejection_threshold", float("nan")),
        ("smoothing_s", -0.1),
        ("min_duration_s", -0.1),
        ("min_duration_s", float("inf")),
        ("min_gap_s", -0.1),
        ("person_timeout_s", float("nan")),
        ("refractory_s", -1.0),
        ("refractory_s", float("nan")),
        ("source_timeout_s", 0.0),
        ("source_timeout_s", float("inf")),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        EventParameters(**{field: value})


@pytest.mark.parametrize("value", ["high", None, True, [0.5], 10**400])
@pytest.mark.parametrize("field", ["enter_threshold", "min_gap_s", "source_timeout_s"])
def test_a_parameter_that_is_not_a_number_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"^{field}: expected a number"):
        EventParameters(**{field: value})


def test_the_limits_of_the_parameters_are_allowed() -> None:
    EventParameters(enter_threshold=1.0, exit_threshold=1.0, rejection_threshold=1.0)
    EventParameters(smoothing_s=0.0, min_duration_s=0.0, min_gap_s=0.0, person_timeout_s=0.0)


def test_times_too_long_for_nanoseconds_count_as_forever() -> None:
    names = ("min_duration_s", "min_gap_s", "refractory_s", "person_timeout_s", "source_timeout_s")
    EventFinder(CLASSES, EventParameters(**dict.fromkeys(names, 1e300)))


@pytest.mark.parametrize("name", OF_MODEL)
def test_a_negative_parameter_of_the_node_is_refused_unless_it_is_minus_one(name: str) -> None:
    assert event_overrides({name: FROM_MODEL}).values == {}
    with pytest.raises(InputError, match=f"^parameter {name}: must be -1 or not negative, got -2"):
        event_overrides({name: -2.0})
    with pytest.raises(InputError, match=f"^{name}: expected a number, got 'high'"):
        event_overrides({name: "high"})


def test_a_class_has_its_own_values_and_the_general_ones_otherwise() -> None:
    own = MODEL.of_class("help")
    assert (own.enter_threshold, own.exit_threshold, own.min_gap_s) == (0.5, 0.4, 0.6)
    assert MODEL.of_class("hello").enter_threshold == 0.65


@pytest.mark.parametrize(
    ("class_parameters", "message"),
    [
        ({"help": {"enter_threshold": 1.2}}, "help.enter_threshold: must be"),
        ({"help": {"enter_threshold": 0.3}}, r"help.exit_threshold: must not exceed .*\(0.3\)"),
        ({"help": {"min_gap_s": -1.0}}, "help.min_gap_s: must be"),
        (
            {"help": {"person_timeout_s": 0.1}},
            "help.person_timeout_s: is not a parameter of a class; .*gap",
        ),
        ({"help": {"min_gap_s": "long"}}, "help.min_gap_s: 'long' is not a number"),
        ({"help": {"min_gap_s": True}}, "help.min_gap_s: True is not a number"),
        ({"help": {"min_gap_s": 10**400}}, "help.min_gap_s: 10+ is not a number"),
        ({"help": 0.5}, "help: expected values by name, got 0.5"),
        ({True: {"min_gap_s": 1.0}}, "expected the name of a class, got True"),
        ([], r"expected parameters by class, got \[\]"),
    ],
)
def test_a_wrong_value_of_a_class_is_refused_by_class_and_name(
    class_parameters: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^class_parameters: {message}"):
        EventParameters(class_parameters=class_parameters)


def test_a_users_values_replace_those_of_the_model() -> None:
    found = MODEL.with_overrides({"enter_threshold": 0.7, "refractory_s": 2.0})
    assert (found.enter_threshold, found.refractory_s, found.exit_threshold) == (0.7, 2.0, 0.4)
    assert MODEL.enter_threshold == 0.65


def test_values_of_a_class_precede_general_ones_and_the_users_come_first() -> None:
    found = MODEL.with_overrides(
        {"enter_threshold": 0.7}, {"help": {"min_gap_s": 0.9}, "no": {"exit_threshold": 0.1}}
    )
    assert found.class_parameters == {
        "help": {"enter_threshold": 0.5, "min_gap_s": 0.9},
        "no": {"exit_threshold": 0.1},
    }
    assert found.of_class("no").enter_threshold == 0.7
    assert MODEL.class_parameters["help"]["min_gap_s"] == 0.6


def test_an_override_that_does_not_fit_the_model_is_refused_by_class() -> None:
    with pytest.raises(
        ValueError, match=r"help.exit_threshold: must not exceed .*\(0.5\), got 0.6"
    ):
        MODEL.with_overrides({"exit_threshold": 0.6})


def test_an_unknown_override_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^min_gap: is not an event parameter; .*min_gap_s"):
        MODEL.with_overrides({"min_gap": 0.5})


def test_overrides_are_checked_before_the_model_is_known() -> None:
    check_overrides({"exit_threshold": 0.9}, {"help": {"enter_threshold": 0.1}})
    with pytest.raises(ValueError, match=r"^exit_threshold: must not exceed"):
        check_overrides({"enter_threshold": 0.3, "exit_threshold": 0.5}, {})
    with pytest.raises(ValueError, match=r"help.exit_threshold: must not exceed"):
        check_overrides({}, {"help": {"enter_threshold": 0.3, "exit_threshold": 0.5}})


def test_class_parameters_are_parsed_and_formatted() -> None:
    texts = ["help.enter_threshold=0.1", "drink v1.5=cold.min_gap_s=1e-07", "help.min_gap_s=2.0"]
    found = parse_class_parameters(["", *texts])
    assert found == {
        "help": {"enter_threshold": 0.1, "min_gap_s": 2.0},
        "drink v1.5=cold": {"min_gap_s": 1e-7},
    }
    assert sorted(format_class_parameters(found)) == sorted(texts)
    assert parse_class_parameters([" help . min_gap_s = 1 "]) == {"help": {"min_gap_s": 1.0}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("help.min_gap_s", "is not CLASS.PARAMETER=VALUE"),
        ("min_gap_s=1", "is not CLASS.PARAMETER=VALUE"),
        (".min_gap_s=1", "is not CLASS.PARAMETER=VALUE"),
        ("help.min_gap_s=", "'' is not a number"),
        ("help.min_gap_s=long", "'long' is not a number"),
    ],
)
def test_a_text_that_cannot_be_parsed_is_quoted(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^class_parameters: '{text}'.*{message}"):
        parse_class_parameters([text])


def test_the_same_value_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"help.min_gap_s is given twice"):
        parse_class_parameters(["help.min_gap_s=1", "help.min_gap_s=1"])
