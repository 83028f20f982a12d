"""Scores in, events out, over real topics."""

from __future__ import annotations

import pytest
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from bharnet_ros import msg
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import scores_to_message, time_from_ns, time_to_ns
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.types.actions import ActionScores, TrackScores

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000
CLASSES = ["background", "hello", "thanks"]
ONSET, OFFSET = msg.ActionEvent.ONSET, msg.ActionEvent.OFFSET


def model_info(name: str = "gestures", **values) -> msg.ModelInfo:
    values = {
        "class_names": CLASSES,
        "background_id": 0,
        "enter_threshold": 0.6,
        "exit_threshold": 0.4,
        "smoothing": 0.3,
        "min_duration": 0.3,
        "min_gap": 0.3,
        "support_share": 0.5,
        **values,
    }
    return msg.ModelInfo(name=name, **values)


def scores(stamp: float, likely: int | None, origin_ns: int = 1000 * SECOND, **values):
    """Return scores of one person, 0.9 for the class `likely`; of nobody if that is None."""
    stamp_ns = origin_ns + round(stamp * SECOND)
    tracks = ()
    if likely is not None:
        probabilities = [0.9 if index == likely else 0.05 for index in range(len(CLASSES))]
        tracks = (
            TrackScores(
                "body_1", stamp_ns - SECOND, stamp_ns, probabilities, probabilities, probabilities
            ),
        )
    return scores_to_message(
        ActionScores(stamp_ns, tracks, "camera", values.get("model_name", "gestures"))
    )


class Driver:
    """An active event publisher, its events, and functions that send it messages."""

    def __init__(self, graph, **parameters):
        self.graph = graph
        self.events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
        self.inform = graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED)
        self.score = graph.probe.publisher(msg.ActionScores, "action_scores", RELIABLE)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = graph.add_active(ActionEventPublisher(parameter_overrides=overrides))
        graph.on_match(self.node, "/action_recognition")

    def phases(self):
        return [(event.phase, event.label, event.reason) for event in self.events]


@pytest.fixture
def start_driver(graph, wait):
    """Return a function that starts an event publisher and tells it the model."""

    def make(**parameters):
        driver = Driver(graph, **parameters)
        driver.inform(model_info())
        wait(lambda: driver.node.describe()["model"] == "gestures", "the model information")
        return driver

    return make


def begin(driver, wait, likely: int = 1, start: float = 0.0):
    for step in range(10):
        driver.score(scores(start + step * 0.2, likely))
    wait(lambda: driver.events, "an ONSET")


def simulate(graph, wait):
    """Return a function that sets the clock of a driver's node, seconds after 1000 s."""
    tick = graph.probe.publisher(Clock, "/clock", RELIABLE)

    def set_clock(driver, seconds):
        now_ns = round((1000 + seconds) * SECOND)
        tick(Clock(clock=time_from_ns(now_ns)))
        wait(lambda: driver.node.get_clock().now().nanoseconds == now_ns, "the clock")

    return set_clock


def test_action_gets_one_onset_and_one_offset(start_driver, wait):
    driver = start_driver()
    begin(driver, wait)
    for step in range(10):
        driver.score(scores(2.0 + step * 0.2, 0))
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases() == [(ONSET, "hello", ""), (OFFSET, "hello", "ended")]
    onset, offset = driver.events
    assert onset.event_id == offset.event_id
    assert (onset.class_id, onset.track_id, onset.model_name) == (1, "body_1", "gestures")
    assert onset.header.frame_id == "camera"
    assert time_to_ns(onset.latency) > 0


def test_simulated_time_decides_latency_and_silence(graph, start_driver, wait):
    set_clock = simulate(graph, wait)
    driver = start_driver(use_sim_time=True, source_timeout_s=50.0)
    set_clock(driver, 3.0)
    begin(driver, wait)
    onset = driver.events[0]
    assert time_to_ns(onset.latency) == 1003 * SECOND - time_to_ns(onset.header.stamp)
    set_clock(driver, 50.0)
    assert len(driver.events) == 1
    set_clock(driver, 55.0)
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.events[1].reason == "source_lost"


def test_simulated_time_that_stops_with_its_source_ends_events(graph, start_driver, wait):
    set_clock = simulate(graph, wait)
    driver = start_driver(use_sim_time=True, source_timeout_s=0.5)
    set_clock(driver, 3.0)
    begin(driver, wait)
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.events[1].reason == "source_lost"


