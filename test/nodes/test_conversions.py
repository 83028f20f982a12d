"""Messages to core types and back."""

from __future__ import annotations

import array
import dataclasses

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image

from bharnet_ros import msg
from bharnet_ros.nodes import conversions
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores
from bharnet_ros.types.camera import Calibration, PinholeCamera
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

pytestmark = pytest.mark.ros

STAMP = 1_700_000_000_123_456_789


def through_the_wire(message):
    return deserialize_message(serialize_message(message), type(message))


def make_person(rng: np.random.Generator, track_id: str = "body_1") -> PersonKeypoints:
    hands = rng.uniform(0, 600, (2, 21, 3)).astype(np.float32)
    hands_world = rng.normal(size=(2, 21, 3)).astype(np.float32)
    hands_camera = rng.uniform(0.5, 2, (2, 21, 3)).astype(np.float32)
    hands[1], hands_world[1], hands_camera[1] = np.nan, np.nan, np.nan
    body_camera = rng.uniform(0.5, 2, (33, 3)).astype(np.float32)
    body_camera[5] = np.nan
    return PersonKeypoints(
        track_id=track_id,
        body=rng.uniform(0, 1, (33, 4)).astype(np.float32),
        hands=hands,
        hand_scores=np.array([0.75, 0.0], dtype=np.float32),
        body_world=rng.normal(size=(33, 3)).astype(np.float32),
        hands_world=hands_world,
        body_camera=body_camera,
        hands_camera=hands_camera,
    )


@pytest.mark.parametrize("nanoseconds", [0, 1, 999_999_999, 1_000_000_000, STAMP])
def test_time_keeps_every_nanosecond(nanoseconds):
    assert conversions.time_to_ns(conversions.time_from_ns(nanoseconds)) == nanoseconds


@pytest.mark.parametrize("nanoseconds", [-1, -1_000_000_000, -2_500_000_001])
def test_negative_duration_counts_its_nanoseconds_upwards(nanoseconds):
    message = conversions.duration_from_ns(nanoseconds)
    assert 0 <= message.nanosec < 1_000_000_000
    assert conversions.time_to_ns(message) == nanoseconds


def test_time_that_does_not_fit_into_the_message_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        conversions.time_from_ns(2**31 * 1_000_000_000)


def test_keypoints_survive_the_wire():
    rng = np.random.default_rng(1)
    frame = FrameKeypoints(
        STAMP, 640, 480, (make_person(rng), make_person(rng, "body_2")), "camera"
    )

    back = conversions.keypoints_from_message(
        through_the_wire(conversions.keypoints_to_message(frame))
    )

    assert (back.stamp_ns, back.width, back.height, back.frame_id) == (STAMP, 640, 480, "camera")
    assert [person.track_id for person in back.people] == ["body_1", "body_2"]
    for person, expected in zip(back.people, frame.people, strict=True):
        for field in dataclasses.fields(person):
            name = field.name
            np.testing.assert_array_equal(getattr(person, name), getattr(expected, name), name)


def test_absent_hand_is_marked_in_the_message():
    person = make_person(np.random.default_rng(2))
    message = conversions.keypoints_to_message(FrameKeypoints(STAMP, 640, 480, (person,)))
    assert message.people[0].body_present
    assert list(message.people[0].hand_present) == [True, False]


def test_nobody_in_view_is_an_empty_list():
    message = conversions.keypoints_to_message(FrameKeypoints(STAMP, 640, 480))
    assert conversions.keypoints_from_message(message).people == ()


def test_zeros_of_an_absent_part_become_nan():
    message = msg.BodyHandKeypoints(people=[msg.PersonKeypoints(track_id="body_1")])
    person = conversions.keypoints_from_message(message).people[0]
    assert not person.body_present
    assert person.hands_present == (False, False)
    assert np.isnan(person.body_world).all()
    assert np.isnan(person.hands_world).all()
    assert not person.depth_known
    assert (person.hand_scores == 0).all()


def test_zeros_of_a_new_message_are_not_camera_coordinates():
    frame = FrameKeypoints(STAMP, 640, 480, (make_person(np.random.default_rng(4)),))
    message = conversions.keypoints_to_message(frame)
    message.people[0].body_camera = np.zeros(99, dtype=np.float32)
    message.people[0].hands_camera = np.zeros(126, dtype=np.float32)
    assert not conversions.keypoints_from_message(message).people[0].depth_known


def test_depth_survives_the_wire():
    depth = np.array([[0.5, np.nan, 1.25], [2.0, 3.0, 0.001]], dtype=np.float32)
    message = through_the_wire(conversions.depth_image_to_message(depth, STAMP, "camera"))
    assert (message.encoding, message.header.frame_id) == ("16UC1", "camera")
    assert conversions.time_to_ns(message.header.stamp) == STAMP
    np.testing.assert_allclose(conversions.depth_from_message(message), depth, rtol=1e-6)


