"""Random people and their features, for tests of features."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from bharnet_ros.datasets.base import RecordedClip, stack_people
from bharnet_ros.features.modalities import NetworkInput, network_input
from bharnet_ros.features.resampling import resample
from bharnet_ros.features.settings import MODALITIES, FeatureSettings
from bharnet_ros.types.keypoints import KeypointSequence

PIXELS = FeatureSettings(frames=16, modalities=MODALITIES)
METRES = FeatureSettings(frames=16, body_layout="kinect_v2", modalities=MODALITIES)
WIDTH, HEIGHT = 640, 480
BODY_JOINTS = 33


def person(seed: int = 0, frames: int = 20) -> KeypointSequence:
    """Return a person of plausible size who moves at random; all keypoints are seen."""
    rng = np.random.default_rng(seed)
    body = rng.uniform((200, 100, 0), (440, 380, 0), (BODY_JOINTS, 3))
    body[11, :2], body[12, :2] = (380, 200), (260, 205)
    moving = body + rng.normal(0, 4, (frames, BODY_JOINTS, 3)).cumsum(0)
    confidence = rng.uniform(0.5, 1.0, (frames, BODY_JOINTS, 1))
    hands = rng.normal(0, 15, (2, 21, 3)) + np.array([[[420, 330, 0]], [[220, 340, 0]]])
    hands[:, 9] = hands[:, 0] + (3, -35, 2)
    return KeypointSequence(
        stamps=np.arange(frames) / 30.0,
        body=np.concatenate([moving, confidence], -1).astype(np.float32),
        hands=(hands + rng.normal(0, 3, (frames, 2, 21, 3)).cumsum(0)).astype(np.float32),
        hand_scores=np.ones((frames, 2), dtype=np.float32),
        width=WIDTH,
        height=HEIGHT,
    )


def tracked(seed: int = 0, frames: int = 20) -> KeypointSequence:
    """Return a person before a depth camera, in metres, whose hands are in pixels."""
    rng = np.random.default_rng(seed)
    body = rng.uniform((-0.5, -0.9, 2.6), (0.5, 0.9, 3.2), (25, 3))
    body[4], body[8], body[20] = (-0.2, 0.4, 2.9), (0.2, 0.4, 2.9), (0.0, 0.45, 2.9)
    moving = body + rng.normal(0, 0.01, (frames, 25, 3)).cumsum(0)
    confidence = rng.uniform(0.5, 1.0, (frames, 25, 1))
    return dataclasses.replace(
        person(seed, frames),
        body=np.concatenate([moving, confidence], -1).astype(np.float32),
        body_layout="kinect_v2",
    )


def samples(settings: FeatureSettings, *clips: Sequence[KeypointSequence]) -> NetworkInput:
    """Return the features of clips of up to two people."""
    recorded = [RecordedClip(f"clip_{row}", tuple(clip), "wave") for row, clip in enumerate(clips)]
    return network_input(stack_people(recorded, settings, people=2), settings)


def features(
    sequence: KeypointSequence, settings: FeatureSettings = PIXELS, window_s: float | None = None
) -> NetworkInput:
    """Return the features of one person."""
    return network_input(resample([sequence], settings, window_s), settings)


def assert_same(first: NetworkInput, second: NetworkInput, atol: float = 2e-4) -> None:
    """Compare every array of two inputs."""
    for field in dataclasses.fields(NetworkInput):
        one, other = getattr(first, field.name), getattr(second, field.name)
        np.testing.assert_allclose(one, other, atol=atol, rtol=0, err_msg=field.name)


def assert_finite(given: NetworkInput) -> None:
    """Check that every array is finite."""
    for field in dataclasses.fields(NetworkInput):
        assert np.isfinite(getattr(given, field.name)).all(), field.name
