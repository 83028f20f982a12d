"""The message types of recordings: those of ROS 2 Jazzy and of this package."""

from __future__ import annotations

from functools import cache

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from bharnet_ros.resources import find_resource

PACKAGE = "bharnet_ros"


@cache
def message_types() -> Typestore:
    """Return the types of ROS 2 Jazzy and of the package's `msg` folder."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for file in sorted(find_resource("msg").glob("*.msg")):
        text = file.read_text(encoding="utf-8")
        store.register(get_types_from_msg(text, f"{PACKAGE}/msg/{file.stem}"))
    return store
