"""Messages of this package can be recorded."""

from __future__ import annotations

import numpy as np

from bharnet_ros.bags.message_types import message_types


def test_our_messages_survive_a_recording() -> None:
    types = message_types()
    header = types.types["std_msgs/msg/Header"](
        stamp=types.types["builtin_interfaces/msg/Time"](sec=3, nanosec=4), frame_id="camera"
    )
    scores = types.types["bharnet_ros/msg/ActionScores"](
        header=header, model_name="gestures", tracks=[]
    )
    raw = types.serialize_cdr(scores, "bharnet_ros/msg/ActionScores")
    back = types.deserialize_cdr(raw, "bharnet_ros/msg/ActionScores")
    assert (back.model_name, back.header.stamp.sec, len(back.tracks)) == ("gestures", 3, 0)
    assert np.size(back.tracks) == 0
