"""Where in the chain a replay starts: images, keypoints, scores or events."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from bharnet_ros.depth_images import DEPTH_ENCODINGS
from bharnet_ros.replay.recording import Recording, Topic
from bharnet_ros.replay.typestore import PACKAGE


class Stage(str, Enum):
    """What is taken from a recording; whatever comes after it is computed."""

    EVENTS = "events"
    SCORES = "scores"
    KEYPOINTS = "keypoints"
    IMAGES = "images"


TYPES = {
    Stage.EVENTS: (f"{PACKAGE}/msg/ActionEvent",),
    Stage.SCORES: (f"{PACKAGE}/msg/ActionScores",),
    Stage.KEYPOINTS: (f"{PACKAGE}/msg/BodyHandKeypoints",),
    Stage.IMAGES: ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"),
}
MODEL_INFO = f"{PACKAGE}/msg/ModelInfo"
_COMPRESSED = "/compressed"


def choose_stage(
    recording: Recording, stage: Stage | None, topic: str | None, left_out: Sequence[str] = ()
) -> tuple[Stage, str]:
    """Return where to start and the topic to start from.

    Args:
        recording: The recording.
        stage: Where to start; None for the latest stage that was recorded.
        topic: Topic to start from; None for the only one.
        left_out: Topics that are something else, as the truth.

    Raises:
        ValueError: There is no such topic, it has another type, or several would do.
    """
    if topic is not None:
        kind = _of(recording, topic)
        if stage is not None and stage is not kind:
            raise ValueError(
                f"{recording.path}: topic {topic}: has {kind.value}, not {stage.value}"
            )
        return kind, topic
    for candidate in Stage if stage is None else (stage,):
        # A topic without messages says that nobody spoke, not that nothing happened, unless asked.
        found = topics_of(recording, candidate, left_out, silent=stage is Stage.EVENTS)
        if found:
            option = "--image-topic" if candidate is Stage.IMAGES else "--topic"
            return candidate, only(recording, candidate.value, found, option)
    wanted = " or ".join(one.value for one in (Stage if stage is None else (stage,)))
    has = ", ".join(f"{one.name} ({one.type})" for one in recording.topics)
    raise ValueError(f"{recording.path}: has no messages with {wanted}; its topics are {has}")


def topics_of(
    recording: Recording, stage: Stage, left_out: Sequence[str] = (), *, silent: bool = False
) -> list[Topic]:
    """Return the topics with messages of a stage.

    An image topic and its `/compressed` are one camera; the first is taken. Depth is no image here.

    Args:
        recording: The recording.
        stage: Kind of messages.
        left_out: Names of topics to ignore.
        silent: Whether topics without messages count too.
    """
    found = [
        one
        for one in recording.topics
        if one.type in TYPES[stage]
        and one.name not in left_out
        and (one.messages or silent)
        and not shows_depth(recording, one)
    ]
    names = {one.name for one in found}
    return [one for one in found if one.name.removesuffix(_COMPRESSED) not in names - {one.name}]


def shows_depth(recording: Recording, topic: Topic) -> bool:
    """Return whether a topic has depth images, by the first of them, compressed ones too."""
    if topic.type not in TYPES[Stage.IMAGES] or not topic.messages:
        return False
    try:
        first = recording.first(topic.name)
    except ValueError:
        # Whoever takes its images will be told; another camera can be replayed all the same.
        return False
    # Where image_transport has compressed an image, its encoding comes before what that has done.
    encoding = first.encoding if hasattr(first, "encoding") else first.format.partition(";")[0]
    return encoding.strip() in DEPTH_ENCODINGS


def only(recording: Recording, what: str, found: Sequence[Topic], option: str = "--topic") -> str:
    """Return the name of the only topic.

    Args:
        recording: The recording.
        what: What the topics have.
        found: At least one.
        option: What chooses one of several.

    Raises:
        ValueError: There are several; names them.
    """
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise ValueError(
            f"{recording.path}: has several topics with {what}: {names}; choose one with {option}"
        )
    return found[0].name


def model_info_topic(recording: Recording, beside: str) -> str | None:
    """Return the topic that says what the model is; None where there is none.

    Args:
        recording: The recording.
        beside: Topic of scores or events; of several, the one in its namespace is taken.

    Raises:
        ValueError: Several would do.
    """
    found = [one for one in recording.topics if one.type == MODEL_INFO and one.messages]
    found = in_namespace(found, beside)
    return only(recording, "model information", found) if found else None


def in_namespace(found: Sequence[Topic], beside: str) -> list[Topic]:
    """Return those in the namespace of another topic, or all where none is.

    Args:
        found: Topics.
        beside: The other topic; its namespace is that of the camera where it ends in `/compressed`.
    """
    namespace = beside.removesuffix(_COMPRESSED).rpartition("/")[0]
    return [one for one in found if one.name.rpartition("/")[0] == namespace] or list(found)


def _of(recording: Recording, topic: str) -> Stage:
    """Return the stage of a topic."""
    for one in recording.topics:
        if one.name == topic:
            for stage, types in TYPES.items():
                if one.type in types:
                    return stage
            raise ValueError(
                f"{recording.path}: topic {topic}: of type {one.type or 'several types'} there is "
                "nothing to recognise"
            )
    names = ", ".join(one.name for one in recording.topics)
    raise ValueError(f"{recording.path}: has no topic {topic}; it has {names}")
