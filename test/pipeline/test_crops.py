"""Recognition with crops: seen while images come, and the skeleton's word alone when they stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.crops import FrameCrops
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

STEP_NS = 50_000_000


@pytest.fixture(scope="module")
def seeing(rgb_bundle: Path) -> Recognizer:
    return Recognizer(load_bundle(rgb_bundle), "cpu")


@pytest.fixture(scope="module")
def skeleton(rgb_bundle: Path) -> Recognizer:
    """Return a recogniser with the skeleton of the same network, and no stream beside it."""
    bundle = load_bundle(rgb_bundle)
    assert isinstance(bundle.network, Multimodal)
    description = replace(bundle.description, streams={})
    return Recognizer(ModelBundle(rgb_bundle, description, bundle.network.skeleton), "cpu")


def frame(number: int, *tracks: str) -> FrameKeypoints:
    people = []
    for track in tracks:
        random = np.random.default_rng((number, ord(track)))
        body = random.uniform(0, 400, (33, 4)).astype(np.float32)
        body[:, 3] = 1.0
        people.append(PersonKeypoints(track, body=body))
    return FrameKeypoints(number * STEP_NS, 640, 480, tuple(people))


def crops_of(colour: int, size: int) -> FrameCrops:
    """Return crops whose left half has a colour."""
    pixels = np.zeros((2, size, size, 3), dtype=np.uint8)
    pixels[:, :, : size // 2] = colour
    return FrameCrops(pixels, np.ones(2, dtype=bool))


def test_a_window_keeps_the_crops_of_those_frames_that_have_them() -> None:
    window = TrackWindow(0.2)
    for number in range(8):
        person = frame(number, "a").people[0]
        window.add(number * STEP_NS, person, crops_of(number, 8) if number % 2 else None)
    sequence = window.sequence()
    assert sequence.crops is not None
    np.testing.assert_allclose(sequence.stamps, [-0.2, -0.15, -0.1, -0.05, 0.0])
    np.testing.assert_allclose(sequence.crops.stamps, [-0.2, -0.1, 0.0])
    assert sequence.crops.pixels[:, 0, 0, 0, 0].tolist() == [3, 5, 7]
    for number in range(8, 16):
        window.add(number * STEP_NS, frame(number, "a").people[0])
    assert window.sequence().crops is None


def test_crops_join_the_decision_and_their_absence_leaves_that_of_the_skeleton(
    seeing: Recognizer, skeleton: Recognizer, cropped: Any
) -> None:
    seen = cropped.holding("cup", 0)
    blind = replace(seen, crops=None)
    with_crops, without = (seeing.logits([one]) for one in (seen, blind))
    alone = skeleton.logits([blind]).ensemble
    assert with_crops.stream_seen.tolist() == [[True]]
    assert without.stream_seen.tolist() == [[False]]
    torch.testing.assert_close(without.ensemble, alone, rtol=0, atol=1e-6)
    torch.testing.assert_close(with_crops.skeleton, alone, rtol=0, atol=1e-6)
    assert (with_crops.ensemble - alone).abs().max() > 1e-3


def test_somebody_with_crops_scores_beside_somebody_without_as_each_does_alone(
    seeing: Recognizer, cropped: Any
) -> None:
    people = [cropped.holding("cup", 0), cropped.holding("leaf", 1, crops=False)]
    together = seeing.score(people, 0).tracks
    for person, track in zip(people, together, strict=True):
        (alone,) = seeing.score([person], 0).tracks
        np.testing.assert_allclose(track.probabilities, alone.probabilities, atol=1e-5)


def test_warming_up_with_crops_changes_nothing(seeing: Recognizer, cropped: Any) -> None:
    person = cropped.holding("cup", 0)
    before = seeing.logits([person]).ensemble
    seeing.warm_up(2)
    torch.testing.assert_close(seeing.logits([person]).ensemble, before, rtol=0, atol=0)


def test_crops_of_another_size_are_refused(seeing: Recognizer, cropped: Any) -> None:
    person = cropped.holding("cup", 0)
    assert person.crops is not None
    small = replace(person.crops, pixels=person.crops.pixels[:, :, :8, :8])
    with pytest.raises(ValueError, match="crops: the model takes 2 regions of 16 pixels, got 2 of"):
        seeing.logits([replace(person, crops=small)])


def play(
    stream: SlidingRecognizer, frames: range, size: int, images_until: int
) -> list[ActionScores]:
    """Push frames of two people, the first with crops up to some frame; return what is said."""
    said = []
    for number in frames:
        crops = {"a": crops_of(200, size)} if number < images_until else None
        scores = stream.update(frame(number, "a", "b"), crops)
        assert scores is not None
        said.append(scores)
    return said


def test_when_images_stop_the_stream_goes_on_with_the_skeleton(
    seeing: Recognizer, skeleton: Recognizer, cropped: Any
) -> None:
    size = cropped.SIZE
    with_images = SlidingRecognizer(seeing, stride_s=0.0, least_fill=0.0)
    without = SlidingRecognizer(skeleton, stride_s=0.0, least_fill=0.0)
    found = play(with_images, range(60), size, images_until=30)
    plain = play(without, range(60), size, images_until=0)
    apart = np.asarray(
        [
            [
                np.abs(one.probabilities - other.probabilities).max()
                for one, other in zip(scores.tracks, expected.tracks, strict=True)
            ]
            for scores, expected in zip(found, plain, strict=True)
        ]
    )
    assert (apart[5:30, 0] > 1e-4).all()
    # A second after the last image, nothing of it is left in the window of one second.
    assert (apart[52:, 0] < 1e-5).all()
    # Nobody ever cut out crops of the other one.
    assert (apart[:, 1] < 1e-5).all()


def test_a_stream_without_images_says_what_a_model_for_skeletons_says(
    seeing: Recognizer, skeleton: Recognizer, cropped: Any
) -> None:
    both = [
        play(SlidingRecognizer(one, stride_s=0.0, least_fill=0.0), range(30), cropped.SIZE, 0)
        for one in (seeing, skeleton)
    ]
    for scores, expected in zip(*both, strict=True):
        for one, other in zip(scores.tracks, expected.tracks, strict=True):
            np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


def test_a_model_for_skeletons_does_not_mind_crops(tiny_bundle: Path, cropped: Any) -> None:
    recognizer = Recognizer(load_bundle(tiny_bundle), "cpu")
    person = cropped.holding("cup", 0)
    blind = recognizer.logits([replace(person, crops=None)]).ensemble
    assert torch.equal(recognizer.logits([person]).ensemble, blind)
