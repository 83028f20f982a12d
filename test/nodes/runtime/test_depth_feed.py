"""Depth that waits for keypoints, or the other way round."""

from __future__ import annotations

import threading

import pytest

from bharnet_ros.nodes.runtime.depth_feed import DepthFeed

SECOND = 1_000_000_000
FOREVER = 60.0


@pytest.fixture
def feed():
    """A feed that does not wait."""
    return DepthFeed(kept=3, patience_s=0.0)


def test_depth_that_came_before_is_given_once(feed):
    feed.put(1, "one")
    feed.put(2, "two")
    assert feed.take(2) == "two"
    assert feed.take(2) is None
    assert feed.take(1) is None, "what is older is of no use any more"


def test_depth_that_comes_later_is_waited_for():
    feed = DepthFeed(patience_s=FOREVER)
    later = threading.Timer(0.05, feed.put, (7, "seven"))
    later.start()
    assert feed.take(7) == "seven"
    later.join()


def test_depth_of_a_later_image_ends_the_wait():
    feed = DepthFeed(patience_s=FOREVER)
    feed.put(8, "eight")
    assert feed.take(7) is None
    assert feed.take(8) == "eight"


def test_depth_that_has_stopped_is_not_waited_for():
    feed = DepthFeed(patience_s=FOREVER)
    feed.put(1, "one")
    assert feed.take(1) == "one"
    assert feed.take(1 + SECOND + 1) is None
    assert feed.stopped(1 + SECOND + 1) and not feed.stopped(1 + SECOND)


def test_depth_that_never_came_counts_from_the_first_image(feed):
    assert not feed.stopped(None)
    assert not feed.stopped(5)
    assert feed.take(5) is None
    assert not feed.stopped(5 + SECOND)
    assert feed.stopped(6 + SECOND)


def test_depth_that_comes_again_has_no_longer_stopped(feed):
    feed.take(0)
    assert feed.stopped(2 * SECOND)
    feed.put(2 * SECOND, "two")
    assert not feed.stopped(2 * SECOND)


def test_the_newest_are_kept(feed):
    for stamp in range(5):
        feed.put(stamp, str(stamp))
    assert [feed.take(stamp) for stamp in range(5)] == [None, None, "2", "3", "4"]


def test_after_a_jump_of_time_nothing_is_left(feed):
    feed.put(9 * SECOND, "nine")
    feed.reset()
    assert feed.take(1) is None
    assert not feed.stopped(2)
