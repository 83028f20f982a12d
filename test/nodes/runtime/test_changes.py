"""Parameters that are set, with the services of ROS, on nodes that work."""

from __future__ import annotations

import threading

import pytest
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from bharnet_ros.nodes.runtime.changes import Change
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.spin import NodeRunner
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameters import ParameterSpec

pytestmark = pytest.mark.ros

SPECS = (
    ParameterSpec("low", 0.2, "The lower.", low=0.0, high=1.0, live=True),
    ParameterSpec("high", 0.8, "The higher.", low=0.0, high=1.0, live=True),
    ParameterSpec("names", [""], "Some names.", live=True),
    ParameterSpec("colour", "red", "A colour.", choices=("red", "blue")),
    ParameterSpec("heavy", "", "Takes long to load.", live=True),
)


class Worker(ManagedNode):
    """Keeps what it works with; loads `heavy` when `may_load` is set."""

    def __init__(self, **kwargs):
        self.used = {}
        self.made = []
        self.loads, self.may_load = threading.Event(), threading.Event()
        super().__init__("worker", SPECS, **kwargs)

    def configure(self, parameters):
        self.used = dict(parameters)

    def activate(self):
        pass

    def deactivate(self):
        pass

    def release(self):
        self.used = {}

    def plan_change(self, parameters, changed):
        if parameters["low"] > parameters["high"]:
            raise InputError("low: must not exceed high")

        def load():
            self.loads.set()
            assert self.may_load.wait(60)
            if parameters["heavy"] == "missing":
                raise OSError("missing: no such file")
            if parameters["heavy"] == "odd":
                raise KeyError("a bug")
            return "loaded"

        def apply(loaded):
            if parameters["heavy"] == "broken":
                raise KeyError("a bug")
            self.used = {**parameters, "loaded": loaded}
            self.made.append(parameters["low"])

        return Change(apply, load if "heavy" in changed else None)


