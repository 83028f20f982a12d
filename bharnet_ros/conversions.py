"""Messages to core types and back; stamps are integer nanoseconds in the core.

Reading needs no ROS and lies in `bharnet_ros.message_reading`.
"""

from __future__ import annotations

import array

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from bharnet_ros import msg
from bharnet_ros.actions import ActionEvent, ActionScores
from bharnet_ros.images import encode_image
from bharnet_ros.keypoints import NANOSECONDS, FrameKeypoints, PersonKeypoints
from bharnet_ros.message_reading import (
    detected_model_from_message,
    event_from_message,
    image_from_message,
    keypoints_from_message,
    scores_from_message,
    time_to_ns,
)

__all__ = [
    "detected_model_from_message",
    "duration_from_ns",
    "event_from_message",
    "event_to_message",
    "image_from_message",
    "image_to_message",
    "keypoints_from_message",
    "keypoints_to_message",
    "scores_from_message",
    "scores_to_message",
    "time_from_ns",
    "time_to_ns",
]

LARGEST_SECONDS = 2**31 - 1


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
