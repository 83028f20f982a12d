"""A model of bodies in metres, with camera coordinates measured from the puppet's depth."""

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
def waving():
    """Return two seconds of a waving puppet: the true keypoints, and those measured by depth."""
    puppet = open_puppet("hello", **SIZE)
    truths = [puppet.truth(number) for number in range(10, 30)]
    measured = [
        with_depth(without_camera(truth), puppet.depth(number), puppet.camera)
        for number, truth in enumerate(truths, 10)
    ]
    return truths, measured


def without_camera(frame: FrameKeypoints) -> FrameKeypoints:
    """Return a frame without camera coordinates."""
    people = tuple(
        dataclasses.replace(one, body_camera=absent(33, 3), hands_camera=absent(2, 21, 3))
        for one in frame.people
    )
    return dataclasses.replace(frame, people=people)


@pytest.fixture
def sliding(tmp_path):
    folder = make_bundle(tmp_path / "metric", body_layout=LAYOUT)
    return SlidingRecognizer(Recognizer(load_bundle(folder), "cpu"), stride_s=0.0)


def last_window(sliding, frames):
    """Return the window at the last of these frames."""
    sliding.reset()
    return [sliding.push(frame) for frame in frames][-1].sequences[0]


def test_the_network_takes_the_camera_coordinates_of_the_joints(sliding, waving):
    truths, measured = waving
    settings = sliding.recognizer.description.features
    sources = list(get_layout(LAYOUT).sources)
    found, expected = (
        resample([last_window(sliding, frames)], settings, 1.0) for frames in (measured, truths)
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
    # The network's input is in shoulder widths and relative to the shoulders.
    body, truth = (network_input(one, settings).body[0, :3] for one in (found, expected))
    difference = np.abs(body - truth)[:, seen[0], 0]
    assert np.percentile(difference, 90) < 0.15


def test_the_distance_of_a_person_does_not_matter_to_the_network(sliding, waving):
    settings = sliding.recognizer.description.features
    near = last_window(sliding, waving[0])
    places = near.body.copy()
    places[..., :3] += [0.4, -0.1, 2.0]
    far = dataclasses.replace(near, body=places)
    inputs = [network_input(resample([one], settings, 1.0), settings) for one in (near, far)]
    np.testing.assert_allclose(inputs[0].body, inputs[1].body, atol=1e-3)


def test_without_depth_the_hands_decide(sliding, waving):
    sliding.reset()
    scores = [sliding.update(without_camera(frame)) for frame in waving[0]][-1]
    (track,) = scores.tracks
    assert track.body_reliability == 0.0
    assert track.hand_reliability > 0.0
    assert np.isfinite(track.probabilities).all()


def test_pixels_are_refused_by_a_model_of_metres(waving, tmp_path):
    folder = make_bundle(tmp_path / "pixels")
    pixels = last_window(
        SlidingRecognizer(Recognizer(load_bundle(folder), "cpu"), stride_s=0), waving[0]
    )
    metric = Recognizer(load_bundle(make_bundle(tmp_path / "metric", body_layout=LAYOUT)), "cpu")
    with pytest.raises(ValueError, match=rf"{LAYOUT} is in metres.*mediapipe_body, in pixels"):
        metric.logits([pixels])


def test_a_layout_that_images_do_not_have_is_refused(tmp_path):
    folder = make_bundle(tmp_path / "kinect", body_layout="kinect_v1")
    with pytest.raises(ValueError, match="keypoints of images do not have the joints of kinect_v1"):
        SlidingRecognizer(Recognizer(load_bundle(folder), "cpu"))
