"""A core type becomes the same message with ROS and with the library that reads recordings."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.serialization import serialize_message

from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.writing import recorded_messages
from bharnet_ros.messages.writing import MessageFactory
from bharnet_ros.nodes import conversions
from bharnet_ros.types.actions import (
    ActionEvent,
    ActionScores,
    Hand,
    OffsetReason,
    Phase,
    TrackScores,
)
from bharnet_ros.types.camera import Calibration, PinholeCamera
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints
from bharnet_ros.types.places import PersonPlace

STAMP = 1_700_000_000_123_456_789


def same_bytes(recorded, ros) -> bool:
    types, name = message_types(), recorded.__msgtype__
    # Through a second serialization, because ROS leaves padding between fields uninitialized.
    again = types.deserialize_cdr(serialize_message(ros), name)
    return bytes(types.serialize_cdr(recorded, name)) == bytes(types.serialize_cdr(again, name))


@pytest.fixture
def messages() -> MessageFactory:
    return recorded_messages()


def test_keypoints_are_the_same_message_in_both_libraries(messages):
    rng = np.random.default_rng(1)
    hands = rng.uniform(0, 600, (2, 21, 3)).astype(np.float32)
    hands[1] = np.nan
    person = PersonKeypoints(
        track_id="body_1",
        body=rng.uniform(0, 1, (33, 4)).astype(np.float32),
        hands=hands,
        hand_scores=np.array([0.75, 0.0], dtype=np.float32),
        body_world=rng.normal(size=(33, 3)).astype(np.float32),
        body_camera=rng.normal(size=(33, 3)).astype(np.float32),
    )
    frame = FrameKeypoints(STAMP, 640, 480, (person, PersonKeypoints("body_2")), "camera")
    assert same_bytes(messages.keypoints(frame), conversions.keypoints_to_message(frame))
    empty = FrameKeypoints(STAMP, 640, 480)
    assert same_bytes(messages.keypoints(empty), conversions.keypoints_to_message(empty))


def test_scores_are_the_same_message_in_both_libraries(messages):
    track = TrackScores(
        "body_1",
        STAMP - 1_000_000_000,
        STAMP,
        np.array([0.25, 0.75]),
        np.array([0.5, 0.5], dtype=np.float32),
        np.array([0.125, 0.875], dtype=np.float32),
        0.5,
        0.25,
        Hand.BOTH,
        True,
        PersonPlace((1.0, 2.0, 30.0, 40.0), (0.0, 0.0, 1.0), (0.25, -0.5, 2.0)),
    )
    scores = ActionScores(STAMP, (track,), "camera", "gestures")
    assert same_bytes(messages.scores(scores), conversions.scores_to_message(scores))


def test_an_event_is_the_same_message_in_both_libraries(messages):
    event = ActionEvent(
        STAMP,
        "a-1",
        Phase.OFFSET,
        "body_1",
        2,
        "hello",
        0.5,
        0.25,
        0.75,
        STAMP - 2_000_000_000,
        STAMP - 5,
        OffsetReason.ENDED,
        "camera",
        "gestures",
    )
    late = STAMP - 85_000_000
    assert same_bytes(messages.event(event, late), conversions.event_to_message(event, late))


@pytest.mark.parametrize("compression", ["jpeg", "png"])
def test_images_are_the_same_message_in_both_libraries(messages, compression):
    image = np.random.default_rng(4).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert same_bytes(
        messages.image(image, STAMP, "camera"),
        conversions.image_to_message(image, STAMP, "camera"),
    )
    recorded, ros = (
        make(image, STAMP, "camera", compression=compression)
        for make in (messages.compressed_image, conversions.compressed_image_to_message)
    )
    assert same_bytes(recorded, ros)


def test_depth_and_camera_are_the_same_messages_in_both_libraries(messages):
    depth = np.random.default_rng(5).uniform(0.3, 4.0, (5, 7)).astype(np.float32)
    depth[2, 3] = np.nan
    assert same_bytes(
        messages.depth_image(depth, STAMP, "camera"),
        conversions.depth_image_to_message(depth, STAMP, "camera"),
    )
    camera = Calibration.of(PinholeCamera(7, 5, fx=6.0, fy=6.5, cx=3.0, cy=2.5))
    assert same_bytes(
        messages.camera_info(camera, STAMP, "camera"),
        conversions.camera_info_to_message(camera, STAMP, "camera"),
    )
