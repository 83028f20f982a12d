"""The camera of recorded images or keypoints."""

from __future__ import annotations

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.topics import CAMERA_INFO, camera_info_topic_of
from bharnet_ros.messages.reading import Message
from bharnet_ros.types.errors import InputError


def find_camera(recording: Recording, topic: str, given: str | None) -> Message | None:
    """Return the first camera information of images or keypoints; None if it is not known.

    Args:
        recording: An open recording.
        topic: Topic of the images or keypoints; camera information in its namespace is preferred.
        given: Topic of the camera information; None for the only one.

    Raises:
        InputError: The topic that was given is missing, has another type, or cannot be read.
    """
    if given is None and not any(
        one.type == CAMERA_INFO and one.messages for one in recording.topics
    ):
        return None
    try:
        return recording.first(camera_info_topic_of(recording, topic, given))
    except InputError:
        # Recognition goes on without directions. Only what was asked for must be there.
        if given is not None:
            raise
        return None
