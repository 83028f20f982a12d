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
    """Scores of one person, 0.9 for the class `likely`; of nobody where that is None."""
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


class Talk:
    """What feeds an event publisher, and what it says."""

    def __init__(self, graph, **parameters):
        self.graph = graph
        self.events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
        self.inform = graph.probe.talk(msg.ModelInfo, "model_info", LATCHED)
        self.score = graph.probe.talk(msg.ActionScores, "action_scores", RELIABLE)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = graph.add_active(ActionEventPublisher(parameter_overrides=overrides))
        graph.on_match(self.node, "/action_recognition")

    def phases(self):
        return [(event.phase, event.label, event.reason) for event in self.events]


@pytest.fixture
def talk(graph, wait):
    """An active publisher that knows its model."""

    def make(**parameters):
        talk = Talk(graph, **parameters)
        talk.inform(model_info())
        wait(lambda: talk.node.describe()["model"] == "gestures", "the model information")
        return talk

    return make


def begin(talk, wait, likely: int = 1, start: float = 0.0):
    for step in range(10):
        talk.score(scores(start + step * 0.2, likely))
    wait(lambda: talk.events, "an ONSET")


def test_action_gets_one_onset_and_one_offset(talk, wait):
    talk = talk()
    begin(talk, wait)
    for step in range(10):
        talk.score(scores(2.0 + step * 0.2, 0))
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.phases() == [(ONSET, "hello", ""), (OFFSET, "hello", "ended")]
    onset, offset = talk.events
    assert onset.event_id == offset.event_id
    assert (onset.class_id, onset.track_id, onset.model_name) == (1, "body_1", "gestures")
    assert onset.header.frame_id == "camera"
    assert time_to_ns(onset.latency) > 0


def test_simulated_time_decides_latency_and_silence(graph, talk, wait):
    tick = graph.probe.talk(Clock, "/clock", RELIABLE)
    talk = talk(use_sim_time=True, source_timeout_s=2.0)

    def set_clock(seconds):
        now_ns = round((1000 + seconds) * SECOND)
        tick(Clock(clock=time_from_ns(now_ns)))
        wait(lambda: talk.node.get_clock().now().nanoseconds == now_ns, "the clock")

    set_clock(3.0)
    begin(talk, wait)
    onset = talk.events[0]
    assert time_to_ns(onset.latency) == 1003 * SECOND - time_to_ns(onset.header.stamp)
    set_clock(4.0)
    assert len(talk.events) == 1
    set_clock(6.5)
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.events[1].reason == "source_lost"


def test_every_score_is_worked_off(talk, wait):
    talk = talk()
    for step in range(200):
        talk.score(scores(step * 0.1, 0))
        if step % 8 == 7:
            wait(
                lambda step=step: talk.node.counters.totals["received"] == step + 1, "its callback"
            )
    assert time_to_ns(scores(19.9, 0).header.stamp) == talk.node.last_stamp_ns


def test_time_going_back_closes_events(talk, wait):
    talk = talk()
    begin(talk, wait, start=100.0)
    talk.score(scores(3.0, 1))
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.phases()[1] == (OFFSET, "hello", "time_jump")
    assert talk.node.counters.totals["time jumps"] == 1


def test_scores_that_are_refused_do_not_set_time_back(talk, wait):
    talk = talk()
    begin(talk, wait, start=100.0)
    odd = scores(3.0, 1)
    odd.tracks[0].probabilities = [0.5, 0.5]
    talk.score(odd)
    wait(lambda: talk.node.counters.totals["rejected"] == 1, "a refusal")
    talk.score(scores(110.0, 1))
    wait(lambda: talk.node.last_stamp_ns == 1110 * SECOND, "the scores after it")
    assert "time jumps" not in talk.node.counters.totals


def test_silence_closes_events(talk, wait):
    talk = talk(source_timeout_s=0.5)
    begin(talk, wait)
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.phases()[1] == (OFFSET, "hello", "source_lost")


def test_deactivation_closes_events_and_activation_starts_anew(talk, wait):
    talk = talk()
    begin(talk, wait)
    call, node = talk.graph.call, talk.node
    assert call(node.trigger_deactivate) is TransitionCallbackReturn.SUCCESS
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.phases()[1] == (OFFSET, "hello", "shutdown")

    assert call(node.trigger_activate) is TransitionCallbackReturn.SUCCESS
    for step in range(10):
        talk.score(scores(50.0 + step * 0.2, 2))
    wait(lambda: len(talk.events) == 3, "an ONSET")
    assert talk.phases()[2] == (ONSET, "thanks", "")
    assert talk.events[2].event_id != talk.events[0].event_id


