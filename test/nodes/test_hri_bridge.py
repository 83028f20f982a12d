"""Keypoints and events in, topics of REP-155 out; needs hri_msgs, which no registry has."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import keypoints_to_message, time_from_ns
from bharnet_ros.nodes.hri_bridge import HriBridge
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints

pytestmark = pytest.mark.ros

INSTALLED = importlib.util.find_spec("hri_msgs") is not None
needs_hri_msgs = pytest.mark.skipif(
    not INSTALLED, reason="needs hri_msgs: sudo apt install ros-jazzy-hri-msgs"
)
SECOND = 1_000_000_000
PUPPET = open_puppet("two_people")


def test_without_hri_msgs_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hri_msgs.msg", None)
    with pytest.raises(InputError, match=r"hri_bridge: needs hri_msgs, .*ros-jazzy-hri-msgs"):
        HriBridge()


def truth(at: float, people: int = 2) -> FrameKeypoints:
    frame = PUPPET.truth(30)
    return replace(
        frame,
        stamp_ns=round((100.0 + at) * SECOND),
        people=frame.people[:people],
        frame_id="camera_optical_frame",
    )


def event(label: str, track_id: str, phase: int = msg.ActionEvent.ONSET) -> msg.ActionEvent:
    message = msg.ActionEvent(
        phase=phase,
        event_id="a-1",
        label=label,
        track_id=track_id,
        hand="right",
        start=time_from_ns(SECOND),
        end=time_from_ns(SECOND),
        reason="" if phase == msg.ActionEvent.ONSET else "ended",
    )
    message.header.frame_id = "camera_optical_frame"
    return message


class Bridge:
    """The running node, what it published, and functions that send it messages."""

    def __init__(self, graph, wait, **parameters) -> None:
        import hri_msgs.msg

        self.messages = hri_msgs.msg
        self.graph, self.wait = graph, wait
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = graph.add(HriBridge(parameter_overrides=overrides))
        self.tracked = graph.probe.listen(self.messages.IdsList, "/humans/bodies/tracked", RELIABLE)
        graph.on_match(self.node, "/humans/bodies/tracked")
        self.send_keypoints = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
        self.send_event = graph.probe.publisher(msg.ActionEvent, "/action_recognition", RELIABLE)

    def send(self, frame: FrameKeypoints) -> list[str]:
        """Send keypoints; return the ids that are tracked then."""
        count = len(self.tracked)
        self.send_keypoints(keypoints_to_message(frame))
        self.wait(lambda: len(self.tracked) > count, "ids")
        return list(self.tracked[-1].ids)

    def listen(self, kind: type, body_id: str, name: str) -> list:
        topic = f"/humans/bodies/{body_id}/{name}"
        heard = self.graph.probe.listen(kind, topic, RELIABLE)
        self.graph.on_match(self.node, topic)
        return heard


@needs_hri_msgs
def test_everybody_has_an_id_a_skeleton_a_region_and_a_position(graph, wait):
    bridge = Bridge(graph, wait)
    ids = bridge.send(truth(0.0))
    assert len(ids) == 2
    assert all(len(one) == 5 and one.isalpha() for one in ids)
    messages = bridge.messages
    heard = {
        name: [bridge.listen(kind, one, name) for one in ids]
        for name, kind in (
            ("skeleton2d", messages.Skeleton2D),
            ("roi", messages.NormalizedRegionOfInterest2D),
            ("position", PointStamped),
        )
    }
    assert bridge.send(truth(0.1)) == ids
    wait(lambda: all(one for both in heard.values() for one in both), "all topics")
    for number in (0, 1):
        skeleton, region, position = (heard[name][number][0] for name in heard)
        assert skeleton.header.frame_id == position.header.frame_id == "camera_optical_frame"
        points = np.array([[one.x, one.y, one.c] for one in skeleton.skeleton])
        assert points.shape == (18, 3)
        assert points.min() >= 0.0 and points.max() <= 1.0
        nose = points[messages.Skeleton2D.NOSE]
        assert region.xmin <= nose[0] <= region.xmax and region.ymin <= nose[1] <= region.ymax
        assert position.point.z == pytest.approx(1.9, abs=0.2)
    # One stands to the left, the other to the right.
    assert {np.sign(heard["position"][number][0].point.x) for number in (0, 1)} == {-1.0, 1.0}


@needs_hri_msgs
def test_a_gesture_with_a_name_is_told_once_and_others_are_not(graph, wait):
    bridge = Bridge(graph, wait, gesture_names=["stop=RIGHT_HAND_RAISED"])
    (body_id,) = bridge.send(truth(0.0, people=1))
    gestures = bridge.listen(bridge.messages.Gesture, body_id, "gesture")
    elsewhere = event("hello", "1")
    elsewhere.header.frame_id = "rear_camera_optical_frame"
    for message in (
        elsewhere,
        event("thanks", "1"),
        event("hello", "somebody else"),
        event("hello", "1"),
        event("hello", "1", msg.ActionEvent.OFFSET),
        event("stop", "1"),
    ):
        bridge.send_event(message)
    wait(lambda: len(gestures) == 2, "two gestures")
    kinds = bridge.messages.Gesture
    assert [one.gesture for one in gestures] == [kinds.WAVING, kinds.RIGHT_HAND_RAISED]
    assert gestures[0].header.frame_id == "camera_optical_frame"


@needs_hri_msgs
def test_whoever_comes_back_after_the_timeout_has_another_id(graph, wait):
    bridge = Bridge(graph, wait, track_timeout_s=0.5)
    (first,) = bridge.send(truth(0.0, people=1))
    assert bridge.send(truth(0.4, people=0)) == [first]
    assert bridge.send(truth(1.0, people=0)) == []
    (second,) = bridge.send(truth(1.1, people=1))
    assert second != first
    topics = [publisher.topic_name for publisher in bridge.node.publishers]
    assert f"/humans/bodies/{second}/skeleton2d" in topics
    assert f"/humans/bodies/{first}/skeleton2d" not in topics


def stand_in(self, header: Header | None = None, ids=(), **_others) -> None:
    """Initialise a message that has the names of a JointState for ids, and goes out as one."""
    JointState.__init__(self, header=header or Header(), name=list(ids))


def test_everybody_is_given_up_once_when_keypoints_stop(graph, wait, monkeypatch):
    # rclpy publishes only what is named as a message that it knows.
    names = {"__module__": JointState.__module__, "__slots__": (), "__init__": stand_in}
    kind = type(JointState)("JointState", (JointState,), names)
    kinds = ("IdsList", "Skeleton2D", "NormalizedRegionOfInterest2D", "Gesture")
    messages = SimpleNamespace(**dict.fromkeys(kinds, kind), NormalizedPointOfInterest2D=dict)
    monkeypatch.setitem(sys.modules, "hri_msgs.msg", messages)
    node = graph.add(HriBridge(parameter_overrides=[Parameter("track_timeout_s", value=0.1)]))
    tracked = graph.probe.listen(JointState, "/humans/bodies/tracked", RELIABLE)
    graph.on_match(node, "/humans/bodies/tracked")
    send = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    send(keypoints_to_message(truth(0.0)))
    wait(lambda: len(tracked) == 2, "an empty list")
    assert not [one for one in node.publishers if one.topic_name.endswith("/skeleton2d")]
    send(keypoints_to_message(truth(0.05)))
    wait(lambda: len(tracked) > 2, "people again")
    before, none, after = tracked[:3]
    assert (len(before.name), len(none.name), len(after.name)) == (2, 0, 2)
    assert not set(before.name) & set(after.name)
    assert none.header.frame_id == "camera_optical_frame"


@needs_hri_msgs
def test_keypoints_of_an_image_without_size_are_rejected(graph, wait):
    bridge = Bridge(graph, wait)
    bridge.send_keypoints(keypoints_to_message(replace(truth(0.0), width=0)))
    wait(lambda: bridge.node.counters.totals["rejected"], "the rejection")
    assert len(bridge.send(truth(0.1))) == 2


@needs_hri_msgs
def test_a_wrong_gesture_name_is_refused(graph):
    with pytest.raises(InputError, match="gesture_names: 'stop=HALT': 'HALT' is not one of"):
        HriBridge(parameter_overrides=[Parameter("gesture_names", value=["stop=HALT"])])
