"""Messages to core types, without ROS: whatever has the fields of a message is read.

The nodes hand over messages of rclpy, a replay those of the library that reads recordings.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bharnet_ros.messages.depth_images import decode_depth
from bharnet_ros.messages.images import decode_compressed, decode_image
from bharnet_ros.recognition.events.parameters import (
    EventModel,
    EventParameters,
    parse_class_parameters,
)
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores
from bharnet_ros.types.camera import Calibration
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    NANOSECONDS,
    FloatArray,
    FrameKeypoints,
    PersonKeypoints,
)

Message: TypeAlias = Any
"""A message of ROS or one with the same fields."""


def time_to_ns(stamp: Message) -> int:
    """Return a time or duration message as nanoseconds."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def image_from_message(message: Message) -> npt.NDArray[np.uint8]:
    """Return the image of a message as (H, W, 3) uint8 RGB.

    Raises:
        InputError: The encoding is not supported, or size, step and data do not agree.
    """
    if not hasattr(message, "encoding"):
        return decode_compressed(message.format, message.data)
    return decode_image(
        message.encoding,
        message.height,
        message.width,
        message.step,
        message.data,
        bool(message.is_bigendian),
    )


def depth_from_message(message: Message) -> FloatArray:
    """Return the depth image of a message as (H, W) float32 metres, NaN where not known.

    Raises:
        InputError: The encoding is no depth, or size, step and data do not agree.
    """
    return decode_depth(
        message.encoding,
        message.height,
        message.width,
        message.step,
        message.data,
        bool(message.is_bigendian),
    )


def calibration_from_message(message: Message) -> Calibration:
    """Return what a message of type CameraInfo says of a camera."""
    return Calibration(
        width=message.width,
        height=message.height,
        distortion_model=message.distortion_model,
        **{name: tuple(float(one) for one in getattr(message, name)) for name in "dkrp"},
    )


def keypoints_from_message(message: Message) -> FrameKeypoints:
    """Return everybody in one frame; parts that are marked absent become NaN."""
    return FrameKeypoints(
        stamp_ns=time_to_ns(message.header.stamp),
        width=message.image_width,
        height=message.image_height,
        people=tuple(_person_from_message(person) for person in message.people),
        frame_id=message.header.frame_id,
    )


def scores_from_message(message: Message, classes: int) -> ActionScores:
    """Return the scores of everybody in view.

    Args:
        message: The message.
        classes: Number of classes K that each track must have.

    Raises:
        InputError: A track does not have K finite probabilities.
    """
    tracks = []
    for track in message.tracks:
        probabilities = {}
        for name in ("probabilities", "body_probabilities", "hand_probabilities"):
            values = np.asarray(getattr(track, name), dtype=np.float32)
            if len(values) != classes:
                raise InputError(
                    f"track {track.track_id!r}: {name} has {len(values)} classes, not {classes}"
                )
            if not np.isfinite(values).all():
                raise InputError(f"track {track.track_id!r}: {name} is not finite")
            probabilities[name] = values
        tracks.append(
            TrackScores(
                track_id=track.track_id,
                window_start_ns=time_to_ns(track.window_start),
                window_end_ns=time_to_ns(track.window_end),
                body_reliability=track.body_reliability,
                hand_reliability=track.hand_reliability,
                **probabilities,
            )
        )
    return ActionScores(
        stamp_ns=time_to_ns(message.header.stamp),
        tracks=tuple(tracks),
        frame_id=message.header.frame_id,
        model_name=message.model_name,
    )


def event_from_message(message: Message) -> ActionEvent:
    """Return the event of a message.

    Raises:
        InputError: Phase or reason is none of those in the message's definition.
    """
    return ActionEvent(
        stamp_ns=time_to_ns(message.header.stamp),
        event_id=message.event_id,
        phase=Phase(message.phase),
        track_id=message.track_id,
        class_id=message.class_id,
        label=message.label,
        score=message.score,
        body_score=message.body_score,
        hand_score=message.hand_score,
        start_ns=time_to_ns(message.start),
        end_ns=time_to_ns(message.end),
        reason=OffsetReason(message.reason),
        frame_id=message.header.frame_id,
        model_name=message.model_name,
    )


def _person_from_message(message: Message) -> PersonKeypoints:
    def points(values: Any, *shape: int) -> npt.NDArray[np.float32]:
        return np.array(values, dtype=np.float32).reshape(*shape, 3)

    body = np.column_stack(
        [
            points(message.body, BODY_LANDMARKS),
            np.array(message.body_visibility, dtype=np.float32),
        ]
    )
    body_world = points(message.body_world, BODY_LANDMARKS)
    body_camera = _measured(points(message.body_camera, BODY_LANDMARKS))
    hands = points(message.hands, 2, HAND_LANDMARKS)
    hands_world = points(message.hands_world, 2, HAND_LANDMARKS)
    hands_camera = _measured(points(message.hands_camera, 2, HAND_LANDMARKS))
    hand_scores = np.array(message.hand_score, dtype=np.float32)
    # Publishers in other languages may leave the zeros of a fresh message in an absent part.
    if not message.body_present:
        body[:, :3], body[:, 3], body_world[:], body_camera[:] = np.nan, 0.0, np.nan, np.nan
    missing_hands = ~np.array(message.hand_present, dtype=bool)
    hands[missing_hands] = np.nan
    hands_world[missing_hands] = np.nan
    hands_camera[missing_hands] = np.nan
    hand_scores[missing_hands] = 0.0
    return PersonKeypoints(
        track_id=message.track_id,
        body=body,
        hands=hands,
        hand_scores=hand_scores,
        body_world=body_world,
        hands_world=hands_world,
        body_camera=body_camera,
        hands_camera=hands_camera,
    )


def _measured(points: FloatArray) -> FloatArray:
    """Mark as NaN what is at the camera's place or behind it: zeros that nobody has filled in."""
    return np.where(points[..., 2:] > 0, points, np.float32(np.nan))


def event_model_from_message(message: Message) -> EventModel:
    """Return what a message of type ModelInfo says of events.

    Raises:
        InputError: A value is out of range or cannot be read; names it.
    """
    parameters = EventParameters(
        enter_threshold=message.enter_threshold,
        exit_threshold=message.exit_threshold,
        rejection_threshold=message.rejection_threshold,
        smoothing_s=message.smoothing,
        min_duration_s=message.min_duration,
        min_gap_s=message.min_gap,
        support_share=message.support_share,
        class_parameters=parse_class_parameters(message.class_parameters),
    )
    return EventModel(tuple(message.class_names), message.background_id, parameters)
