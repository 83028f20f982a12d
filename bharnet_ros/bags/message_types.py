"""The message types of recordings: those of ROS 2 Jazzy and of this package."""

from __future__ import annotations

from functools import cache
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from bharnet_ros.resources import find_resource

PACKAGE = "bharnet_ros"

_LATER = {
    f"{PACKAGE}/msg/TrackScores": ("hand", "hands_differ", "place"),
    f"{PACKAGE}/msg/ActionEvent": (
        *("hand", "hands_differ", "place"),
        *("target_known", "target_frame", "target_position"),
    ),
}
"""Fields that older recordings lack; `messages.reading` has a value for each."""


@cache
def message_types() -> Typestore:
    """Return the types of ROS 2 Jazzy and of the package's `msg` folder."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for file in sorted(find_resource("msg").glob("*.msg")):
        text = file.read_text(encoding="utf-8")
        store.register(get_types_from_msg(text, f"{PACKAGE}/msg/{file.stem}"))
    return store


def is_readable(name: str, types: Typestore) -> bool:
    """Return whether messages of a type can be read as a recording defines it.

    Fields that were added later may be missing.

    Args:
        name: The type.
        types: The types that the recording defines.

    Raises:
        Exception: Of any kind, if the recording does not define a part of the type.
    """
    expected, hashed = message_types(), types.hash_rihs01(name)
    if name not in expected.fielddefs:
        return not name.startswith(f"{PACKAGE}/")
    if hashed == expected.hash_rihs01(name):
        return True
    later = _LATER.get(name, ())
    fields = types.fielddefs[name][1]
    recorded = {field for field, _ in fields}
    wanted = [
        one for one in expected.fielddefs[name][1] if one[0] in recorded or one[0] not in later
    ]
    return (
        name.startswith(f"{PACKAGE}/")
        and fields == wanted
        and all(
            is_readable(part, types) for _, field in fields for part in _message_types_in(field)
        )
    )


def _message_types_in(kind: Any) -> tuple[str, ...]:
    """Return the name of the message type of a field or of its elements; none for numbers."""
    node, content = kind
    if node is Nodetype.NAME:
        return (content,)
    return () if node is Nodetype.BASE else _message_types_in(content[0])
