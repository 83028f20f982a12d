"""Messages to core types, without ROS: any object with the fields of a message can be read.

The nodes pass messages of rclpy; a replay passes those of the library that reads recordings.
"""

from __future__ import annotations

import math
from enum import Enum
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
from bharnet_ros.types.actions import (
    ActionEvent,
    ActionScores,
    Hand,
    OffsetReason,
    Phase,
    TrackScores,
)
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
from bharnet_ros.types.places import UNKNOWN, PersonPlace, Point

Message: TypeAlias = Any
"""A ROS message, or an object with the same fields."""


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
    """Return the depth image of a message as (H, W) float32 metres, NaN where unknown.

    Raises:
        InputError: The encoding is not one of depth, or size, step and data do not agree.
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
    """Return the calibration in a CameraInfo message.

    Raises:
        InputError: A matrix has the wrong number of elements; names it.
    """
    return Calibration(
        width=message.width,
        height=message.height,
        distortion_model=message.distortion_model,
        **{
            name: tuple(float(value) for value in getattr(message, name))
            for name in ("d", "k", "r", "p")
        },
    )


def keypoints_from_message(message: Message) -> FrameKeypoints:
    """Return all people in one frame; parts that are marked absent become NaN.

    Raises:
        InputError: An array of a person has the wrong length; names the track and the array.
    """
    return FrameKeypoints(
        stamp_ns=time_to_ns(message.header.stamp),
        width=message.image_width,
        height=message.image_height,
        people=tuple(_person_from_message(person) for person in message.people),
        frame_id=message.header.frame_id,
    )


def scores_from_message(message: Message, classes: int) -> ActionScores:
    """Return the scores of all people in view.

    Args:
        message: An ActionScores message.
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
                hand=_hand(track, f"track {track.track_id!r}"),
                hands_differ=getattr(track, "hands_differ", False),
                place=_place(track),
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
        InputError: The phase, the reason or the hand is not one of those in the message definition.
    """
    where = f"event {message.event_id!r}"
    try:
        phase = Phase(message.phase)
    except ValueError:
        raise InputError(_unknown_value(message, where, "phase", Phase)) from None
    try:
        reason = OffsetReason(message.reason)
    except ValueError:
        raise InputError(_unknown_value(message, where, "reason", OffsetReason)) from None
    target = message.target_position if getattr(message, "target_known", False) else None
    return ActionEvent(
        stamp_ns=time_to_ns(message.header.stamp),
        event_id=message.event_id,
        phase=phase,
        track_id=message.track_id,
        class_id=message.class_id,
        label=message.label,
        score=message.score,
        body_score=message.body_score,
        hand_score=message.hand_score,
        start_ns=time_to_ns(message.start),
        end_ns=time_to_ns(message.end),
        reason=reason,
        frame_id=message.header.frame_id,
        model_name=message.model_name,
        hand=_hand(message, where),
        hands_differ=getattr(message, "hands_differ", False),
        place=_place(message),
        target_frame=getattr(message, "target_frame", ""),
        target_position=None if target is None else _point(target),
    )


def _hand(message: Message, where: str) -> Hand:
    """Return the hand in scores or an event; NONE in a recording from before there was one."""
    try:
        return Hand(getattr(message, "hand", "") or Hand.NONE)
    except ValueError:
        raise InputError(_unknown_value(message, where, "hand", Hand)) from None


def _place(message: Message) -> PersonPlace:
    """Return the place in scores or an event; UNKNOWN in a recording from before there was one."""
    place = getattr(message, "place", None)
    if place is None:
        return UNKNOWN
    left, top, width, height = (float(value) for value in place.box)
    return PersonPlace(
        box=(left, top, width, height) if place.box_known else None,
        direction=_point(place.direction) if place.direction_known else None,
        position=_point(place.position) if place.position_known else None,
    )


def _point(message: Message) -> Point:
    return float(message.x), float(message.y), float(message.z)


def _unknown_value(message: Message, where: str, name: str, known: type[Enum]) -> str:
    """Return the error for a field whose value is not in an enumeration."""
    return (
        f"{where}: {name} {getattr(message, name)!r} is not one of "
        f"{', '.join(repr(member.value) for member in known)}"
    )


def _person_from_message(message: Message) -> PersonKeypoints:
    def numbers(name: str, *shape: int) -> npt.NDArray[np.float32]:
        values = np.array(getattr(message, name), dtype=np.float32)
        if values.size != math.prod(shape):
            raise InputError(
                f"track {message.track_id!r}: {name} has {values.size} numbers, "
                f"not {math.prod(shape)}"
            )
        return values.reshape(shape)

    body = np.column_stack(
        [numbers("body", BODY_LANDMARKS, 3), numbers("body_visibility", BODY_LANDMARKS)]
    )
    body_world = numbers("body_world", BODY_LANDMARKS, 3)
    body_camera = _measured(numbers("body_camera", BODY_LANDMARKS, 3))
    hands = numbers("hands", 2, HAND_LANDMARKS, 3)
    hands_world = numbers("hands_world", 2, HAND_LANDMARKS, 3)
    hands_camera = _measured(numbers("hands_camera", 2, HAND_LANDMARKS, 3))
    hand_scores = numbers("hand_score", 2)
    # Publishers in other languages may leave an absent part at the zeros of a new message.
    if not message.body_present:
        body[:, :3], body[:, 3], body_world[:], body_camera[:] = np.nan, 0.0, np.nan, np.nan
    missing_hands = ~numbers("hand_present", 2).astype(bool)
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
    """Return points with NaN for those at or behind the camera: zeros that were never filled in."""
    return np.where(points[..., 2:] > 0, points, np.float32(np.nan))


def event_model_from_message(message: Message) -> EventModel:
    """Return the classes and event parameters in a ModelInfo message.

    Raises:
        InputError: A value is out of range or cannot be parsed; names it.
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
