"""The recogniser: scores depend on the motion, not on frame rate, device or other people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bharnet_ros.network.build import build_network
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.devices import choose_device
from bharnet_ros.recognition.output import softmax
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.weights import write_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import KeypointSequence

pytestmark = pytest.mark.slow

GESTURES = ("hello", "iloveyou", "help")
RATES = (10.0, 15.0, 25.0, 30.0, 60.0)


def puppet_sequence(script: str, fps: float) -> KeypointSequence:
    """Return the true keypoints of two seconds around the first action of a script."""
    puppet = open_puppet(script, fps=fps)
    act = puppet.true_actions[0]
    middle = round((act.start_s + act.end_s) / 2 * 10) / 10
    first, last = round(max(middle - 1.0, 0.0) * fps), round((middle + 1.0) * fps)
    people = [puppet.truth(n).people[0] for n in range(first, min(last + 1, puppet.frame_count))]
    return KeypointSequence(
        stamps=np.arange(first, first + len(people)) / fps,
        body=np.stack([person.body for person in people]),
        hands=np.stack([person.hands for person in people]),
        hand_scores=np.stack([person.hand_scores for person in people]),
        width=640,
        height=480,
        track_id="puppet",
    )


@pytest.fixture(scope="module")
def shipped() -> Recognizer:
    return Recognizer(load_bundle(find_model("gestures")), "cpu")


@pytest.mark.parametrize("gesture", GESTURES)
def test_the_same_motion_gets_the_same_decision_at_any_frame_rate(
    shipped: Recognizer, gesture: str
) -> None:
    probabilities = [
        shipped.score([puppet_sequence(gesture, fps)], 0).tracks[0].probabilities for fps in RATES
    ]
    names = [shipped.description.class_names[int(one.argmax())] for one in probabilities]
    assert len(set(names)) == 1, dict(zip(RATES, names, strict=True))
    difference = np.abs(np.stack(probabilities) - probabilities[-1]).max(axis=1)
    assert difference.max() < 0.15, dict(zip(RATES, difference, strict=True))


def test_people_in_a_batch_have_the_same_scores_as_alone(shipped: Recognizer) -> None:
    sequences = [puppet_sequence(gesture, 15.0) for gesture in GESTURES]
    together = shipped.score(sequences, 0).tracks
    for sequence, track in zip(sequences, together, strict=True):
        (alone,) = shipped.score([sequence], 0).tracks
        for name in ("probabilities", "body_probabilities", "hand_probabilities"):
            np.testing.assert_allclose(getattr(track, name), getattr(alone, name), atol=1e-5)
        assert track.body_reliability == alone.body_reliability
        assert track.hand_reliability == alone.hand_reliability


def test_scores_are_probabilities_and_have_the_times_of_the_window(shipped: Recognizer) -> None:
    sequence = puppet_sequence("hello", 15.0)
    scores = shipped.score([sequence], 10_000_000_000, "camera")
    assert (scores.stamp_ns, scores.frame_id, scores.model_name) == (
        10_000_000_000,
        "camera",
        "gestures",
    )
    (track,) = scores.tracks
    assert track.window_end_ns == 10_000_000_000
    assert sequence.duration > shipped.description.window_s
    assert track.window_start_ns == 10_000_000_000 - shipped.description.window_s * 1e9
    (brief,) = shipped.score([sequence], 10_000_000_000, window_s=60.0).tracks
    assert brief.window_start_ns == pytest.approx(10e9 - sequence.duration * 1e9, abs=1)
    assert track.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert shipped.score([], 5).tracks == ()


def test_the_temperature_divides_the_logits(tiny_bundle: Path) -> None:
    recognizer = Recognizer(load_bundle(tiny_bundle), "cpu")
    logits = recognizer.logits([puppet_sequence("hello", 15.0)])
    expected = softmax(logits.ensemble / recognizer.description.temperature)
    np.testing.assert_allclose(recognizer.probabilities(logits.ensemble), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="sequences"):
        recognizer.logits([])


@pytest.mark.parametrize("device", ["gpu", "mps", "cuda:99", "nonsense:1"])
def test_a_missing_device_is_refused_by_name(device: str) -> None:
    with pytest.raises(ValueError, match=f"device: '{device}'"):
        choose_device(device)


def test_warming_up_does_not_change_the_logits(tiny_bundle: Path) -> None:
    recognizer = Recognizer(load_bundle(tiny_bundle), "cpu")
    sequence = puppet_sequence("hello", 15.0)
    before = recognizer.logits([sequence]).ensemble
    recognizer.warm_up(2)
    np.testing.assert_array_equal(recognizer.logits([sequence]).ensemble, before)
    assert recognizer.device == "cpu"


@pytest.mark.parametrize(("body_layout", "joints"), [("kinect_v1", 20), ("kinect_v2", 25)])
def test_skeletons_of_depth_cameras_are_scored(
    tiny_bundle: Path, tmp_path: Path, body_layout: str, joints: int
) -> None:
    tiny = load_bundle(tiny_bundle).description
    description = replace(tiny, features=replace(tiny.features, body_layout=body_layout))
    network = build_network(description.network_settings())
    write_bundle(tmp_path, description, network.state_dict(), "")
    recognizer = Recognizer(load_bundle(tmp_path), "cpu")
    recognizer.warm_up(2)
    body = np.random.default_rng(0).uniform(-1, 3, (10, joints, 4)).astype(np.float32)
    hands = np.full((10, 2, 21, 3), np.nan, dtype=np.float32)
    person = KeypointSequence(
        np.arange(10) / 30, body, hands, np.zeros((10, 2)), body_layout=body_layout
    )
    person.body[..., 3] = 1.0
    logits = recognizer.logits([person])
    assert np.isfinite(logits.ensemble).all()
    assert not logits.hand_seen.any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_gives_the_same_probabilities_as_the_cpu(shipped: Recognizer) -> None:
    on_gpu = Recognizer(load_bundle(find_model("gestures")), "cuda")
    assert on_gpu.device.startswith("cuda:")
    sequences = [puppet_sequence(gesture, 15.0) for gesture in GESTURES]
    for cpu, gpu in zip(
        shipped.score(sequences, 0).tracks, on_gpu.score(sequences, 0).tracks, strict=True
    ):
        np.testing.assert_allclose(gpu.probabilities, cpu.probabilities, atol=2e-3)


def test_a_recorded_clip_gets_the_same_decision_at_half_its_frames(
    shipped: Recognizer, shared_data: Callable[[str], Path]
) -> None:
    from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild

    data = read_holistic_wild(shared_data("holistic_wild/holistic_wild.npz"))
    clip = int(np.flatnonzero(data.labels == "iloveyou")[0])
    whole = data.sequence(clip)
    kept = np.unique([*range(0, len(whole), 2), len(whole) - 1])
    halved = KeypointSequence(
        whole.stamps[kept], whole.body[kept], whole.hands[kept], whole.hand_scores[kept]
    )
    both = shipped.logits([whole, halved]).ensemble.argmax(1)
    assert both[0] == both[1]


def test_a_window_without_hands_is_background_if_the_model_needs_hands(
    tiny_bundle: Path,
) -> None:
    bundle = load_bundle(tiny_bundle)
    strict = replace(bundle, description=replace(bundle.description, least_hand_share=0.2))
    frames, random = 20, np.random.default_rng(3)
    body = random.uniform(0, 100, (frames, 33, 4)).astype(np.float32)
    hands = np.full((frames, 2, 21, 3), np.nan, dtype=np.float32)
    scores = np.zeros((frames, 2), dtype=np.float32)
    handless = KeypointSequence(np.arange(frames) / 20, body, hands, scores)
    shown = hands.copy()
    shown[10:, 1] = random.uniform(0, 100, (10, 21, 3))
    with_hand = KeypointSequence(np.arange(frames) / 20, body, shown, scores)

    tracks = Recognizer(strict, "cpu").score([handless, with_hand], stamp_ns=10**9).tracks
    free = Recognizer(bundle, "cpu").score([handless, with_hand], stamp_ns=10**9).tracks

    assert tracks[0].probabilities[bundle.description.background_id] == 1.0
    assert free[0].probabilities[bundle.description.background_id] < 1.0
    np.testing.assert_allclose(tracks[1].probabilities, free[1].probabilities, atol=1e-6)
