"""When an event begins and ends: thresholds and times, for all classes and for single ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError

ClassParameters = Mapping[str, Mapping[str, float]]
"""Values that differ for single classes: name of the class, name of the parameter, value."""

PER_CLASS = (
    "enter_threshold",
    "exit_threshold",
    "rejection_threshold",
    "min_duration_s",
    "min_gap_s",
    "refractory_s",
)
"""The parameters that may differ for each class."""

OF_MODEL = (
    "enter_threshold",
    "exit_threshold",
    "rejection_threshold",
    "smoothing_s",
    "min_duration_s",
    "min_gap_s",
    "support_share",
)
"""The parameters that a model bundle gives, by the names that they have there."""


@dataclass(frozen=True)
class EventParameters:
    """When an event begins and ends; all times are seconds of capture time.

    Attributes:
        enter_threshold: Smoothed probability that opens an event, in (0, 1].
        exit_threshold: Smoothed probability under which an event ends, in (0, enter_threshold].
        rejection_threshold: Probability under which a class counts as unknown and opens nothing,
            in [0, 1].
        smoothing_s: Time constant of the exponential smoothing, 0 for none.
        min_duration_s: How long a class must stay above the enter threshold to open an event.
        min_gap_s: How long it must stay under the exit threshold to end one; shorter gaps are
            bridged.
        refractory_s: How long after the OFFSET of an event the same person cannot begin the same
            action again, 0 for not at all.
        support_share: Share of a window that an action fills when the window's probability of it
            becomes high, in [0, 1]: from it `start` and `end` of events are estimated.
        person_timeout_s: How long a person may be missing before the event ends.
        source_timeout_s: How long scores may stay out before all events end, greater than 0.
        class_parameters: Those of `PER_CLASS` that differ for single classes.
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
            InputError: A field is out of its range; the message names it, and the class where it
                is the value of one.
        """
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
        """Return the parameters of one class: its own, and for the rest those of all classes."""
        return replace(self, class_parameters={}, **self.class_parameters.get(label, {}))

    def check_classes(self, class_names: Sequence[str], background: str = BACKGROUND) -> None:
        """Check that parameters of single classes are those of actions that there are.

        Raises:
            InputError: One belongs to no class, or to background, which never opens an event.
        """
        actions = [name for name in class_names if name != background]
        for label in self.class_parameters:
            if label not in actions:
                raise InputError(
                    f"class_parameters: '{label}' is no action; there are {', '.join(actions)}"
                )

    def with_overrides(
        self, values: Mapping[str, float], class_values: ClassParameters | None = None
    ) -> EventParameters:
        """Return these parameters, as a model bundle gives them, with a user's own in their place.

        A value of one class always precedes one of all classes, whoever gave it, so a user who
        wants another value for a class that the model knows better must name the class.

        Args:
            values: Fields by name.
            class_values: Those that differ for single classes; they add to the ones here.

        Raises:
            InputError: A name is no parameter, or a value is out of its range; names it.
        """
        known = [one.name for one in fields(self) if one.name != "class_parameters"]
        for name in values:
            if name not in known:
                raise InputError(f"{name}: is no event parameter; there are {', '.join(known)}")
        merged = {label: dict(own) for label, own in self.class_parameters.items()}
        _check_form(class_values or {})
        for label, own in (class_values or {}).items():
            merged.setdefault(label, {}).update(own)
        return replace(self, **values, class_parameters=merged)


@dataclass(frozen=True)
class EventModel:
    """What a model says of its events.

    Attributes:
        class_names: Classes in the order of the probabilities.
        background_id: Index of the class for rest and unknown motion.
        parameters: When events begin and end.
    """

    class_names: tuple[str, ...]
    background_id: int
    parameters: EventParameters


def check_overrides(values: Mapping[str, float], class_values: ClassParameters) -> None:
    """Check what `EventParameters.with_overrides` will be given, before the model is known.

    Raises:
        InputError: It cannot be right whatever the model says; names parameter and class.
    """
    # The thresholds that leave most room for the ones given.
    loosest = EventParameters(enter_threshold=1.0, exit_threshold=math.ulp(0.0))
    loosest.with_overrides(values)
    loosest.with_overrides({}, class_values)


def parse_class_parameters(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Read `CLASS.PARAMETER=VALUE`, as in `help.enter_threshold=0.5`; empty texts are left out.

    Raises:
        InputError: A text has another form, its value is no number, or it says the same as one
            before; the message quotes it.
    """
    found: dict[str, dict[str, float]] = {}
    for text in filter(None, texts):
        left, _, number = text.rpartition("=")
        # The name of a class may hold a dot or an equals sign, that of a parameter cannot.
        label, _, name = (part.strip() for part in left.rpartition("."))
        if not (label and name):
            raise InputError(f"class_parameters: '{text}' is not CLASS.PARAMETER=VALUE")
        try:
            value = float(number)
        except ValueError:
            raise InputError(f"class_parameters: '{text}': '{number}' is no number") from None
        if name in found.setdefault(label, {}):
            raise InputError(f"class_parameters: '{text}': {label}.{name} is given twice")
        found[label][name] = value
    return found


def format_class_parameters(class_parameters: ClassParameters) -> list[str]:
    """Return what `parse_class_parameters` reads, one text for each value, every digit kept."""
    return [
        f"{label}.{name}={float(value)!r}"
        for label, own in class_parameters.items()
        for name, value in own.items()
    ]


def _check_form(class_parameters: ClassParameters) -> None:
    """Check names and types, which come from files."""
    if not isinstance(class_parameters, Mapping):
        raise InputError(
            f"class_parameters: expected parameters by class, got {class_parameters!r}"
        )
    for label, own in class_parameters.items():
        if not isinstance(label, str):
            # YAML takes an unquoted yes or no for a truth value.
            raise InputError(f"class_parameters: expected the name of a class, got {label!r}")
        if not isinstance(own, Mapping):
            raise InputError(f"class_parameters: {label}: expected values by name, got {own!r}")
        for name, value in own.items():
            if name not in PER_CLASS:
                raise InputError(
                    f"class_parameters: {label}.{name}: is no parameter of a class; "
                    f"there are {', '.join(PER_CLASS)}"
                )
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"class_parameters: {label}.{name}: {value!r} is no number")