@pytest.fixture
def worker(graph) -> Worker:
    return graph.add_active(Worker())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"low": "much"}, "parameter low: expected a number, got 'much'"),
        ({"low": 1.5}, "parameter low: must be from 0 to 1, got 1.5"),
        ({"low": float("nan")}, "parameter low: must be from 0 to 1, got nan"),
        ({"low": True}, "parameter low: expected a number, got True"),
        ({"names": "a"}, "parameter names: expected a list of texts, got 'a'"),
        ({"colour": "green"}, "parameter colour: 'green' is not one of red, blue"),
        ({"colour": "blue"}, "parameter colour: cannot change while the node is active"),
        ({"low": 0.9}, "low: must not exceed high"),
        ({"low": 0.1, "high": 0.05}, "low: must not exceed high"),
        ({"speed": 1.0}, "speed"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_line(worker, set_parameters, values, reason):
    before = dict(worker.used)
    result = set_parameters("worker", **values)
    assert not result.successful
    assert reason in result.reason and "\n" not in result.reason
    assert worker.used == before


def test_parameters_are_checked_together_and_changed_at_once(worker, set_parameters):
    assert set_parameters("worker", low=0.85, high=0.9).successful
    assert (worker.used["low"], worker.used["high"]) == (0.85, 0.9)


def test_an_integer_is_taken_for_a_number_and_stays_one(worker, set_parameters, ask):
    assert set_parameters("worker", high=1).successful
    assert type(worker.used["high"]) is float
    answer = ask(GetParameters, "worker/get_parameters", names=["high"])
    assert (answer.values[0].type, answer.values[0].double_value) == (3, 1.0)


def test_an_empty_list_is_one_of_any_type(worker, set_parameters):
    assert set_parameters("worker", names=["a"]).successful
    empty = Parameter("names", Parameter.Type.BOOL_ARRAY, [])
    assert set_parameters("worker", empty).successful
    assert worker.used["names"] == []


def test_descriptors_tell_the_type_and_what_cannot_change(worker, set_parameters, ask):
    set_parameters("worker", high=1)
    set_parameters("worker", low="much")
    names = ["low", "high", "colour"]
    low, high, colour = ask(
        DescribeParameters, "worker/describe_parameters", names=names
    ).descriptors
    assert (low.type, high.type, colour.type) == (3, 3, 4)
    assert not low.dynamic_typing and not low.additional_constraints
    assert (
        colour.additional_constraints == "one of: red, blue; cannot change while the node is active"
    )


def test_before_it_is_active_everything_can_change(graph, set_parameters):
    worker = graph.add(Worker())
    # Pairs that do not go together may follow each other until the node is configured.
    assert set_parameters("worker", low=0.9).successful
    assert set_parameters("worker", high=0.95, colour="blue").successful
    assert graph.call(worker.trigger_configure) is TransitionCallbackReturn.SUCCESS
    assert (worker.used["low"], worker.used["colour"]) == (0.9, "blue")
    assert set_parameters("worker", colour="red", low=0.1).successful
    assert (worker.used["low"], worker.used["colour"]) == (0.1, "blue")
    graph.call(worker.trigger_cleanup)
    graph.call(worker.trigger_configure)
    assert worker.used["colour"] == "red"


def test_a_choice_that_is_none_can_be_put_right(graph, set_parameters):
    worker = graph.add(Worker(parameter_overrides=[Parameter("colour", value="grey")]))
    assert graph.call(worker.trigger_configure) is TransitionCallbackReturn.FAILURE
    assert set_parameters("worker", colour="blue").successful
    assert graph.call(worker.trigger_configure) is TransitionCallbackReturn.SUCCESS
    assert worker.used["colour"] == "blue"


def test_the_node_goes_on_while_a_change_is_loaded(worker, set_parameters, graph, wait):
    later = set_parameters.start("worker", heavy="model", low=0.3)
    after = set_parameters.start("worker", low=0.4)
    # The thread of the node is free, and nothing has changed.
    assert graph.call(lambda: worker.used["low"], worker) == 0.2
    assert not later.done() and not after.done()
    worker.may_load.set()
    wait(lambda: later.done() and after.done(), "the answers")
    assert later.result().result.successful and after.result().result.successful
    assert (worker.used["heavy"], worker.used["low"]) == ("model", 0.4)


def ask_too_often(set_parameters, wait):
    """Start changes while one is loaded, until one is refused; return those that wait."""
    waiting = [set_parameters.start("worker", low=0.4 + step / 100) for step in range(9)]
    refused = waiting.pop()
    wait(refused.done, "the refusal")
    reason = "8 changes wait already; try again when one is done"
    assert refused.result().result == SetParametersResult(reason=reason)
    assert not any(one.done() for one in waiting)
    return waiting


def test_changes_are_made_in_their_order_and_not_too_many_wait(worker, set_parameters, wait):
    first = set_parameters.start("worker", heavy="model", low=0.3)
    changes = [first, *ask_too_often(set_parameters, wait)]
    worker.may_load.set()
    wait(lambda: all(one.done() for one in changes), "the answers")
    assert all(one.result().result.successful for one in changes)
    assert worker.made == [0.3, *(0.4 + step / 100 for step in range(8))]
    assert set_parameters("worker", low=0.1).successful


def test_parameters_that_are_set_one_by_one_take_turns(graph, worker, set_parameters, wait):
    client = graph.probe.create_client(SetParameters, "worker/set_parameters")
    assert client.wait_for_service(timeout_sec=60)
    given = [Parameter("heavy", value="model"), Parameter("low", value=0.7)]
    messages = [one.to_parameter_msg() for one in given]
    first = client.call_async(SetParameters.Request(parameters=messages))
    assert worker.loads.wait(60)
    changes = [first, *ask_too_often(set_parameters, wait)]
    worker.may_load.set()
    wait(lambda: all(one.done() for one in changes), "the answers")
    assert [one.successful for one in first.result().results] == [True, True]
    assert worker.made == [0.2, *(0.4 + step / 100 for step in range(8)), 0.7]


def test_a_node_that_ends_answers_what_it_does_not_change(graph, set_parameters, wait):
    worker = Worker()
    with NodeRunner() as runner:
        runner.add(worker)
        runner.call(worker, worker.trigger_configure)
        runner.call(worker, worker.trigger_activate)
        first = set_parameters.start("worker", heavy="model", low=0.3)
        changes = [first, *ask_too_often(set_parameters, wait)]
    wait(lambda: all(one.done() for one in changes), "the answers")
    reasons = {one.result().result.reason for one in changes}
    assert reasons == {"the node ends, so this was not done"}
    worker.may_load.set()
    assert worker.made == []


def test_what_cannot_be_loaded_leaves_everything_as_it_was(worker, set_parameters, ask):
    worker.may_load.set()
    result = set_parameters("worker", heavy="missing", low=0.3)
    assert not result.successful and result.reason == "missing: no such file"
    assert worker.used["low"] == 0.2
    (value,) = ask(GetParameters, "worker/get_parameters", names=["heavy"]).values
    assert value.string_value == ""


def test_a_change_that_breaks_is_answered_and_taken_back(worker, set_parameters, ask, capfd):
    worker.may_load.set()
    assert "a bug" in set_parameters("worker", heavy="broken").reason
    (value,) = ask(GetParameters, "worker/get_parameters", names=["heavy"]).values
    assert value.string_value == ""
    assert "internal error" in capfd.readouterr().err
    assert set_parameters("worker", low=0.3).successful


def test_a_node_that_was_cleaned_up_meanwhile_is_not_changed(worker, set_parameters, graph, wait):
    later = set_parameters.start("worker", heavy="model")
    for transition in (worker.trigger_deactivate, worker.trigger_cleanup):
        graph.call(transition)
    graph.call(worker.trigger_configure)
    worker.may_load.set()
    wait(later.done, "the answer")
    assert later.result().result.reason == "the node was configured anew meanwhile"
    assert "loaded" not in worker.used


def test_setting_without_a_service_waits_until_it_is_done(worker, graph):
    worker.may_load.set()
    given = [Parameter("heavy", value="model"), Parameter("low", value=2)]
    done, refused = graph.call(lambda: worker.set_parameters(given), worker)
    assert done == SetParametersResult(successful=True) and worker.used["loaded"] == "loaded"
    assert refused.reason == "parameter low: must be from 0 to 1, got 2"
    given = [Parameter("heavy", value="odd")]
    (broken,) = graph.call(lambda: worker.set_parameters(given), worker)
    assert broken.reason == "'a bug'" and worker.used["heavy"] == "model"
