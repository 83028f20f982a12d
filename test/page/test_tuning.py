"""Other thresholds, tried on what was kept."""

from __future__ import annotations

import pytest
import yaml

from bharnet_ros.nodes.action_event_publisher import PARAMETERS
from bharnet_ros.page.history import History
from bharnet_ros.page.tuning import (
    effective_parameters,
    parameter_file,
    preview,
    tuned_parameters,
)
from bharnet_ros.recognition.events.overrides import event_overrides
from bharnet_ros.types.errors import InputError

AS_STARTED = {spec.name: spec.default for spec in PARAMETERS}


@pytest.fixture
def history(messages) -> History:
    history = History()
    for topic, message in messages.waving([(2.0, 5.0), (9.0, 12.0)], 20.0):
        take = history.take_model if topic == "model_info" else history.take_scores
        take(message)
    return history


def tuned(history: History, **changes: float) -> dict[str, object]:
    """Return the parameters with other values for `wave`."""
    model = history.model.events
    wanted = effective_parameters(model, AS_STARTED)
    wanted["wave"].update(changes)
    return tuned_parameters(model, AS_STARTED, wanted)


def test_the_values_in_use_are_those_of_the_model_and_the_parameters(history):
    parameters = {
        **AS_STARTED,
        "min_gap_s": 0.7,
        "class_parameters": ["wave.enter_threshold=0.9", "unknown.min_gap_s=1.0"],
    }
    values = effective_parameters(history.model.events, parameters)
    assert values["wave"]["enter_threshold"] == 0.9
    assert values["point"]["enter_threshold"] == 0.6
    assert values["wave"]["min_gap_s"] == values["point"]["min_gap_s"] == 0.7


def test_values_as_they_are_change_nothing(history):
    assert tuned(history) == AS_STARTED


def test_only_what_differs_becomes_a_parameter_of_the_class(history):
    changed = tuned(history, enter_threshold=0.95)
    assert changed == {**AS_STARTED, "class_parameters": ["wave.enter_threshold=0.95"]}


def test_parameters_that_the_page_does_not_show_are_kept(history):
    given = {**AS_STARTED, "class_parameters": ["wave.refractory_s=2.0", "gone.min_gap_s=1.0"]}
    model = history.model.events
    wanted = effective_parameters(model, given)
    wanted["point"]["min_gap_s"] = 0.5
    kept = event_overrides(tuned_parameters(model, given, wanted)).class_values
    assert kept == {
        "wave": {"refractory_s": 2.0},
        "point": {"min_gap_s": 0.5},
        "gone": {"min_gap_s": 1.0},
    }


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"enter_threshold": 0.2}, "wave.exit_threshold: must not exceed enter_threshold"),
        ({"enter_threshold": 1.5}, "wave.enter_threshold"),
        ({"min_gap_s": -1.0}, "wave.min_gap_s"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(history, changes, problem):
    with pytest.raises(InputError, match=problem):
        tuned(history, **changes)


def test_the_last_minutes_are_played_again_with_other_thresholds(history):
    found = preview(history, AS_STARTED, tuned(history, enter_threshold=0.95))
    assert found.seconds == pytest.approx(20.0)
    assert (found.before, found.after) == ({"wave": 2}, {"wave": 0})
    same = preview(history, AS_STARTED, AS_STARTED)
    assert same.after == {"wave": 2}
    assert [round(one.start_s) for one in same.found] == [2, 9]


def test_scores_from_before_a_gesture_was_taught_are_played_too(history, messages):
    taught = messages.model_info(class_names=("point", "wave", "jump", "background"))
    taught.name = "tiny+mine@1"
    history.take_model(taught)
    assert preview(history, AS_STARTED, AS_STARTED).after == {"wave": 2}


def test_without_a_model_nothing_can_be_tried():
    with pytest.raises(InputError, match="no model is known yet"):
        preview(History(), AS_STARTED, AS_STARTED)


def test_the_file_gives_the_same_parameters(history):
    changed = tuned(history, enter_threshold=0.95, min_gap_s=0.5)
    content = yaml.safe_load(parameter_file(changed))
    given = content["/**/action_event_publisher"]["ros__parameters"]
    assert "enter_threshold" not in given
    assert event_overrides(given) == event_overrides(changed)
