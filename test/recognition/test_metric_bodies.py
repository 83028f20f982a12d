"""A model of bodies in metres, given what depth says of the puppet."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from bundles import make_bundle

from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.resampling import resample
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import FrameKeypoints, absent
from bharnet_ros.types.layouts import get_layout

LAYOUT = "mediapipe_upper_body_metric"
SIZE = {"width": 320, "height": 240, "fps": 10.0}


@pytest.fixture(scope="module")
def shown():
    """Two seconds of a waving puppet: the truth, and what is measured of it."""
    puppet = open_puppet("hello", **SIZE)
    truths = [puppet.truth(number) for number in range(10, 30)]
    measured = [
        with_depth(without_places(truth), puppet.depth(number), puppet.camera)
        for number, truth in enumerate(truths, 10)
    ]
    return truths, measured


def without_places(frame: FrameKeypoints) -> FrameKeypoints:
    people = tuple(
        dataclasses.replace(one, body_camera=absent(33, 3), hands_camera=absent(2, 21, 3))
        for one in frame.people
    )
    return dataclasses.replace(frame, people=people)


@pytest.fixture
def stream(tmp_path):
    folder = make_bundle(tmp_path / "metric", body_layout=LAYOUT)
    return SlidingRecognizer(Recognizer(load_bundle(folder), "cpu"), stride_s=0.0)


def windows(stream, frames):
    """Return the last window of frames that are put into a stream."""
    stream.reset()
    return [stream.push(frame) for frame in frames][-1].sequences[0]


def test_network_is_given_the_places_of_the_joints(stream, shown):
    truths, measured = shown
    settings = stream.recognizer.description.features
    sources = list(get_layout(LAYOUT).sources)
    found, expected = (
        resample([windows(stream, frames)], settings, 1.0) for frames in (measured, truths)
    )
    newest = truths[-1].people[0]
    in_view = newest.body[sources, 3] > 0
    np.testing.assert_allclose(
        expected.body[0, -1, in_view], newest.body_camera[sources][in_view], atol=1e-5
    )
    seen = found.body_mask > 0
    # Hips and hanging hands are below the image.
    assert 0.5 < seen.mean() < 1.0
    distance = np.linalg.norm(found.body - expected.body, axis=-1)[seen]
    assert np.median(distance) < 0.005
    assert np.percentile(distance, 90) < 0.03
    # In shoulder widths, turned as the shoulders are: what the network takes.
    body, truth = (network_input(one, settings).body[0, :3] for one in (found, expected))
    difference = np.abs(body - truth)[:, seen[0], 0]
    assert np.percentile(difference, 90) < 0.15


def test_a_person_far_away_is_the_same_to_the_network(stream, shown):
    settings = stream.recognizer.description.features
    near = windows(stream, shown[0])
    places = near.body.copy()
    places[..., :3] += [0.4, -0.1, 2.0]
    far = dataclasses.replace(near, body=places)
    inputs = [network_input(resample([one], settings, 1.0), settings) for one in (near, far)]
    np.testing.assert_allclose(inputs[0].body, inputs[1].body, atol=1e-3)


def test_keypoints_without_depth_leave_the_hands_to_decide(stream, shown):
    stream.reset()
    scores = [stream.update(without_places(frame)) for frame in shown[0]][-1]
    (track,) = scores.tracks
    assert track.body_reliability == 0.0
    assert track.hand_reliability > 0.0
    assert np.isfinite(track.probabilities).all()


def test_pixels_are_not_taken_for_metres(shown, tmp_path):
    folder = make_bundle(tmp_path / "pixels")
    pixels = windows(
        SlidingRecognizer(Recognizer(load_bundle(folder), "cpu"), stride_s=0), shown[0]
    )
    metric = Recognizer(load_bundle(make_bundle(tmp_path / "metric", body_layout=LAYOUT)), "cpu")
    with pytest.raises(ValueError, match=rf"{LAYOUT} is in metres.*mediapipe_body, in pixels"):
        metric.logits([pixels])


def test_joints_that_no_image_shows_are_refused(tmp_path):
    folder = make_bundle(tmp_path / "kinect", body_layout="kinect_v1")
    with pytest.raises(ValueError, match="kinect_v1 are not among the keypoints"):
        SlidingRecognizer(Recognizer(load_bundle(folder), "cpu"))
