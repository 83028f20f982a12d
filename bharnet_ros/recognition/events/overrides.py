"""The event detector that a model asks for, on the robot and offline alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import (
    OF_MODEL,
    ClassParameters,
    EventModel,
    check_overrides,
    parse_class_parameters,
)
from bharnet_ros.types.errors import InputError

FROM_MODEL = -1.0
"""Value of a parameter that leaves the decision to the model bundle."""

_OF_CLASSES = "class_parameters"


@dataclass(frozen=True)
class EventOverrides:
    """What a user says of events, in place of the model.

    Attributes:
        values: Fields of `EventParameters`.
        class_values: Those that differ for single classes.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    class_values: ClassParameters = field(default_factory=dict)


def event_overrides(parameters: Mapping[str, Any]) -> EventOverrides:
    """Return what the parameters of `action_event_publisher` do not leave to the model.

    Raises:
        InputError: A value cannot be right whatever the model says; names parameter and class.
    """
    values = {
        name: value
        for name, value in parameters.items()
        if name != _OF_CLASSES and value != FROM_MODEL
    }
    for name in OF_MODEL:
        if values.get(name, 0.0) < 0.0:
            raise InputError(f"parameter {name}: {values[name]} is negative, and not -1")
    class_values = parse_class_parameters(parameters.get(_OF_CLASSES, ()))
    check_overrides(values, class_values)
    return EventOverrides(values, class_values)


def make_event_finder(
    model: EventModel, overrides: EventOverrides, *, id_prefix: str | None = None
) -> EventFinder:
    """Return a detector for the scores of a model.

    Args:
        model: What the model says.
        overrides: What a user says.
        id_prefix: Of `EventFinder`.

    Raises:
        InputError: A value is out of range, or the background is none of the classes.
    """
    names = model.class_names
    if not 0 <= model.background_id < len(names):
        raise InputError(
            f"background_id {model.background_id} is not the index of one of "
            f"{len(names)} class_names"
        )
    return EventFinder(
        names,
        model.parameters.with_overrides(overrides.values, overrides.class_values),
        background=names[model.background_id],
        id_prefix=id_prefix,
    )