def test_latency_is_unknown_while_simulated_time_has_not_begun(start_driver, wait):
    driver = start_driver(use_sim_time=True)
    begin(driver, wait)
    assert time_to_ns(driver.events[0].latency) == 0
    assert driver.node.counters.report(0.0).latency is None


def test_every_scores_message_is_processed(start_driver, wait):
    driver = start_driver()
    for step in range(200):
        driver.score(scores(step * 0.1, 0))
        if step % 8 == 7:
            wait(
                lambda step=step: driver.node.counters.totals["received"] == step + 1,
                "its callback",
            )
    assert time_to_ns(scores(19.9, 0).header.stamp) == driver.node.last_stamp_ns


def test_time_going_back_closes_events(start_driver, wait):
    driver = start_driver()
    begin(driver, wait, start=100.0)
    driver.score(scores(3.0, 1))
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases()[1] == (OFFSET, "hello", "time_jump")
    assert driver.node.counters.totals["time jumps"] == 1


def test_rejected_scores_do_not_set_time_back(start_driver, wait):
    driver = start_driver()
    begin(driver, wait, start=100.0)
    odd = scores(3.0, 1)
    odd.tracks[0].probabilities = [0.5, 0.5]
    driver.score(odd)
    wait(lambda: driver.node.counters.totals["rejected"] == 1, "a refusal")
    driver.score(scores(110.0, 1))
    wait(lambda: driver.node.last_stamp_ns == 1110 * SECOND, "the scores after it")
    assert "time jumps" not in driver.node.counters.totals


def test_silence_closes_events(start_driver, wait):
    driver = start_driver(source_timeout_s=0.5)
    begin(driver, wait)
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases()[1] == (OFFSET, "hello", "source_lost")


def test_scores_that_cannot_be_used_keep_no_event_open(start_driver, wait):
    driver = start_driver(source_timeout_s=0.5)
    for name in ("replaced", "gestures"):
        driver.inform(model_info(name))
        wait(lambda name=name: driver.node.describe()["model"] == name, "the model")
    begin(driver, wait)

    def go_on():
        for name in ("replaced", "unknown"):
            driver.score(scores(2.0, 1, model_name=name))

    wait(lambda: go_on() or len(driver.events) == 2, "an OFFSET")


def test_deactivation_closes_events_and_activation_restarts(start_driver, wait):
    driver = start_driver()
    begin(driver, wait)
    call, node = driver.graph.call, driver.node
    assert call(node.trigger_deactivate) is TransitionCallbackReturn.SUCCESS
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases()[1] == (OFFSET, "hello", "shutdown")

    assert call(node.trigger_activate) is TransitionCallbackReturn.SUCCESS
    for step in range(10):
        driver.score(scores(50.0 + step * 0.2, 2))
    wait(lambda: len(driver.events) == 3, "an ONSET")
    assert driver.phases()[2] == (ONSET, "thanks", "")
    assert driver.events[2].event_id != driver.events[0].event_id


def test_shutdown_closes_events(start_driver, wait):
    driver = start_driver()
    begin(driver, wait)
    driver.graph.call(driver.node.trigger_shutdown)
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases()[1] == (OFFSET, "hello", "shutdown")


def test_another_model_replaces_the_events_of_the_last(start_driver, wait):
    driver = start_driver()
    begin(driver, wait)
    driver.inform(model_info("other", class_names=["none", "wave"]))
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases()[1] == (OFFSET, "hello", "replaced")


def test_a_taught_class_closes_no_event(start_driver, wait):
    driver = start_driver()
    driver.inform(model_info(weights_sha256="w"))
    begin(driver, wait)
    names = ["background", "hello", "thanks", "clap"]
    driver.inform(model_info("gestures+own@1", class_names=names, weights_sha256="w"))
    wait(lambda: driver.node.describe()["model"] == "gestures+own@1", "the other classes")
    # Scores that were on their way have the classes of before.
    driver.score(scores(2.0, 1))
    wait(lambda: driver.node.last_stamp_ns == 1002 * SECOND, "the scores")
    assert driver.phases() == [(ONSET, "hello", "")]
    assert driver.node.counters.totals["rejected"] == 0
    driver.inform(
        model_info(
            "gestures+own@2",
            class_names=["clap", "thanks", "background"],
            background_id=2,
            weights_sha256="w",
        )
    )
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    assert driver.phases()[1] == (OFFSET, "hello", "source_lost")


