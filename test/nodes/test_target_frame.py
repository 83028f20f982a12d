"""Events tell where people are in another frame, where TF knows it."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from bharnet_ros import msg
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import scores_to_message, time_to_ns
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.types.actions import ActionScores, Hand, TrackScores
from bharnet_ros.types.places import PersonPlace

pytestmark = pytest.mark.ros

INSTALLED = importlib.util.find_spec("tf2_ros") is not None
SECOND = 1_000_000_000
PLACE = PersonPlace((10.0, 20.0, 30.0, 40.0), (0.0, 0.0, 1.0), (0.5, -0.25, 2.0))

LIKELY = [0.02, 0.98]


def camera_on_robot() -> TransformStamped:
    """Return the transform of a camera that looks ahead, 1.2 m above the base of a robot."""
    transform = TransformStamped(child_frame_id="camera")
    transform.header.frame_id = "base_link"
    transform.transform.translation.z = 1.2
    turn = transform.transform.rotation
    turn.x, turn.y, turn.z, turn.w = -0.5, 0.5, -0.5, 0.5
    return transform


class FakeBuffer:
    """Knows one transform, from a stamp on, as tf2_ros.Buffer would."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def lookup_transform(self, target: str, source: str, time) -> TransformStamped:
        self.asked.append((target, source))
        if target != "base_link" or time_to_ns(time) < 1000 * SECOND:
            raise FakeTf2.TransformException(f'frame "{target}"  does not exist. ')
        return camera_on_robot()


class FakeTf2:
    """What the node uses of tf2_ros."""

    TransformException = type("TransformException", (Exception,), {})
    Buffer = FakeBuffer

    @staticmethod
    def TransformListener(buffer, node):  # noqa: N802
        return SimpleNamespace(unregister=lambda: None)


@pytest.fixture
def publish(graph, wait):
    """Return a function that starts the node and gives the first event of a person who waves."""

    def first_event(place: PersonPlace, stamp: float = 1000.0, **parameters) -> msg.ActionEvent:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = graph.add_active(ActionEventPublisher(parameter_overrides=overrides))
        events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
        info = graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED)
        send = graph.probe.publisher(msg.ActionScores, "action_scores", RELIABLE)
        graph.on_match(node, "/action_recognition")
        info(
            msg.ModelInfo(
                name="tiny",
                class_names=["background", "hello"],
                enter_threshold=0.6,
                exit_threshold=0.4,
                support_share=0.5,
            )
        )
        wait(lambda: node.describe()["model"] == "tiny", "the model")
        stamp_ns = round(stamp * SECOND)
        track = TrackScores("body_1", stamp_ns - SECOND, stamp_ns, LIKELY, LIKELY, LIKELY)
        track = replace(track, hand=Hand.BOTH, hands_differ=False, place=place)
        send(scores_to_message(ActionScores(stamp_ns, (track,), "camera", "tiny")))
        wait(lambda: events, "an event")
        return events[0]

    return first_event


def test_events_carry_the_hand_and_the_place_of_their_scores(publish):
    event = publish(PLACE)
    assert event.hand == "both"
    assert event.place.position_known and event.place.direction_known and event.place.box_known
    position = event.place.position
    assert (position.x, position.y, position.z) == (0.5, -0.25, 2.0)
    assert list(event.place.box) == [10.0, 20.0, 30.0, 40.0]
    assert (event.target_known, event.target_frame) == (False, "")


def test_without_tf2_ros_the_error_names_the_package_for_python(graph, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    node = graph.add(
        ActionEventPublisher(parameter_overrides=[Parameter("target_frame", value="map")])
    )
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.FAILURE
    said = "parameter target_frame: needs tf2_ros_py, which is not installed"
    assert f"{said}: sudo apt install ros-jazzy-tf2-ros-py" in capfd.readouterr().err


def test_the_position_is_told_in_the_target_frame(publish, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_ros", FakeTf2)
    event = publish(PLACE, target_frame="base_link")
    assert (event.target_known, event.target_frame) == (True, "base_link")
    found = event.target_position
    assert (found.x, found.y, found.z) == pytest.approx((2.0, -0.5, 1.45))


@pytest.mark.parametrize(
    ("place", "stamp", "frame", "said"),
    [
        (replace(PLACE, position=None), 1000.0, "base_link", []),
        (PLACE, 1000.0, "kitchen", ['parameter target_frame: frame "kitchen" does not exist.']),
        (PLACE, 10.0, "base_link", ['parameter target_frame: frame "base_link" does not exist.']),
    ],
    ids=["without depth", "unknown frame", "before the transform"],
)
def test_what_tf_does_not_know_is_marked_and_told_in_one_line(
    publish, monkeypatch, capfd, place, stamp, frame, said
):
    monkeypatch.setitem(sys.modules, "tf2_ros", FakeTf2)
    event = publish(place, stamp, target_frame=frame)
    assert (event.target_known, event.target_frame) == (False, frame)
    lines = capfd.readouterr().err.splitlines()
    assert [line[line.index("parameter") :] for line in lines if "target_frame" in line] == said


@pytest.mark.skipif(not INSTALLED, reason="needs tf2_ros_py: sudo apt install ros-jazzy-tf2-ros-py")
def test_a_published_transform_is_used(publish, graph, wait):
    import tf2_ros

    broadcaster = tf2_ros.StaticTransformBroadcaster(graph.probe)
    graph.call(lambda: broadcaster.sendTransform(camera_on_robot()), graph.probe)
    event = publish(PLACE, target_frame="base_link")
    found = event.target_position
    assert (found.x, found.y, found.z) == pytest.approx((2.0, -0.5, 1.45))
