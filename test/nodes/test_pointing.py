"""Keypoints with depth in, rays out, over real topics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import keypoints_to_message
from bharnet_ros.nodes.pointing import Pointing
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.motion.pointing import POINTED, optical_direction
from bharnet_ros.types.keypoints import FrameKeypoints, absent

pytestmark = pytest.mark.ros

PUPPET = open_puppet("pointing")
ACTION = PUPPET.true_actions[0]
FIRST = round((ACTION.start_s + 0.6) * PUPPET.fps)


def truth(number: int) -> FrameKeypoints:
    return replace(PUPPET.truth(number), frame_id="camera_optical_frame")


def without_depth(frame: FrameKeypoints) -> FrameKeypoints:
    people = tuple(
        replace(one, body_camera=absent(33, 3), hands_camera=absent(2, 21, 3))
        for one in frame.people
    )
    return replace(frame, people=people)


@pytest.fixture
def running(graph):
    """Return the node, the rays that it published, and a function that sends it a frame."""
    node = graph.add(Pointing())
    rays = graph.probe.listen(msg.PointingRays, "pointing", RELIABLE)
    send = graph.probe.publisher(msg.BodyHandKeypoints, "keypoints", RELIABLE)
    graph.on_match(node, "/pointing")
    return node, rays, lambda frame: send(keypoints_to_message(frame))


def test_a_stretched_arm_has_a_ray_in_the_frame_of_the_camera(running, wait):
    _, published, send = running
    for number in range(FIRST, FIRST + 3):
        send(truth(number))
    wait(lambda: len(published) == 3, "three messages")
    message = published[-1]
    assert message.header.frame_id == "camera_optical_frame"
    (ray,) = message.rays
    assert (ray.track_id, ray.hand) == ("1", "right")
    direction = np.array([ray.direction.x, ray.direction.y, ray.direction.z])
    assert direction @ optical_direction(POINTED[0][0]) > np.cos(np.radians(4.0))
    assert 0.0 < ray.uncertainty < np.radians(8.0)
    assert ray.origin.z == pytest.approx(2.0, abs=0.2)


def test_while_nobody_points_an_empty_message_says_so(running, wait):
    _, published, send = running
    send(truth(0))
    wait(lambda: published, "a message")
    assert list(published[0].rays) == []


def test_keypoints_without_depth_are_counted_and_broken_ones_rejected(running, wait):
    node, published, send = running
    send(without_depth(truth(FIRST)))
    send(truth(FIRST + 1))
    wait(lambda: published, "a message")
    assert node.counters.totals["without depth"] == 1
    assert len(published) == 1
