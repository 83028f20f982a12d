"""Annotated images and markers, over real topics."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import Image
from visualization_msgs.msg import Marker, MarkerArray

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import (
    image_from_message,
    image_to_message,
    keypoints_to_message,
    time_to_ns,
)
from bharnet_ros.nodes.overlay import Overlay
from bharnet_ros.nodes.runtime.qos import EVENTS, RELIABLE, SENSOR
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

pytestmark = pytest.mark.ros

STAMP = 5_000_000_000
BLACK = np.zeros((240, 320, 3), dtype=np.uint8)


def keypoints(left_hand: bool = True):
    rng = np.random.default_rng(0)
    hands = rng.uniform(80, 200, (2, 21, 3)).astype("f4")
    if not left_hand:
        hands[0] = np.nan
    person = PersonKeypoints(
        "body_1",
        body=np.column_stack([rng.uniform(80, 200, (33, 3)), np.ones(33)]).astype("f4"),
        body_world=rng.normal(size=(33, 3)).astype("f4"),
        hands=hands,
        hands_world=rng.normal(size=(2, 21, 3)).astype("f4"),
    )
    return keypoints_to_message(FrameKeypoints(STAMP, 320, 240, (person,), "camera"))


@pytest.fixture
def overlay(graph):
    return graph.add(Overlay())


@pytest.fixture
def feed(graph, overlay, wait):
    """Return a function that sends the node an image and its keypoints."""
    send_image = graph.probe.publisher(Image, "image_raw", SENSOR)
    send_keypoints = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)

    def show(*arguments, **values):
        send_image(image_to_message(BLACK, STAMP, "camera"))
        wait(lambda: overlay.counters.totals.get("images"), "the image")
        send_keypoints(keypoints(*arguments, **values))

    return show


def test_overlay_subscribes_only_while_it_has_subscribers(graph, overlay, feed, wait):
    inputs = ("image_raw", "keypoints")
    assert [graph.probe.count_subscribers(topic) for topic in inputs] == [0, 0]

    subscription = graph.probe.create_subscription(Image, "overlay", lambda message: None, RELIABLE)
    for topic in inputs:
        wait(lambda topic=topic: graph.probe.count_subscribers(topic) == 1, f"interest in {topic}")

    graph.call(lambda: graph.probe.destroy_subscription(subscription), graph.probe)
    for topic in inputs:
        wait(lambda topic=topic: graph.probe.count_subscribers(topic) == 0, f"no more {topic}")


def test_markers_alone_need_no_images(graph, overlay, feed, wait):
    graph.probe.listen(MarkerArray, "markers", RELIABLE)
    wait(lambda: graph.probe.count_subscribers("keypoints") == 1, "interest in keypoints")
    assert graph.probe.count_subscribers("image_raw") == 0


def test_keypoints_and_the_current_action_are_drawn(graph, overlay, feed, wait):
    drawn = graph.probe.listen(Image, "overlay", RELIABLE)
    announce = graph.probe.publisher(msg.ActionEvent, "/action_recognition", RELIABLE)
    feed()
    wait(lambda: len(drawn) == 1, "an overlay")
    without = image_from_message(drawn[0])
    assert without.any()
    assert time_to_ns(drawn[0].header.stamp) == STAMP
    assert drawn[0].header.frame_id == "camera"

    event = msg.ActionEvent(
        phase=msg.ActionEvent.ONSET, track_id="body_1", label="hello", score=0.9
    )
    # First of a person of another camera, who has the same number.
    event.header.frame_id = "rear_camera"
    announce(event)
    wait(lambda: len(overlay.actions) == 1, "the action before the other camera")
    feed()
    wait(lambda: len(drawn) == 2, "an overlay")
    assert (image_from_message(drawn[1]) == without).all()

    event.header.frame_id = "camera"
    announce(event)
    wait(lambda: overlay.actions.get(("camera", "body_1")) == ("", "hello 0.90"), "the action")
    feed()
    wait(lambda: len(drawn) == 3, "an overlay")
    assert (image_from_message(drawn[2]) != without).any()

    event.phase = msg.ActionEvent.OFFSET
    announce(event)
    wait(lambda: list(overlay.actions) == [("rear_camera", "body_1")], "the end of the action")


def test_an_action_ends_by_its_own_event_and_the_oldest_is_forgotten(graph, overlay, wait):
    announce = graph.probe.publisher(msg.ActionEvent, "/action_recognition", EVENTS)

    def tell(phase, event_id, track_id="body_1"):
        announce(msg.ActionEvent(phase=phase, event_id=event_id, track_id=track_id, label="hello"))

    def known():
        return [track_id for _, track_id in list(overlay.actions)]

    tell(msg.ActionEvent.ONSET, "1")
    tell(msg.ActionEvent.ONSET, "2")
    tell(msg.ActionEvent.OFFSET, "1")
    tell(msg.ActionEvent.ONSET, "3", "body_2")
    wait(lambda: "body_2" in known(), "the last event")
    assert known() == ["body_1", "body_2"]
    tell(msg.ActionEvent.OFFSET, "2")
    wait(lambda: known() == ["body_2"], "the end of the action")
    # In parts, for no event may be lost.
    for start in range(0, 260, 10):
        for number in range(start, start + 10):
            tell(msg.ActionEvent.ONSET, f"of {number}", f"lost_{number}")
        wait(lambda start=start: f"lost_{start + 9}" in known(), "the action")
    assert known() == [f"lost_{number}" for number in range(4, 260)]


def test_hand_markers_sit_on_wrists_and_absent_hands_are_deleted(graph, overlay, feed, wait):
    arrays = graph.probe.listen(MarkerArray, "markers", RELIABLE)
    send = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    send(keypoints(left_hand=False))
    wait(lambda: arrays, "markers")
    body, left, right = arrays[0].markers
    assert {marker.header.frame_id for marker in arrays[0].markers} == {"camera"}
    assert (body.type, body.action, body.ns) == (Marker.LINE_LIST, Marker.ADD, "body_1")
    assert left.action == Marker.DELETE
    wrist = np.array(keypoints().people[0].body_world).reshape(33, 3)[16]
    start = right.points[0]
    np.testing.assert_allclose([start.x, start.y, start.z], wrist, atol=1e-5)


def test_markers_stand_where_depth_measured_them(graph, overlay, feed, wait):
    arrays = graph.probe.listen(MarkerArray, "markers", RELIABLE)
    send = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    message = keypoints()
    person = message.people[0]
    world = np.array(person.body_world, dtype="f4").reshape(33, 3)
    away = np.array([0.5, -0.2, 3.0], dtype="f4")
    measured = world + away
    # The elbow has no depth: it is placed relative to the others.
    measured[14] = np.nan
    person.body_camera = measured.ravel()
    send(message)
    wait(lambda: arrays, "markers")
    body, _, right = arrays[0].markers
    points = np.array([[point.x, point.y, point.z] for point in body.points])
    for joint in (12, 14, 16):
        assert np.abs(points - world[joint] - away).sum(1).min() < 1e-4, f"no point at {joint}"
    start = right.points[0]
    np.testing.assert_allclose([start.x, start.y, start.z], world[16] + away, atol=1e-4)
