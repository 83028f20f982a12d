"""Recognition with crops while images come, and with the skeleton alone when they stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.pipeline.crops import RgbFeed
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.recognition.weights import load_network, write_bundle
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.crops import CropSettings, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

STEP_NS = 50_000_000


@pytest.fixture(scope="module")
def with_rgb(rgb_bundle: Path) -> Recognizer:
    return Recognizer(load_bundle(rgb_bundle), "cpu")


@pytest.fixture(scope="module")
def skeleton(rgb_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    """Return a recogniser with the skeleton part of the same network, without further streams."""
    bundle = load_bundle(rgb_bundle)
    network = load_network(bundle)
    assert isinstance(network, Multimodal)
    folder = tmp_path_factory.mktemp("skeleton")
    description = replace(bundle.description, streams={})
    write_bundle(folder, description, network.skeleton.state_dict(), "")
    return Recognizer(load_bundle(folder), "cpu")


def frame(number: int, *tracks: str) -> FrameKeypoints:
    people = []
    for track in tracks:
        random = np.random.default_rng((number, ord(track)))
        body = random.uniform(0, 400, (33, 4)).astype(np.float32)
        body[:, 3] = 1.0
        people.append(PersonKeypoints(track, body=body))
    return FrameKeypoints(number * STEP_NS, 640, 480, tuple(people))


def crops_of(colour: int, size: int) -> FrameCrops:
    """Return crops whose left half has this grey level."""
    pixels = np.zeros((2, size, size, 3), dtype=np.uint8)
    pixels[:, :, : size // 2] = colour
    return FrameCrops(pixels, np.ones(2, dtype=bool))


def test_a_window_keeps_the_crops_of_the_frames_that_have_them() -> None:
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


def test_crops_change_the_decision_and_without_them_the_skeleton_decides(
    with_rgb: Recognizer, skeleton: Recognizer, cropped: Any
) -> None:
    person = cropped.holding("cup", 0)
    cropless = replace(person, crops=None)
    with_crops, without = (with_rgb.logits([one]) for one in (person, cropless))
    alone = skeleton.logits([cropless]).ensemble
    assert with_crops.stream_seen.tolist() == [[True]]
    assert without.stream_seen.tolist() == [[False]]
    np.testing.assert_allclose(without.ensemble, alone, rtol=0, atol=1e-6)
    np.testing.assert_allclose(with_crops.skeleton, alone, rtol=0, atol=1e-6)
    assert np.abs(with_crops.ensemble - alone).max() > 1e-3


def test_people_with_and_without_crops_score_together_as_alone(
    with_rgb: Recognizer, cropped: Any
) -> None:
    people = [cropped.holding("cup", 0), cropped.holding("leaf", 1, crops=False)]
    together = with_rgb.score(people, 0).tracks
    for person, track in zip(people, together, strict=True):
        (alone,) = with_rgb.score([person], 0).tracks
        np.testing.assert_allclose(track.probabilities, alone.probabilities, atol=1e-5)


def test_warming_up_with_crops_changes_no_scores(with_rgb: Recognizer, cropped: Any) -> None:
    person = cropped.holding("cup", 0)
    before = with_rgb.logits([person]).ensemble
    with_rgb.warm_up(2)
    np.testing.assert_array_equal(with_rgb.logits([person]).ensemble, before)


def test_crops_of_another_size_are_refused(with_rgb: Recognizer, cropped: Any) -> None:
    person = cropped.holding("cup", 0)
    assert person.crops is not None
    small = replace(person.crops, pixels=person.crops.pixels[:, :, :8, :8])
    with pytest.raises(ValueError, match="crops: the model takes 2 regions of 16 pixels, got 2 of"):
        with_rgb.logits([replace(person, crops=small)])


def play(
    stream: SlidingRecognizer, frames: range, size: int, images_until: int
) -> list[ActionScores]:
    """Push frames of two people, the first with crops up to a frame; return all scores."""
    found = []
    for number in frames:
        crops = {"a": crops_of(200, size)} if number < images_until else None
        scores = stream.update(frame(number, "a", "b"), crops)
        assert scores is not None
        found.append(scores)
    return found


def test_when_images_stop_the_skeleton_alone_is_scored(
    with_rgb: Recognizer, skeleton: Recognizer, cropped: Any
) -> None:
    size = cropped.SIZE
    with_images = SlidingRecognizer(with_rgb, stride_s=0.0, least_fill=0.0)
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
    # A second after the last image, the window of one second no longer contains it.
    assert (apart[52:, 0] < 1e-5).all()
    # The other person never has crops.
    assert (apart[:, 1] < 1e-5).all()


def test_without_images_the_scores_equal_those_of_a_skeleton_model(
    with_rgb: Recognizer, skeleton: Recognizer, cropped: Any
) -> None:
    both = [
        play(SlidingRecognizer(one, stride_s=0.0, least_fill=0.0), range(30), cropped.SIZE, 0)
        for one in (with_rgb, skeleton)
    ]
    for scores, expected in zip(*both, strict=True):
        for one, other in zip(scores.tracks, expected.tracks, strict=True):
            np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


def test_a_skeleton_model_ignores_crops(tiny_bundle: Path, cropped: Any) -> None:
    recognizer = Recognizer(load_bundle(tiny_bundle), "cpu")
    person = cropped.holding("cup", 0)
    without = recognizer.logits([replace(person, crops=None)]).ensemble
    assert np.array_equal(recognizer.logits([person]).ensemble, without)


def black_image(width: int = 640) -> np.ndarray:
    return np.zeros((480, width, 3), dtype=np.uint8)


def test_crops_are_due_twice_for_each_moment_of_the_window() -> None:
    feed = RgbFeed(CropSettings(size=16, moments=5), window_s=1.0)
    cuts = []
    for number in range(12):
        stamp = frame(number).stamp_ns
        if feed.due(stamp):
            assert list(feed.cut(black_image(), frame(number, "a", "b"))) == ["a", "b"]
            cuts.append(number)
    assert cuts == [0, 2, 4, 6, 8, 10]
    assert not feed.due(frame(11).stamp_ns)
    feed.reset()
    assert feed.due(0)


def test_an_image_of_another_size_than_that_of_the_keypoints_is_refused() -> None:
    feed = RgbFeed(CropSettings(size=16), window_s=1.0)
    message = "image: 320 x 480 pixels, but the keypoints are of an image of 640 x 480"
    with pytest.raises(InputError, match=message):
        feed.cut(black_image(320), frame(0, "a"))
    assert feed.due(0)


def test_images_have_stopped_after_a_second_of_keypoints_without_them() -> None:
    feed = RgbFeed(CropSettings(size=16), window_s=1.0)
    assert not feed.images_stopped(None)
    feed.note_keypoints(0)
    assert not feed.images_stopped(1_000_000_000)
    assert feed.images_stopped(1_000_000_001)
    feed.note_image(1_000_000_000)
    assert not feed.images_stopped(2_000_000_000)
    assert feed.images_stopped(2_000_000_001)
    feed.reset()
    assert not feed.images_stopped(9_000_000_000)


@pytest.mark.parametrize("window_s", [0.0, -1.0, float("nan")])
def test_a_feed_refuses_a_window_that_is_not_positive(window_s: float) -> None:
    with pytest.raises(InputError, match="window_s: must be positive"):
        RgbFeed(CropSettings(), window_s)
