"""Messages to core types and back; stamps are integer nanoseconds in the core."""

from __future__ import annotations

import array
import importlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from sensor_msgs.msg import CompressedImage, Image

from bharnet_ros import msg
from bharnet_ros.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores
from bharnet_ros.images import decode_compressed, decode_image
from bharnet_ros.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    NANOSECONDS,
    FrameKeypoints,
    PersonKeypoints,
)
from bharnet_ros.message_writing import MessageFactory


def _find_class(name: str) -> Any:
    package, _, kind = name.split("/")
    return getattr(importlib.import_module(f"{package}.msg"), kind)


def _pack(values: npt.NDArray[Any]) -> Any:
    if values.dtype == np.bool_:
        return values.tolist()
    # The setters take an array of the right type as it is, and walk through anything else in
    # Python.
    return array.array({"uint8": "B", "float32": "f"}[values.dtype.name], values.tobytes())


_messages = MessageFactory(cache(_find_class), _pack)
time_from_ns = _messages.time
duration_from_ns = _messages.duration
image_to_message = _messages.image
compressed_image_to_message = _messages.compressed_image
keypoints_to_message = _messages.keypoints
scores_to_message = _messages.scores
event_to_message = _messages.event


def time_to_ns(stamp: Time | Duration) -> int:
    """Return a time or duration message as nanoseconds."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def image_from_message(message: Image | CompressedImage) -> npt.NDArray[np.uint8]:
    """Return the image of a message as (H, W, 3) uint8 RGB.

    Raises:
        ValueError: The encoding is not supported, or size, step and data do not agree.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed(message.format, message.data)
    return decode_image(
        message.encoding,
        message.height,
        message.width,
        message.step,
        message.data,
        bool(message.is_bigendian),
    )


def keypoints_from_message(message: msg.BodyHandKeypoints) -> FrameKeypoints:
    """Return everybody in one frame; parts that are marked absent become NaN."""
    return FrameKeypoints(
        stamp_ns=time_to_ns(message.header.stamp),
        width=message.image_width,
        height=message.image_height,
        people=tuple(_person_from_message(person) for person in message.people),
        frame_id=message.header.frame_id,
    )


def scores_from_message(message: msg.ActionScores, classes: int) -> ActionScores:
    """Return the scores of everybody in view.

    Args:
        message: The message.
        classes: Number of classes K that each track must have.

    Raises:
        ValueError: A track does not have K finite probabilities.
    """
    tracks = []
    for track in message.tracks:
        probabilities = {}
        for name in ("probabilities", "body_probabilities", "hand_probabilities"):
            values = np.asarray(getattr(track, name), dtype=np.float32)
            if len(values) != classes:
                raise ValueError(
                    f"track {track.track_id!r}: {name} has {len(values)} classes, not {classes}"
                )
            if not np.isfinite(values).all():
                raise ValueError(f"track {track.track_id!r}: {name} is not finite")
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


def event_from_message(message: msg.ActionEvent) -> ActionEvent:
    """Return the event of a message.

    Raises:
        ValueError: Phase or reason is none of those in the message's definition.
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


def _person_from_message(message: msg.PersonKeypoints) -> PersonKeypoints:
    def points(values: Any, *shape: int) -> npt.NDArray[np.float32]:
        return np.array(values, dtype=np.float32).reshape(*shape, 3)

    body = np.column_stack(
        [
            points(message.body, BODY_LANDMARKS),
            np.array(message.body_visibility, dtype=np.float32),
        ]
    )
    body_world = points(message.body_world, BODY_LANDMARKS)
    hands = points(message.hands, 2, HAND_LANDMARKS)
    hands_world = points(message.hands_world, 2, HAND_LANDMARKS)
    hand_scores = np.array(message.hand_score, dtype=np.float32)
    # Publishers in other languages may leave the zeros of a fresh message in an absent part.
    if not message.body_present:
        body[:, :3], body[:, 3], body_world[:] = np.nan, 0.0, np.nan
    missing_hands = ~np.array(message.hand_present, dtype=bool)
    hands[missing_hands] = np.nan
    hands_world[missing_hands] = np.nan
    hand_scores[missing_hands] = 0.0
    return PersonKeypoints(
        track_id=message.track_id,
        body=body,
        hands=hands,
        hand_scores=hand_scores,
        body_world=body_world,
        hands_world=hands_world,
    )