def test_calibration_survives_the_wire():
    camera = PinholeCamera(640, 480, fx=500.0, fy=510.0, cx=318.0, cy=242.0)
    calibration = dataclasses.replace(Calibration.of(camera), d=(0.1, 0.2, 0.0, 0.0, 0.0))
    message = through_the_wire(conversions.camera_info_to_message(calibration, STAMP, "camera"))
    assert (conversions.time_to_ns(message.header.stamp), message.header.frame_id) == (
        STAMP,
        "camera",
    )
    assert conversions.calibration_from_message(message) == calibration


def test_uncalibrated_camera_is_refused():
    with pytest.raises(ValueError, match="calibrated"):
        _ = conversions.calibration_from_message(CameraInfo(width=640, height=480)).camera


def make_scores(classes: int = 3) -> ActionScores:
    rng = np.random.default_rng(3)

    def probabilities() -> np.ndarray:
        return rng.dirichlet(np.ones(classes)).astype(np.float32)

    track = TrackScores(
        "body_1",
        STAMP - 1_000_000_000,
        STAMP,
        probabilities(),
        probabilities(),
        probabilities(),
        0.5,
        0.25,
    )
    return ActionScores(STAMP, (track,), "camera", "gestures")


def test_scores_survive_the_wire():
    scores = make_scores()
    back = conversions.scores_from_message(
        through_the_wire(conversions.scores_to_message(scores)), 3
    )
    assert (back.stamp_ns, back.frame_id, back.model_name) == (STAMP, "camera", "gestures")
    track, expected = back.tracks[0], scores.tracks[0]
    assert (track.track_id, track.window_start_ns, track.window_end_ns) == (
        expected.track_id,
        expected.window_start_ns,
        expected.window_end_ns,
    )
    assert (track.body_reliability, track.hand_reliability) == (0.5, 0.25)
    for name in ("probabilities", "body_probabilities", "hand_probabilities"):
        np.testing.assert_array_equal(getattr(track, name), getattr(expected, name))


def test_scores_of_another_number_of_classes_are_refused():
    message = conversions.scores_to_message(make_scores(classes=3))
    with pytest.raises(ValueError, match=r"'body_1': probabilities has 3 classes, not 4"):
        conversions.scores_from_message(message, 4)


def test_scores_that_are_not_numbers_are_refused():
    message = conversions.scores_to_message(make_scores())
    message.tracks[0].hand_probabilities = array.array("f", [np.nan, 0.5, 0.5])
    with pytest.raises(ValueError, match="hand_probabilities is not finite"):
        conversions.scores_from_message(message, 3)


@pytest.mark.parametrize("reason", [OffsetReason.ENDED, OffsetReason.TIME_JUMP])
def test_event_survives_the_wire_and_carries_its_latency(reason):
    event = ActionEvent(
        stamp_ns=STAMP,
        event_id="a-1",
        phase=Phase.OFFSET,
        track_id="body_1",
        class_id=2,
        label="hello",
        score=0.5,
        body_score=0.25,
        hand_score=0.75,
        start_ns=STAMP - 2_000_000_000,
        end_ns=STAMP - 5,
        reason=reason,
        frame_id="camera",
        model_name="gestures",
    )
    message = through_the_wire(conversions.event_to_message(event, STAMP + 85_000_000))
    assert conversions.time_to_ns(message.latency) == 85_000_000
    assert conversions.event_from_message(message) == event


def test_event_parameters_survive_the_wire():
    message = through_the_wire(
        msg.ModelInfo(
            enter_threshold=0.65,
            exit_threshold=0.4,
            rejection_threshold=0.55,
            smoothing=0.1,
            min_duration=0.2,
            min_gap=0.4,
            support_share=0.35,
            class_parameters=["help.enter_threshold=0.45", "help.min_gap_s=0.7"],
        )
    )
    assert conversions.event_model_from_message(message).parameters == EventParameters(
        enter_threshold=0.65,
        exit_threshold=0.4,
        rejection_threshold=0.55,
        smoothing_s=0.1,
        min_duration_s=0.2,
        min_gap_s=0.4,
        support_share=0.35,
        class_parameters={"help": {"enter_threshold": 0.45, "min_gap_s": 0.7}},
    )


def test_image_survives_the_wire():
    image = np.random.default_rng(4).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    message = through_the_wire(conversions.image_to_message(image, STAMP, "camera"))
    assert (message.encoding, message.height, message.width) == ("rgb8", 5, 7)
    assert conversions.time_to_ns(message.header.stamp) == STAMP
    np.testing.assert_array_equal(conversions.image_from_message(message), image)


def test_image_with_padded_rows_is_unpacked():
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    rows = np.zeros((2, 16), dtype=np.uint8)
    rows[:, :9] = pixels.reshape(2, 9)
    message = Image(encoding="bgr8", height=2, width=3, step=16)
    message.data = array.array("B", rows.tobytes())
    np.testing.assert_array_equal(conversions.image_from_message(message), pixels[:, :, ::-1])


def test_image_of_an_unknown_encoding_is_refused_by_name():
    message = Image(encoding="8SC1", height=2, width=2, step=4)
    message.data = array.array("B", bytes(8))
    with pytest.raises(ValueError, match="8SC1"):
        conversions.image_from_message(message)
