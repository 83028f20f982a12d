"""Messages are joined by their stamps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharnet_ros.bags.joining import JoinedTopics, nearest
from bharnet_ros.bags.reading import Recording
from bharnet_ros.messages.reading import time_to_ns
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints

KEYPOINTS = "bharnet_ros/msg/BodyHandKeypoints"


def recorded(*stamps: int) -> list[tuple[int, int]]:
    return [(stamp, place) for place, stamp in enumerate(stamps)]


def test_the_nearest_message_is_taken_in_any_order():
    assert nearest(recorded(10, 20, 30), recorded(31, 9, 19), slop_ns=5) == [1, 2, 0]


def test_messages_too_far_apart_are_not_joined():
    assert nearest(recorded(10, 20), recorded(13, 26), slop_ns=5) == [0, None]
    assert nearest(recorded(10), recorded(15), slop_ns=5) == [0]
    assert nearest(recorded(10), [], slop_ns=5) == [None]


def test_one_message_may_belong_to_several():
    assert nearest(recorded(10, 12), recorded(11), slop_ns=5) == [0, 0]


def test_repeated_stamps_join_messages_recorded_side_by_side():
    images = [(10, 0), (20, 2), (10, 4), (20, 6)]
    depths = [(10, 1), (20, 3), (10, 5), (20, 7)]
    assert nearest(images, depths, slop_ns=0) == [0, 1, 2, 3]


@given(
    st.lists(st.integers(0, 50), max_size=12),
    st.lists(st.integers(0, 50), max_size=12),
    st.integers(0, 10),
)
def test_no_other_message_is_nearer(stamps, others, slop_ns):
    for stamp, index in zip(
        stamps, nearest(recorded(*stamps), recorded(*others), slop_ns), strict=True
    ):
        distances = [abs(other - stamp) for other in others]
        if index is None:
            assert all(distance > slop_ns for distance in distances)
        else:
            assert distances[index] == min(distances) <= slop_ns


@pytest.fixture
def join(tmp_path, messages, write_bag):
    """Return a function that joins three topics, given rows of a topic and its stamp."""
    pixels = np.zeros((2, 2, 3), dtype=np.uint8)

    def call(*rows: tuple[str, float], slop_s: float = 0.02) -> tuple[JoinedTopics, list]:
        makers = {
            "/image": lambda at: messages.image(at, pixels),
            "/other": lambda at: messages.scores(at, {}),
            "/third": lambda at: messages.keypoints(FrameKeypoints(round(at * NANOSECONDS), 2, 2)),
        }
        made = [(topic, makers[topic](at)) for topic, at in rows]
        silent = [("/third", KEYPOINTS)] * all(topic != "/third" for topic, _ in rows)
        folder = write_bag(tmp_path / "bag", made, in_order=True, silent=silent)
        with Recording(folder) as recording:
            joined = JoinedTopics(recording, "/image", ("/other", "/third"), slop_s, progress=False)
            return joined, [
                tuple(
                    (time_to_ns(each.message.header.stamp) - messages.start_ns) / NANOSECONDS
                    for each in (one, *one.partners)
                )
                for one in joined.messages()
            ]

    return call


def test_messages_come_with_their_partners_in_recording_order(join):
    joined, found = join(
        *[("/image", 1.0), ("/other", 1.01), ("/image", 1.1), ("/third", 1.0)],
        *[("/third", 1.09), ("/other", 1.1), ("/other", 1.105)],
    )
    assert found == [(1.0, 1.01, 1.0), (1.1, 1.1, 1.09)]
    assert (joined.joined, joined.total) == (2, 2)


def test_a_message_that_lacks_one_partner_has_none(join):
    joined, found = join(
        *[("/other", 1.0), ("/third", 1.0), ("/image", 1.0), ("/image", 2.0), ("/other", 2.0)],
        *[("/image", 3.0), ("/third", 3.05), ("/other", 3.0)],
    )
    assert found == [(1.0, 1.0, 1.0), (2.0,), (3.0,)]
    assert (joined.joined, joined.total) == (1, 3)


def test_stamps_that_repeat_after_a_time_jump_are_joined(join):
    rows = [("/other", 1.0), ("/third", 1.0), ("/image", 1.0)]
    joined, found = join(*rows, ("/image", 5.0), *rows)
    assert found == [(1.0, 1.0, 1.0), (5.0,), (1.0, 1.0, 1.0)]
    assert joined.joined == 2


def test_an_empty_topic_joins_nothing(join):
    joined, found = join(("/image", 1.0), ("/other", 1.0))
    assert found == [(1.0,)]
    assert joined.joined == 0


@pytest.mark.parametrize("slop_s", [-0.1, float("nan"), float("inf"), 1e300])
def test_slop_out_of_range_is_named(join, slop_s):
    with pytest.raises(ValueError, match="sync_slop_s: must be 0 or more"):
        join(("/image", 1.0), ("/other", 1.0), slop_s=slop_s)
