"""Depth that waits for keypoints, and keypoints that wait for depth."""

from __future__ import annotations

import threading

import pytest

from bharnet_ros.nodes.runtime.depth_feed import DepthFeed

SECOND = 1_000_000_000
FOREVER = 60.0


@pytest.fixture
def feed():
    """A feed that does not wait."""
    return DepthFeed(kept=3, wait_s=0.0)


def test_depth_that_came_first_is_returned_once(feed):
    feed.put(1, "one")
    feed.put(2, "two")
    assert feed.take(2) == "two"
    assert feed.take(2) is None
    assert feed.take(1) is None, "older depth is dropped"


def test_take_waits_for_late_depth():
    feed = DepthFeed(wait_s=FOREVER)
    later = threading.Timer(0.05, feed.put, (7, "seven"))
    later.start()
    assert feed.take(7) == "seven"
    later.join()


def test_depth_of_a_later_image_ends_the_wait():
    feed = DepthFeed(wait_s=FOREVER)
    feed.put(8, "eight")
    assert feed.take(7) is None
    assert feed.take(8) == "eight"


def test_take_does_not_wait_for_depth_that_has_stopped():
    feed = DepthFeed(wait_s=FOREVER)
    feed.put(1, "one")
    assert feed.take(1) == "one"
    assert feed.take(1 + SECOND + 1) is None
    assert feed.stopped(1 + SECOND + 1) and not feed.stopped(1 + SECOND)


def test_timeout_counts_from_the_first_image_if_depth_never_came(feed):
    assert not feed.stopped(None)
    assert not feed.stopped(5)
    assert feed.take(5) is None
    assert not feed.stopped(5 + SECOND)
    assert feed.stopped(6 + SECOND)


def test_depth_that_is_back_has_not_stopped(feed):
    feed.take(0)
    assert feed.stopped(2 * SECOND)
    feed.put(2 * SECOND, "two")
    assert not feed.stopped(2 * SECOND)


def test_only_the_newest_depth_images_are_kept(feed):
    for stamp in range(5):
        feed.put(stamp, str(stamp))
    assert [feed.take(stamp) for stamp in range(5)] == [None, None, "2", "3", "4"]


def test_reset_forgets_depth_and_stamps(feed):
    feed.put(9 * SECOND, "nine")
    feed.reset()
    assert feed.take(1) is None
    assert not feed.stopped(2)
