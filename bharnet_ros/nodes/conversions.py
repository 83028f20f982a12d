"""ROS messages to core types and back; stamps are integer nanoseconds in the core types.

`bharnet_ros.messages` reads messages and fills their fields, without ROS. This module supplies the
message classes that ROS generated.
"""

from __future__ import annotations

import array
import importlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.messages.reading import (
    calibration_from_message,
    depth_from_message,
    event_from_message,
    event_model_from_message,
    image_from_message,
    keypoints_from_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.messages.writing import MessageFactory

__all__ = [
    "calibration_from_message",
    "camera_info_to_message",
    "compressed_image_to_message",
    "depth_from_message",
    "depth_image_to_message",
    "duration_from_ns",
    "event_from_message",
    "event_model_from_message",
    "event_to_message",
    "image_from_message",
    "image_to_message",
    "keypoints_from_message",
    "keypoints_to_message",
    "pointing_to_message",
    "scores_from_message",
    "scores_to_message",
    "time_from_ns",
    "time_to_ns",
]


def _find_class(name: str) -> Any:
    package, _, kind = name.split("/")
    return getattr(importlib.import_module(f"{package}.msg"), kind)


def _pack(values: npt.NDArray[Any]) -> Any:
    if values.dtype == np.bool_:
        return values.tolist()
    # The setters accept an array of the right type as it is; they check anything else element by
    # element, in Python.
    return array.array(
        {"uint8": "B", "float32": "f", "float64": "d"}[values.dtype.name], values.tobytes()
    )


_messages = MessageFactory(cache(_find_class), _pack)
time_from_ns = _messages.time
duration_from_ns = _messages.duration
image_to_message = _messages.image
compressed_image_to_message = _messages.compressed_image
depth_image_to_message = _messages.depth_image
camera_info_to_message = _messages.camera_info
keypoints_to_message = _messages.keypoints
scores_to_message = _messages.scores
event_to_message = _messages.event
pointing_to_message = _messages.pointing