def test_shutdown_closes_events(talk, wait):
    talk = talk()
    begin(talk, wait)
    talk.graph.call(talk.node.trigger_shutdown)
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.phases()[1] == (OFFSET, "hello", "shutdown")


def test_other_model_closes_events_of_the_one_before(talk, wait):
    talk = talk()
    begin(talk, wait)
    talk.inform(model_info("other", class_names=["none", "wave"]))
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    assert talk.phases()[1] == (OFFSET, "hello", "source_lost")


def test_scores_of_another_model_are_refused(talk, wait):
    talk = talk()
    talk.score(scores(1.0, 1, model_name="elsewhere"))
    wait(lambda: talk.node.counters.totals["rejected"] == 1, "a refusal")
    begin(talk, wait, start=2.0)
    assert talk.phases() == [(ONSET, "hello", "")]


def test_scores_of_another_length_are_refused_and_the_node_lives_on(talk, wait):
    talk = talk()
    odd = scores(1.0, 1)
    odd.tracks[0].probabilities = [0.5, 0.5]
    talk.score(odd)
    wait(lambda: talk.node.counters.totals["rejected"] == 1, "a refusal")
    begin(talk, wait, start=2.0)


@pytest.mark.parametrize(
    "parameters",
    [
        {"enter_threshold": 0.3, "exit_threshold": 0.5},
        {"exit_threshold": -0.5},
        {"class_parameters": ["hello.enter_threshold=1.5"]},
        {"class_parameters": ["hello.smoothing_s=0.5"]},
        {"class_parameters": ["hello"]},
    ],
)
def test_impossible_parameters_refuse_to_configure(graph, parameters):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = graph.add(ActionEventPublisher(parameter_overrides=overrides))
    result = graph.call(node.trigger_configure)
    assert result is TransitionCallbackReturn.FAILURE
    assert node.state == "unconfigured"


def test_refractory_time_keeps_an_action_from_beginning_again(talk, wait):
    talk = talk(refractory_s=3.0, min_gap_s=0.0)
    begin(talk, wait)
    talk.score(scores(2.0, 0))
    talk.score(scores(3.0, 0))
    wait(lambda: len(talk.events) == 2, "an OFFSET")
    for step in range(20):
        talk.score(scores(3.2 + step * 0.2, 1))
    wait(lambda: len(talk.events) == 3, "an ONSET")
    _, offset, onset = talk.events
    waited = time_to_ns(onset.header.stamp) - time_to_ns(offset.header.stamp)
    assert 3.0 <= waited / SECOND < 3.0 + 0.2


def test_what_the_model_says_of_a_class_counts(talk, wait):
    talk = talk()
    talk.inform(model_info("slow", class_parameters=["hello.min_duration_s=1.0"]))
    wait(lambda: talk.node.describe()["model"] == "slow", "the other model")
    for step in range(10):
        talk.score(scores(step * 0.2, 1, model_name="slow"))
    wait(lambda: talk.events, "an ONSET")
    assert time_to_ns(talk.events[0].header.stamp) == 1001 * SECOND


def test_what_the_user_says_of_a_class_counts(talk, wait):
    talk = talk(class_parameters=["hello.min_duration_s=1.0"])
    begin(talk, wait)
    assert time_to_ns(talk.events[0].header.stamp) == 1001 * SECOND


def test_what_the_user_says_of_a_class_that_the_model_lacks_is_refused(talk, wait, capfd):
    talk = talk(class_parameters=["wave.min_gap_s=1.0"])
    wait(lambda: talk.node.counters.totals["rejected"] == 1, "a refusal")
    problem = "model_info with the parameters of this node: class_parameters: 'wave' is no action"
    wait(lambda: problem in capfd.readouterr().err, "its reason in the log")


def test_transitions_work_as_services(graph, wait):
    graph.add_active(ActionEventPublisher())
    client = graph.probe.create_client(GetState, "action_event_publisher/get_state")
    assert client.wait_for_service(timeout_sec=30)
    future = client.call_async(GetState.Request())
    wait(future.done, "the answer of get_state")
    assert future.result().current_state.id == State.PRIMARY_STATE_ACTIVE


def test_namespace_moves_all_but_the_promised_topic(graph):
    node = graph.add_active(ActionEventPublisher(namespace="/robot1"))
    assert "/action_recognition" in {publisher.topic_name for publisher in node.publishers}
    assert {"/robot1/action_scores", "/robot1/model_info"} <= {
        subscription.topic_name for subscription in node.subscriptions
    }
