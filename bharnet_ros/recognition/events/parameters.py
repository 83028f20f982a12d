"""Thresholds and times that decide when events begin and end, for all and for single classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types, is_number

ClassParameters = Mapping[str, Mapping[str, float]]
"""Values for single classes, by name of the class and name of the parameter."""

PER_CLASS = (
    "enter_threshold",
    "exit_threshold",
    "rejection_threshold",
    "min_duration_s",
    "min_gap_s",
    "refractory_s",
    "smoothing_s",
    "support_share",
)
"""Parameters that may differ by class."""

OF_MODEL = (
    "enter_threshold",
    "exit_threshold",
    "rejection_threshold",
    "smoothing_s",
    "min_duration_s",
    "min_gap_s",
    "support_share",
)
"""Parameters that a model bundle sets, by their names in the bundle."""


@dataclass(frozen=True)
class EventParameters:
    """Thresholds and times of events; all times are seconds of capture time.

    Attributes:
        enter_threshold: Smoothed probability that opens an event, in (0, 1].
        exit_threshold: Smoothed probability below which an event ends, in (0, enter_threshold].
        rejection_threshold: Probability below which a class counts as unknown and opens no event,
            in [0, 1].
        smoothing_s: Time constant of the exponential smoothing, 0 for none.
        min_duration_s: How long a class must stay at or above the enter threshold to open an event.
        min_gap_s: How long it must stay below the exit threshold to end the event; shorter gaps are
            bridged.
        refractory_s: How long after the OFFSET of an event the same person cannot begin the same
            action again, 0 for no such time.
        support_share: Share of a window that an action fills when its probability becomes high, in
            [0, 1]; used to estimate `start` and `end` of events.
        person_timeout_s: How long a person may be missing before the event ends.
        source_timeout_s: How long scores may be missing before all events end, greater than 0.
        class_parameters: Values of `PER_CLASS` for single classes.
    """

    enter_threshold: float = 0.6
    exit_threshold: float = 0.4
    rejection_threshold: float = 0.0
    smoothing_s: float = 0.3
    min_duration_s: float = 0.3
    min_gap_s: float = 0.3
    refractory_s: float = 0.0
    support_share: float = 0.5
    person_timeout_s: float = 1.0
    source_timeout_s: float = 2.0
    class_parameters: ClassParameters = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            InputError: A value has the wrong type or is out of range; names the field, and the
                class if the value is that of a single class.
        """
        check_field_types(EventParameters, vars(self))
        for name in ("enter_threshold", "exit_threshold"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                raise InputError(f"{name}: must be greater than 0 and at most 1, got {value}")
        for name in ("rejection_threshold", "support_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"{name}: must be from 0 to 1, got {getattr(self, name)}")
        if self.exit_threshold > self.enter_threshold:
            raise InputError(
                f"exit_threshold: must not exceed enter_threshold ({self.enter_threshold}), "
                f"got {self.exit_threshold}"
            )
        for name in (
            "smoothing_s",
            "min_duration_s",
            "min_gap_s",
            "refractory_s",
            "person_timeout_s",
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise InputError(f"{name}: must be finite and not negative, got {value}")
        if not (math.isfinite(self.source_timeout_s) and self.source_timeout_s > 0.0):
            raise InputError(
                f"source_timeout_s: must be finite and greater than 0, got {self.source_timeout_s}"
            )
        _check_form(self.class_parameters)
        for label in self.class_parameters:
            try:
                self.of_class(label)
            except ValueError as error:
                raise InputError(f"class_parameters: {label}.{error}") from error

    def of_class(self, label: str) -> EventParameters:
        """Return the parameters of one class: its own values, and the general ones otherwise."""
        return replace(self, class_parameters={}, **self.class_parameters.get(label, {}))

    def check_classes(self, class_names: Sequence[str], background: str = BACKGROUND) -> None:
        """Check that the classes with parameters of their own are actions of the model.

        Raises:
            InputError: A class is unknown, or is the background, which never opens an event.
        """
        actions = [name for name in class_names if name != background]
        for label in self.class_parameters:
            if label not in actions:
                raise InputError(
                    f"class_parameters: '{label}' is not an action; known are {', '.join(actions)}"
                )

    def with_overrides(
        self, values: Mapping[str, float], class_values: ClassParameters | None = None
    ) -> EventParameters:
        """Return the parameters of a model with a user's values in place of the model's.

        A value for a single class always takes precedence over one for all classes, whether it
        comes from the model or the user. So a user must name the class to override a value that the
        model sets for it.

        Args:
            values: Values for all classes, by field.
            class_values: Values for single classes; merged with those of the model.

        Raises:
            InputError: A name is not a parameter, or a value is wrong; names it.
        """
        known = [one.name for one in fields(self) if one.name != "class_parameters"]
        for name in values:
            if name not in known:
                raise InputError(f"{name}: is not an event parameter; known are {', '.join(known)}")
        merged = {label: dict(own) for label, own in self.class_parameters.items()}
        _check_form(class_values or {})
        for label, own in (class_values or {}).items():
            merged.setdefault(label, {}).update(own)
        return replace(self, **values, class_parameters=merged)


@dataclass(frozen=True)
class EventModel:
    """What an event finder needs to know of a model.

    Attributes:
        class_names: Classes in the order of the probabilities.
        background_id: Index of the class for rest and unknown motion.
        parameters: Thresholds and times of events.
    """

    class_names: tuple[str, ...]
    background_id: int
    parameters: EventParameters


def check_overrides(values: Mapping[str, float], class_values: ClassParameters) -> None:
    """Check the arguments of `EventParameters.with_overrides` before the model is known.

    Raises:
        InputError: A value is wrong for any model; names the parameter and the class.
    """
    # With these thresholds, the most values are allowed for the other threshold.
    loosest = EventParameters(enter_threshold=1.0, exit_threshold=math.ulp(0.0))
    loosest.with_overrides(values)
    loosest.with_overrides({}, class_values)


def parse_class_parameters(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Parse texts such as `help.enter_threshold=0.5`; empty texts are skipped.

    Raises:
        InputError: A text does not have the form `CLASS.PARAMETER=VALUE`, its value is not a
            number, or its parameter is given twice; quotes the text.
    """
    found: dict[str, dict[str, float]] = {}
    for text in filter(None, texts):
        left, _, number = text.rpartition("=")
        # A class name may contain a dot or an equals sign, a parameter name cannot.
        label, _, name = (part.strip() for part in left.rpartition("."))
        if not (label and name):
            raise InputError(f"class_parameters: '{text}' is not CLASS.PARAMETER=VALUE")
        try:
            value = float(number)
        except ValueError:
            raise InputError(f"class_parameters: '{text}': '{number}' is not a number") from None
        if name in found.setdefault(label, {}):
            raise InputError(f"class_parameters: '{text}': {label}.{name} is given twice")
        found[label][name] = value
    return found


def format_class_parameters(class_parameters: ClassParameters) -> list[str]:
    """Return texts for `parse_class_parameters`, one for each value, in full precision."""
    return [
        f"{label}.{name}={float(value)!r}"
        for label, own in class_parameters.items()
        for name, value in own.items()
    ]


def _check_form(class_parameters: ClassParameters) -> None:
    """Check the names and types of class parameters, which come from files.

    Raises:
        InputError: A name or type is wrong; names class and parameter.
    """
    if not isinstance(class_parameters, Mapping):
        raise InputError(
            f"class_parameters: expected parameters by class, got {class_parameters!r}"
        )
    for label, own in class_parameters.items():
        if not isinstance(label, str):
            # YAML reads an unquoted yes or no as a boolean.
            raise InputError(f"class_parameters: expected the name of a class, got {label!r}")
        if not isinstance(own, Mapping):
            raise InputError(f"class_parameters: {label}: expected values by name, got {own!r}")
        for name, value in own.items():
            if name not in PER_CLASS:
                raise InputError(
                    f"class_parameters: {label}.{name}: is not a parameter of a class; "
                    f"known are {', '.join(PER_CLASS)}"
                )
            if not is_number(value):
                raise InputError(f"class_parameters: {label}.{name}: {value!r} is not a number")
