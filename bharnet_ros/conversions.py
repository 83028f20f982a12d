"""Messages to core types and back; stamps are integer nanoseconds in the core."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from bharnet_ros import msg
from bharnet_ros.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores
from bharnet_ros.images import decode_compressed, decode_image, encode_image
from bharnet_ros.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    NANOSECONDS,
    FrameKeypoints,
    PersonKeypoints,
)
from bharnet_ros.recognition.event_parameters import EventParameters, parse_class_parameters

LARGEST_SECONDS = 2**31 - 1


def time_to_ns(stamp: Time | Duration) -> int:
    """Return a time or duration message as nanoseconds."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def time_from_ns(nanoseconds: int) -> Time:
    """Return nanoseconds as a time message.

    Raises:
        ValueError: The time does not fit into the message.
    """
    seconds, rest = divmod(int(nanoseconds), NANOSECONDS)
    if abs(seconds) > LARGEST_SECONDS:
        raise ValueError(f"stamp {nanoseconds} ns does not fit into builtin_interfaces/Time")
    return Time(sec=seconds, nanosec=rest)


def duration_from_ns(nanoseconds: int) -> Duration:
    """Return nanoseconds, negative ones too, as a duration message (nanosec counts upwards).

    Raises:
        ValueError: The duration does not fit into the message.
    """
    seconds, rest = divmod(int(nanoseconds), NANOSECONDS)
    if abs(seconds) > LARGEST_SECONDS:
        raise ValueError(f"{nanoseconds} ns does not fit into builtin_interfaces/Duration")
    return Duration(sec=seconds, nanosec=rest)


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


def image_to_message(image: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str = "") -> Image:
    """Return an (H, W, 3) uint8 RGB image as a message captured at `stamp_ns`."""
    encoding, step, data = encode_image(image)
    message = Image(
        header=_header(stamp_ns, frame_id),
        height=image.shape[0],
        width=image.shape[1],
        encoding=encoding,
        step=step,
    )
    # The setter takes an array of bytes as it is, and walks through anything else in Python.
    message.data = array.array("B", data)
    return message


def keypoints_to_message(frame: FrameKeypoints) -> msg.BodyHandKeypoints:
    """Return everybody in one frame as a message."""
    return msg.BodyHandKeypoints(
        header=_header(frame.stamp_ns, frame.frame_id),
        image_width=frame.width,
        image_height=frame.height,
        people=[_person_to_message(person) for person in frame.people],
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


def scores_to_message(scores: ActionScores) -> msg.ActionScores:
    """Return the scores of everybody in view as a message."""
    return msg.ActionScores(
        header=_header(scores.stamp_ns, scores.frame_id),
        model_name=scores.model_name,
        tracks=[
            msg.TrackScores(
                track_id=track.track_id,
                window_start=time_from_ns(track.window_start_ns),
                window_end=time_from_ns(track.window_end_ns),
                probabilities=_float_array(track.probabilities),
                body_probabilities=_float_array(track.body_probabilities),
                hand_probabilities=_float_array(track.hand_probabilities),
                body_reliability=float(track.body_reliability),
                hand_reliability=float(track.hand_reliability),
            )
            for track in scores.tracks
        ],
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


def event_to_message(event: ActionEvent, publish_ns: int) -> msg.ActionEvent:
    """Return an event as a message that is published at `publish_ns` on the node's clock."""
    return msg.ActionEvent(
        header=_header(event.stamp_ns, event.frame_id),
        event_id=event.event_id,
        phase=int(event.phase),
        track_id=event.track_id,
        class_id=int(event.class_id),
        label=event.label,
        score=float(event.score),
        body_score=float(event.body_score),
        hand_score=float(event.hand_score),
        start=time_from_ns(event.start_ns),
        end=time_from_ns(event.end_ns),
        latency=duration_from_ns(publish_ns - event.stamp_ns),
        reason=event.reason.value,
        model_name=event.model_name,
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


def event_parameters_from_message(message: msg.ModelInfo) -> EventParameters:
    """Return when events begin and end, as far as the model says so.

    Raises:
        ValueError: A value is out of range or cannot be read; names it.
    """
    return EventParameters(
        enter_threshold=message.enter_threshold,
        exit_threshold=message.exit_threshold,
        rejection_threshold=message.rejection_threshold,
        class_parameters=parse_class_parameters(message.class_parameters),
    )


def _header(stamp_ns: int, frame_id: str) -> Header:
    return Header(stamp=time_from_ns(stamp_ns), frame_id=frame_id)


def _flat(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32).reshape(-1)


def _float_array(values: npt.NDArray[np.floating]) -> array.array[float]:
    return array.array("f", np.asarray(values, dtype=np.float32).tobytes())


def _person_to_message(person: PersonKeypoints) -> msg.PersonKeypoints:
    left, right = person.hands_present
    return msg.PersonKeypoints(
        track_id=person.track_id,
        body_present=person.body_present,
        body=_flat(person.body[:, :3]),
        body_visibility=_flat(person.body[:, 3]),
        body_world=_flat(person.body_world),
        hand_present=[left, right],
        hand_score=_flat(person.hand_scores),
        hands=_flat(person.hands),
        hands_world=_flat(person.hands_world),
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