def test_scores_of_another_model_are_refused(start_driver, wait):
    driver = start_driver()
    driver.score(scores(1.0, 1, model_name="elsewhere"))
    wait(lambda: driver.node.counters.totals["rejected"] == 1, "a refusal")
    begin(driver, wait, start=2.0)
    assert driver.phases() == [(ONSET, "hello", "")]


def test_scores_of_another_length_are_refused_and_the_node_goes_on(start_driver, wait):
    driver = start_driver()
    odd = scores(1.0, 1)
    odd.tracks[0].probabilities = [0.5, 0.5]
    driver.score(odd)
    wait(lambda: driver.node.counters.totals["rejected"] == 1, "a refusal")
    begin(driver, wait, start=2.0)


@pytest.mark.parametrize(
    "parameters",
    [
        {"enter_threshold": 0.3, "exit_threshold": 0.5},
        {"exit_threshold": -0.5},
        {"class_parameters": ["hello.enter_threshold=1.5"]},
        {"class_parameters": ["hello.person_timeout_s=0.5"]},
        {"class_parameters": ["hello"]},
    ],
)
def test_configure_fails_with_impossible_parameters(graph, parameters):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = graph.add(ActionEventPublisher(parameter_overrides=overrides))
    result = graph.call(node.trigger_configure)
    assert result is TransitionCallbackReturn.FAILURE
    assert node.state == "unconfigured"


def test_refractory_time_delays_the_next_onset(start_driver, wait):
    driver = start_driver(refractory_s=3.0, min_gap_s=0.0)
    begin(driver, wait)
    driver.score(scores(2.0, 0))
    driver.score(scores(3.0, 0))
    wait(lambda: len(driver.events) == 2, "an OFFSET")
    for step in range(20):
        driver.score(scores(3.2 + step * 0.2, 1))
    wait(lambda: len(driver.events) == 3, "an ONSET")
    _, offset, onset = driver.events
    waited = time_to_ns(onset.header.stamp) - time_to_ns(offset.header.stamp)
    assert 3.0 <= waited / SECOND < 3.0 + 0.2


def test_class_parameters_of_the_model_are_used(start_driver, wait):
    driver = start_driver()
    driver.inform(model_info("slow", class_parameters=["hello.min_duration_s=1.0"]))
    wait(lambda: driver.node.describe()["model"] == "slow", "the other model")
    for step in range(10):
        driver.score(scores(step * 0.2, 1, model_name="slow"))
    wait(lambda: driver.events, "an ONSET")
    assert time_to_ns(driver.events[0].header.stamp) == 1001 * SECOND


def test_class_parameters_of_the_user_are_used(start_driver, wait):
    driver = start_driver(class_parameters=["hello.min_duration_s=1.0"])
    begin(driver, wait)
    assert time_to_ns(driver.events[0].header.stamp) == 1001 * SECOND


def test_class_parameters_of_an_unknown_class_wait_for_it(start_driver, wait, capfd):
    driver = start_driver(class_parameters=["wave.min_gap_s=1.0"])
    problem = "class_parameters: 'wave' is not an action; known are hello, thanks; this value is"
    wait(lambda: problem in capfd.readouterr().err, "a warning")
    begin(driver, wait)


def test_class_parameters_that_do_not_fit_the_model_are_refused(start_driver, wait, capfd):
    driver = start_driver(class_parameters=["hello.exit_threshold=0.9"])
    wait(lambda: driver.node.counters.totals["rejected"] == 1, "a refusal")
    problem = "model_info with the parameters of this node: class_parameters: hello.exit_threshold"
    wait(lambda: problem in capfd.readouterr().err, "its reason in the log")


def test_transitions_work_as_services(graph, wait):
    graph.add_active(ActionEventPublisher())
    client = graph.probe.create_client(GetState, "action_event_publisher/get_state")
    assert client.wait_for_service(timeout_sec=30)
    future = client.call_async(GetState.Request())
    wait(future.done, "the answer of get_state")
    assert future.result().current_state.id == State.PRIMARY_STATE_ACTIVE


def test_namespace_applies_to_all_topics_but_action_recognition(graph):
    node = graph.add_active(ActionEventPublisher(namespace="/robot1"))
    assert "/action_recognition" in {publisher.topic_name for publisher in node.publishers}
    assert {"/robot1/action_scores", "/robot1/model_info"} <= {
        subscription.topic_name for subscription in node.subscriptions
    }
