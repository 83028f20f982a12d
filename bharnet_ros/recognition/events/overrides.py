"""Builds the event finder for a model and a user's overrides, on the robot and offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import (
    OF_MODEL,
    ClassParameters,
    EventModel,
    EventParameters,
    check_overrides,
    parse_class_parameters,
)
from bharnet_ros.types.actions import ActionEvent, OffsetReason
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import is_number

FROM_MODEL = -1.0
"""Value of a parameter that stands for the model bundle's value."""

_CLASS_PARAMETERS = "class_parameters"
_NOT_OF_EVENTS = (_CLASS_PARAMETERS, "journal", "target_frame")
"""Parameters of the node that are not fields of `EventParameters`."""


@dataclass(frozen=True)
class EventOverrides:
    """Event parameters that a user sets in place of the model's.

    Attributes:
        values: Fields of `EventParameters` by name.
        class_values: Values for single classes.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    class_values: ClassParameters = field(default_factory=dict)


def event_overrides(parameters: Mapping[str, Any]) -> EventOverrides:
    """Return the parameters of `action_event_publisher` that override the model.

    Raises:
        InputError: A value is wrong for any model; names the parameter and the class.
    """
    values = {
        name: value
        for name, value in parameters.items()
        if name not in _NOT_OF_EVENTS and value != FROM_MODEL
    }
    for name in OF_MODEL:
        if name in values and is_number(values[name]) and values[name] < 0.0:
            raise InputError(f"parameter {name}: must be -1 or not negative, got {values[name]}")
    class_values = parse_class_parameters(parameters.get(_CLASS_PARAMETERS, ()))
    check_overrides(values, class_values)
    return EventOverrides(values, class_values)


def fitting_overrides(
    model: EventModel, overrides: EventOverrides, *, strict: bool
) -> tuple[EventOverrides, list[str]]:
    """Return the overrides that fit the classes of a model, and what is wrong with the others.

    Values of a class that the model does not have wait until the class is taught.

    Args:
        model: Classes and event parameters of the model.
        overrides: Parameters that a user sets.
        strict: Whether to keep values that do not fit those of their class, so that they are
            refused later; else they are left out, too.

    Raises:
        InputError: The background is not one of the classes.
    """
    kept, problems, background = {}, [], _background(model)
    for label, values in overrides.class_values.items():
        try:
            if label not in model.class_names:
                # Says which classes are known.
                EventParameters(class_parameters={label: {}}).check_classes(
                    model.class_names, background
                )
            if not strict:
                model.parameters.with_overrides(overrides.values, {label: values})
        except InputError as error:
            problems.append(str(error))
        else:
            kept[label] = values
    return replace(overrides, class_values=kept), problems


def make_event_finder(
    model: EventModel, overrides: EventOverrides, *, id_prefix: str | None = None
) -> EventFinder:
    """Return an event finder for the scores of a model.

    Args:
        model: Classes and event parameters of the model.
        overrides: Parameters that a user sets.
        id_prefix: As for `EventFinder`.

    Raises:
        InputError: A value is out of range, or the background is not one of the classes.
    """
    return EventFinder(
        model.class_names,
        model.parameters.with_overrides(overrides.values, overrides.class_values),
        background=_background(model),
        id_prefix=id_prefix,
    )


def change_classes(
    finder: EventFinder, model: EventModel, overrides: EventOverrides
) -> list[ActionEvent]:
    """Let an event finder go on with other classes of the same model.

    Args:
        finder: The event finder.
        model: Classes and event parameters from now on.
        overrides: Parameters that a user sets; see `fitting_overrides`.

    Returns:
        The OFFSETs of events whose class is gone.

    Raises:
        InputError: As for `make_event_finder`; nothing changes then.
    """
    parameters = model.parameters.with_overrides(overrides.values, overrides.class_values)
    return finder.change_classes(model.class_names, parameters, background=_background(model))


def change_model(
    finder: EventFinder, model: EventModel, overrides: EventOverrides, reason: OffsetReason
) -> list[ActionEvent]:
    """Let an event finder go on with another model.

    Args:
        finder: The event finder.
        model: Classes and event parameters from now on.
        overrides: Parameters that a user sets; see `fitting_overrides`.
        reason: Reason of the OFFSETs.

    Returns:
        The OFFSETs of all open events.

    Raises:
        InputError: As for `make_event_finder`; nothing changes then.
    """
    parameters = model.parameters.with_overrides(overrides.values, overrides.class_values)
    return finder.change_model(model.class_names, parameters, reason, background=_background(model))


def check_change(model: EventModel, overrides: EventOverrides, before: EventOverrides) -> None:
    """Check overrides that a user sets while the classes are known.

    Values of a class that the model does not have may stay if they waited for it before.

    Args:
        model: Classes and event parameters of the model.
        overrides: Parameters as they would be.
        before: Parameters so far.

    Raises:
        InputError: A value does not fit the others, or is of an unknown class; names it.
    """
    EventParameters(
        class_parameters={
            label: {} for label in overrides.class_values if label not in before.class_values
        }
    ).check_classes(model.class_names, _background(model))
    waiting = set(overrides.class_values) - set(model.class_names)
    values = {label: own for label, own in overrides.class_values.items() if label not in waiting}
    model.parameters.with_overrides(overrides.values, values)


def _background(model: EventModel) -> str:
    """Return the name of the background."""
    names = model.class_names
    if not 0 <= model.background_id < len(names):
        raise InputError(
            f"background_id {model.background_id} is not the index of one of "
            f"{len(names)} class_names"
        )
    return names[model.background_id]
