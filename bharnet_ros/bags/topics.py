"""Choosing topics of a recording by the type of their messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice

from bharnet_ros.bags.message_types import PACKAGE
from bharnet_ros.bags.reading import Recording, Topic
from bharnet_ros.messages.depth_images import DEPTH_ENCODINGS
from bharnet_ros.messages.reading import event_from_message, time_to_ns
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.stamps import is_set


class Stage(str, Enum):
    """Kind of messages that a replay reads; it computes every later kind."""

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
IMAGE = "sensor_msgs/msg/Image"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
_COMPRESSED = "/compressed"


def choose_stage(
    recording: Recording,
    stage: Stage | None,
    topic: str | None,
    excluded: Sequence[str] = (),
    *,
    among: Sequence[Stage] = tuple(Stage),
) -> tuple[Stage, str]:
    """Return the stage at which a replay starts, and the topic that it reads.

    Args:
        recording: An open recording.
        stage: Stage to start at; None for the latest one that was recorded.
        topic: Topic to read; None for the only one of the stage.
        excluded: Topics never to choose, such as that of the truth.
        among: Stages that may be chosen.

    Raises:
        InputError: The topic is missing, its type is of another stage, or several topics fit.
    """
    if topic is not None:
        topic_stage = _stage_of(recording, topic)
        if topic_stage not in among:
            wanted = " or ".join(one.value for one in among)
            raise InputError(
                f"{recording.path}: topic {topic}: has {topic_stage.value}, but {wanted} are needed"
            )
        if stage is not None and stage is not topic_stage:
            raise InputError(
                f"{recording.path}: topic {topic}: has {topic_stage.value}, not {stage.value}"
            )
        return topic_stage, topic
    for candidate in among if stage is None else (stage,):
        # A topic without messages means that no node published, not that nothing happened. It
        # counts only if events were asked for.
        found = topics_of(recording, candidate, excluded, allow_empty=stage is Stage.EVENTS)
        if found:
            option = "--image-topic" if candidate is Stage.IMAGES else "--topic"
            return candidate, _single_topic(recording, candidate.value, found, option)
    wanted = " or ".join(one.value for one in (among if stage is None else (stage,)))
    raise InputError(
        f"{recording.path}: has no messages with {wanted}; its topics are {_typed_names(recording)}"
    )


def topics_of(
    recording: Recording, stage: Stage, excluded: Sequence[str] = (), *, allow_empty: bool = False
) -> list[Topic]:
    """Return the topics with messages of a stage.

    An image topic and its `/compressed` are one camera: only the first is returned. Depth images
    do not count as images.

    Args:
        recording: An open recording.
        stage: Kind of messages.
        excluded: Names of topics to ignore.
        allow_empty: Whether topics without messages count too.
    """
    found = [
        one
        for one in recording.topics
        if one.type in TYPES[stage]
        and one.name not in excluded
        and (one.messages or allow_empty)
        and not shows_depth(recording, one)
    ]
    names = {one.name for one in found}
    return [one for one in found if one.name.removesuffix(_COMPRESSED) not in names - {one.name}]


def shows_depth(recording: Recording, topic: Topic) -> bool:
    """Return whether the first image of a topic, raw or compressed, is a depth image."""
    if topic.type not in TYPES[Stage.IMAGES] or not topic.messages:
        return False
    try:
        first = recording.first(topic.name)
    except InputError:
        # Reading this topic raises the error again. Another camera can still be replayed.
        return False
    # image_transport writes the encoding of the raw image first, then what the compression did.
    encoding = first.encoding if hasattr(first, "encoding") else first.format.partition(";")[0]
    return encoding.strip() in DEPTH_ENCODINGS


def model_info_topic(recording: Recording, topic: str) -> str | None:
    """Return the topic that describes the model; None if there is none.

    Args:
        recording: An open recording.
        topic: Topic of scores or events; model information in its namespace is preferred.

    Raises:
        InputError: Several topics fit.
    """
    found = [one for one in recording.topics if one.type == MODEL_INFO and one.messages]
    found = in_namespace(found, topic)
    return _single_topic(recording, "model information", found) if found else None


def in_namespace(found: Sequence[Topic], topic: str) -> list[Topic]:
    """Return the topics in the namespace of another topic, or all of them if none is.

    Args:
        found: Topics to choose from.
        topic: The other topic; the namespace of `NAME/compressed` is that of `NAME`.
    """
    namespace = topic.removesuffix(_COMPRESSED).rpartition("/")[0]
    return [one for one in found if one.name.rpartition("/")[0] == namespace] or list(found)


def origin_of(recording: Recording, camera: str | None = None) -> int:
    """Return the stamp at which a recording starts, nanoseconds.

    It is the first stamp of the images, keypoints and scores, wherever the replay starts, so that
    one truth fits every replay. Messages without a stamp do not count. If there are several
    cameras, only the chosen one counts. If there are events alone, it is the time at which the
    first message was recorded, or the start of the first event if that lies outside the time of
    recording.

    Args:
        recording: An open recording.
        camera: Image topic that was chosen, if any.

    Raises:
        InputError: A first message is broken; names file and topic.
    """
    firsts: list[int] = []
    for stage in (Stage.IMAGES, Stage.KEYPOINTS, Stage.SCORES):
        names = [one.name for one in topics_of(recording, stage)]
        if stage is Stage.IMAGES and len(names) > 1:
            names = [name for name in names if name == camera]
        for name in names:
            stamps = (time_to_ns(one.message.header.stamp) for one in recording.messages(name))
            firsts += islice(filter(is_set, stamps), 1)
    if firsts:
        return min(firsts)
    starts: list[int] = []
    for topic in topics_of(recording, Stage.EVENTS):
        starts += islice(filter(is_set, _starts_ns(recording, topic.name)), 1)
    if starts and not recording.start_ns <= min(starts) <= recording.end_ns:
        return min(starts)
    return recording.start_ns


def depth_topic_of(recording: Recording, image_topic: str, given: str | None) -> str:
    """Return the topic of the depth that belongs to images.

    Args:
        recording: An open recording.
        image_topic: Topic of the images.
        given: The topic asked for; None for the only one.

    Raises:
        InputError: There is none, it has no depth, or several topics fit.
    """
    encodings = ", ".join(DEPTH_ENCODINGS)
    if given is None:
        images = [one for one in recording.topics if one.type == IMAGE and one.name != image_topic]
        found = [one for one in images if shows_depth(recording, one)]
        if not found:
            raise _missing(recording, f"depth ({IMAGE} in {encodings})", "--depth-topic")
        return _single_topic(recording, "depth", found, "--depth-topic")
    topic = _given_topic(recording, given, IMAGE, "--depth-topic")
    if given == image_topic:
        raise InputError(f"{recording.path}: --depth-topic {given}: is the topic of the images")
    if not shows_depth(recording, topic):
        raise InputError(
            f"{recording.path}: --depth-topic {given}: has images in "
            f"{recording.first(given).encoding!r}, not depth: {encodings}"
        )
    return given


def camera_info_topic_of(recording: Recording, image_topic: str, given: str | None) -> str:
    """Return the topic of the camera information for images.

    Args:
        recording: An open recording.
        image_topic: Topic of the images; camera information in its namespace is preferred.
        given: The topic asked for; None for the only one.

    Raises:
        InputError: There is none, it has another type, or several topics fit.
    """
    if given is not None:
        return _given_topic(recording, given, CAMERA_INFO, "--camera-info-topic").name
    found = [one for one in recording.topics if one.type == CAMERA_INFO and one.messages]
    if not found:
        raise _missing(recording, f"a camera ({CAMERA_INFO})", "--camera-info-topic")
    found = in_namespace(found, image_topic)
    return _single_topic(recording, "a camera", found, "--camera-info-topic")


def _single_topic(
    recording: Recording, content: str, found: Sequence[Topic], option: str = "--topic"
) -> str:
    """Return the name of the only topic found.

    Args:
        recording: The recording.
        content: What the topics have, for the error.
        found: At least one topic.
        option: Command-line option that chooses one of several.

    Raises:
        InputError: There are several; names them.
    """
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise InputError(
            f"{recording.path}: has several topics with {content}: {names}; "
            f"choose one with {option}"
        )
    return found[0].name


def _stage_of(recording: Recording, topic: str) -> Stage:
    for one in recording.topics:
        if one.name == topic:
            for stage, types in TYPES.items():
                if one.type in types:
                    return stage
            raise InputError(
                f"{recording.path}: topic {topic}: has {one.type or 'several types'}, which cannot "
                "be replayed"
            )
    names = ", ".join(one.name for one in recording.topics)
    raise InputError(f"{recording.path}: has no topic {topic}; it has {names}")


def _starts_ns(recording: Recording, topic: str) -> Iterator[int]:
    """Yield the start of each event on a topic, nanoseconds."""
    for one in recording.messages(topic):
        try:
            yield event_from_message(one.message).start_ns
        except ValueError as error:
            raise InputError(f"{recording.path}: topic {topic}: {error}") from error


def _given_topic(recording: Recording, name: str, message_type: str, option: str) -> Topic:
    """Return a topic that an option names.

    Raises:
        InputError: It is missing, has no messages, or has messages of another type.
    """
    for one in recording.topics:
        if one.name == name:
            if one.type != message_type:
                raise InputError(
                    f"{recording.path}: {option} {name}: has {one.type or 'several types'}, not "
                    f"{message_type}"
                )
            if not one.messages:
                raise InputError(f"{recording.path}: {option} {name}: has no messages")
            return one
    names = ", ".join(one.name for one in recording.topics)
    raise InputError(f"{recording.path}: {option} {name}: there is no such topic; it has {names}")


def _missing(recording: Recording, content: str, option: str) -> InputError:
    return InputError(
        f"{recording.path}: depth was asked for, but there are no messages with {content} for "
        f"{option}; its topics are {_typed_names(recording)}"
    )


def _typed_names(recording: Recording) -> str:
    return ", ".join(f"{one.name} ({one.type})" for one in recording.topics)
