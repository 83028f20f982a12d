"""Where in the chain a replay starts: images, keypoints, scores or events."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from bharnet_ros.bags.message_types import PACKAGE
from bharnet_ros.bags.reading import Recording, Topic
from bharnet_ros.messages.depth_images import DEPTH_ENCODINGS
from bharnet_ros.messages.reading import event_from_message, time_to_ns
from bharnet_ros.types.errors import InputError


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
IMAGE = "sensor_msgs/msg/Image"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
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
        InputError: There is no such topic, it has another type, or several would do.
    """
    if topic is not None:
        kind = _of(recording, topic)
        if stage is not None and stage is not kind:
            raise InputError(
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
    raise InputError(f"{recording.path}: has no messages with {wanted}; its topics are {has}")


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
        InputError: There are several; names them.
    """
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise InputError(
            f"{recording.path}: has several topics with {what}: {names}; choose one with {option}"
        )
    return found[0].name


def model_info_topic(recording: Recording, beside: str) -> str | None:
    """Return the topic that says what the model is; None where there is none.

    Args:
        recording: The recording.
        beside: Topic of scores or events; of several, the one in its namespace is taken.

    Raises:
        InputError: Several would do.
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
            raise InputError(
                f"{recording.path}: topic {topic}: of type {one.type or 'several types'} there is "
                "nothing to recognise"
            )
    names = ", ".join(one.name for one in recording.topics)
    raise InputError(f"{recording.path}: has no topic {topic}; it has {names}")


def origin_of(recording: Recording, camera: str | None = None) -> int:
    """Return the stamp at which a recording starts, nanoseconds.

    It is the first stamp of the images, keypoints and scores in it, whatever the replay starts
    from, so that the same truth fits. Of several cameras, only one that was chosen counts. Where
    there are events alone, it is the time at which the first message was recorded, if that was by
    the clock of the stamps, and else the begin of the first event.

    Args:
        recording: An open recording.
        camera: Topic of the images that were chosen.

    Raises:
        InputError: A first message is broken; names file and topic.
    """
    firsts = []
    for stage in (Stage.IMAGES, Stage.KEYPOINTS, Stage.SCORES):
        names = [one.name for one in topics_of(recording, stage)]
        if stage is Stage.IMAGES and len(names) > 1:
            names = [name for name in names if name == camera]
        firsts += [time_to_ns(recording.first(name).header.stamp) for name in names]
    set_firsts = [stamp for stamp in firsts if stamp > 0]
    if set_firsts:
        return min(set_firsts)
    starts = [
        event.start_ns
        for one in topics_of(recording, Stage.EVENTS)
        for event in [event_from_message(recording.first(one.name))]
    ]
    if starts and not recording.start_ns <= min(starts) <= recording.end_ns:
        return min(starts)
    return recording.start_ns


def depth_topic_of(recording: Recording, image_topic: str, given: str | None) -> str:
    """Return the topic of the depth that belongs to images.

    Args:
        recording: An open recording.
        image_topic: Topic of the images.
        given: The topic that was asked for; None for the only one.

    Raises:
        InputError: There is none, it has no depth, or several would do.
    """
    encodings = ", ".join(DEPTH_ENCODINGS)
    if given is None:
        images = [one for one in recording.topics if one.type == IMAGE and one.name != image_topic]
        found = [one for one in images if shows_depth(recording, one)]
        if not found:
            raise _missing(recording, f"depth ({IMAGE} in {encodings})", "--depth-topic")
        return only(recording, "depth", found, "--depth-topic")
    topic = _given(recording, given, IMAGE, "--depth-topic")
    if given == image_topic:
        raise InputError(f"{recording.path}: --depth-topic {given}: is the topic of the images")
    if not shows_depth(recording, topic):
        raise InputError(
            f"{recording.path}: --depth-topic {given}: has images in "
            f"{recording.first(given).encoding!r}, not depth: {encodings}"
        )
    return given


def camera_info_topic_of(recording: Recording, image_topic: str, given: str | None) -> str:
    """Return the topic that describes the camera of images; as for `depth_topic_of`."""
    if given is not None:
        return _given(recording, given, CAMERA_INFO, "--camera-info-topic").name
    found = [one for one in recording.topics if one.type == CAMERA_INFO and one.messages]
    if not found:
        raise _missing(recording, f"a camera ({CAMERA_INFO})", "--camera-info-topic")
    found = in_namespace(found, image_topic)
    return only(recording, "a camera", found, "--camera-info-topic")


def _given(recording: Recording, name: str, message_type: str, option: str) -> Topic:
    """Return a topic that was asked for.

    Raises:
        InputError: There is none, it has no messages, or those are of another type.
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


def _missing(recording: Recording, what: str, option: str) -> InputError:
    has = ", ".join(f"{one.name} ({one.type})" for one in recording.topics)
    return InputError(
        f"{recording.path}: depth was asked for, but there are no messages with {what}, which "
        f"{option} would name; its topics are {has}"
    )
