"""Other thresholds and times: what the last minutes would have been, and a file to keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from bharnet_ros.page.history import History
from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.overrides import (
    FROM_MODEL,
    EventOverrides,
    event_overrides,
    fitting_overrides,
    make_event_finder,
)
from bharnet_ros.recognition.events.parameters import (
    OF_MODEL,
    EventModel,
    EventParameters,
    format_class_parameters,
)
from bharnet_ros.types.actions import ActionEvent, OffsetReason, move_classes
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.timeline import FoundEvent, found_events

TUNED = ("enter_threshold", "exit_threshold", "smoothing_s", "min_duration_s", "min_gap_s")
"""Parameters of events that the page changes, for all classes or for single ones."""

NODE = "action_event_publisher"


@dataclass(frozen=True)
class Preview:
    """What the last minutes would have been.

    Attributes:
        seconds: How long that is.
        found: The events with other parameters.
        labels: Classes with an event, before or with other parameters.
        before: How many events of each class there were with the parameters that are in use.
        after: How many there would have been.
    """

    seconds: float
    found: tuple[FoundEvent, ...]
    labels: tuple[str, ...]
    before: Mapping[str, int]
    after: Mapping[str, int]


def used_parameters(model: EventModel, parameters: Mapping[str, object]) -> EventParameters:
    """Return the event parameters that are in use.

    Args:
        model: The running model.
        parameters: Parameters of `action_event_publisher`.

    Raises:
        InputError: A parameter cannot be used.
    """
    fitting, _ = fitting_overrides(model, event_overrides(parameters), strict=False)
    return model.parameters.with_overrides(fitting.values, fitting.class_values)


def effective_parameters(
    model: EventModel, parameters: Mapping[str, object]
) -> dict[str, dict[str, float]]:
    """Return the value of each of `TUNED` for each action, as it is in use.

    Args:
        model: The running model.
        parameters: As for `used_parameters`.

    Raises:
        InputError: As for `used_parameters`.
    """
    whole = used_parameters(model, parameters)
    return {
        name: {one: float(getattr(whole.of_class(name), one)) for one in TUNED}
        for place, name in enumerate(model.class_names)
        if place != model.background_id
    }


def tuned_parameters(
    model: EventModel,
    parameters: Mapping[str, object],
    wanted: Mapping[str, Mapping[str, float]],
) -> dict[str, object]:
    """Return parameters of `action_event_publisher` that give each action its values.

    Only values that differ from those without them become parameters of a class.

    Args:
        model: The running model.
        parameters: The parameters as they are.
        wanted: Values of `TUNED` for each action.

    Raises:
        InputError: A value is out of range, or an exit threshold is above its enter threshold;
            names class and parameter.
    """
    overrides = event_overrides(parameters)
    others: dict[str, dict[str, float]] = {
        label: {
            name: value for name, value in own.items() if label not in wanted or name not in TUNED
        }
        for label, own in overrides.class_values.items()
    }
    bare = {**parameters, "class_parameters": format_class_parameters(others)}
    base = effective_parameters(model, bare)
    for label, values in wanted.items():
        for name, value in values.items():
            if abs(value - base[label][name]) > 1e-9:
                others.setdefault(label, {})[name] = value
    kept = {label: own for label, own in others.items() if own}
    tuned = {**parameters, "class_parameters": format_class_parameters(kept) or [""]}
    _finder_of(model, tuned)
    return tuned


def preview(
    history: History, parameters: Mapping[str, object], tuned: Mapping[str, object]
) -> Preview:
    """Return what the last minutes would have been with other parameters, from the kept scores.

    Args:
        history: What was published.
        parameters: The parameters in use.
        tuned: The other parameters.

    Raises:
        InputError: There is no model, or a parameter cannot be used.
    """
    if history.model is None:
        raise InputError("no model is known yet")
    model = history.model.events
    before, seconds = _replay(history, model, parameters)
    after, _ = _replay(history, model, tuned)
    labels = [name for name in model.class_names if _count(before, name) or _count(after, name)]
    return Preview(
        seconds,
        after,
        tuple(labels),
        {name: _count(before, name) for name in labels},
        {name: _count(after, name) for name in labels},
    )


def parameter_file(tuned: Mapping[str, object]) -> str:
    """Return the text of a parameter file, for `params_file` and `--params-file`.

    Args:
        tuned: Parameters of `action_event_publisher`; those that are the model's are left out.
    """
    kept = {
        name: value
        for name, value in tuned.items()
        if not (name in OF_MODEL and value == FROM_MODEL)
    }
    content = {f"/**/{NODE}": {"ros__parameters": kept}}
    return yaml.safe_dump(content, sort_keys=False, default_flow_style=False, allow_unicode=True)


def _finder_of(model: EventModel, parameters: Mapping[str, object]) -> EventFinder:
    fitting, _ = fitting_overrides(model, event_overrides(parameters), strict=True)
    return make_event_finder(model, EventOverrides(fitting.values, fitting.class_values))


def _replay(
    history: History, model: EventModel, parameters: Mapping[str, object]
) -> tuple[tuple[FoundEvent, ...], float]:
    """Return the events of the kept scores, and how many seconds those span."""
    finder = _finder_of(model, parameters)
    events: list[ActionEvent] = []
    stamps = []
    for scores in list(history.scores):
        names = history.class_names(scores)
        if not names:
            continue
        if names != model.class_names:
            places = [
                model.class_names.index(name) if name in model.class_names else model.background_id
                for name in names
            ]
            scores = move_classes(scores, places, len(model.class_names))
        stamps.append(scores.stamp_ns)
        events += finder.update(replace(scores, model_name=""))
    events += finder.close(OffsetReason.SHUTDOWN)
    if not stamps:
        return (), 0.0
    seconds = (stamps[-1] - stamps[0]) / NANOSECONDS
    return found_events(events, stamps[0]), seconds


def _count(found: Sequence[FoundEvent], label: str) -> int:
    return sum(one.label == label for one in found)
