"""What recorded model information says of the classes of recorded scores."""

from __future__ import annotations

from collections.abc import Sequence

from bharnet_ros.bags.reading import Recorded, Recording
from bharnet_ros.types.errors import InputError


def recorded_classes(recording: Recording, topic: str) -> tuple[str, ...]:
    """Return all classes of recorded model information, those taught meanwhile included.

    Args:
        recording: An open recording.
        topic: Topic of the model information.

    Raises:
        InputError: It is of models with other weights and other classes.
    """
    first = recording.first(topic)
    names = list(first.class_names)
    for one in recording.messages(topic):
        weights = one.message.weights_sha256
        if not weights or weights != first.weights_sha256:
            check_classes(recording, one, tuple(first.class_names), first.name)
        names += [name for name in one.message.class_names if name not in names]
    return tuple(names)


def check_classes(recording: Recording, info: Recorded, names: Sequence[str], model: str) -> None:
    """Check that recorded model information has the classes of a model.

    Args:
        recording: The recording.
        info: One message of model information.
        names: Classes of the model.
        model: Name of the model.

    Raises:
        InputError: It has others; names both.
    """
    recorded = list(info.message.class_names)
    if recorded != list(names):
        raise InputError(
            f"{recording.path}: topic {info.topic}: the classes of model "
            f"{info.message.name} are {', '.join(recorded)}, but those of model {model} are "
            f"{', '.join(names)}"
        )
