"""Training: variation of clips, loss, calibration, settings, and a whole run on a tiny file."""

from __future__ import annotations

import argparse
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.nn.functional import cross_entropy

from bharnet_ros.datasets.holistic_wild import read_holistic_wild
from bharnet_ros.features import KeypointBatch
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_resource
from bharnet_ros.skeleton.layouts import get_layout
from bharnet_ros.training.augmentation import AugmentationSettings, augmented_batch
from bharnet_ros.training.calibration import fit_temperature
from bharnet_ros.training.clips import ClipStore, store_clips
from bharnet_ros.training.losses import LossSettings, ensemble_loss
from bharnet_ros.training.settings import read_settings

_spec = importlib.util.spec_from_file_location(
    "tiny_data", Path(__file__).resolve().parent.parent / "tiny_data.py"
)
assert _spec is not None and _spec.loader is not None
tiny_data = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiny_data)

LAYOUT = get_layout("mediapipe_upper_body")
CLASS_NAMES = ("wave", "point", "background")
BACKGROUND_ID = 2
UNSMOOTHED = LossSettings(label_smoothing=0.0)
FRAMES = 8

UNVARIED = AugmentationSettings(
    speed=(1.0, 1.0),
    warp=0.0,
    slow_rate_probability=0.0,
    frame_loss_probability=0.0,
    mirror_probability=0.0,
    aspect=(1.0, 1.0),
    rotation=0.0,
    noise=0.0,
    hand_gap_probability=0.0,
    hand_absent_probability=0.0,
    weaker_hand_absent_probability=0.0,
    rest_probability=0.0,
    background_rest_probability=0.0,
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with 12 clips by four people."""
    arrays = tiny_data.tiny_arrays(
        ("wave", "point", "jump") * 4, tuple(name for name in "abcd" for _ in range(3))
    )
    path: Path = tiny_data.write_clips(tmp_path_factory.mktemp("data") / "tiny.npz", arrays)
    return path


@pytest.fixture(scope="module")
def store(clips: Path) -> ClipStore:
    data = read_holistic_wild(clips)
    return store_clips(data.sequences(np.arange(len(data))), LAYOUT, CLASS_NAMES, BACKGROUND_ID)


def vary(
    store: ClipStore, settings: AugmentationSettings, seed: int = 0
) -> tuple[KeypointBatch, npt.NDArray[np.int64]]:
    return augmented_batch(
        store,
        np.arange(len(store)),
        FRAMES,
        LAYOUT,
        BACKGROUND_ID,
        settings,
        np.random.default_rng(seed),
    )


def test_labels_that_are_no_class_are_trained_on_as_background(store: ClipStore) -> None:
    assert store.classes.tolist() == [0, 1, 2] * 4
    assert store.people.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_variation_depends_on_the_seed_alone(store: ClipStore) -> None:
    settings = AugmentationSettings(background_rest_probability=0.3)
    first, first_classes = vary(store, settings, seed=5)
    again, again_classes = vary(store, settings, seed=5)
    other, _ = vary(store, settings, seed=6)
    np.testing.assert_array_equal(first_classes, again_classes)
    for name in ("body", "body_mask", "hands", "hand_mask"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.body, other.body)


def test_mirror_swaps_sides(store: ClipStore) -> None:
    plain, _ = vary(store, UNVARIED)
    mirrored, classes = vary(store, replace(UNVARIED, mirror_probability=1.0))

    left, right = LAYOUT.joints.index("left_wrist"), LAYOUT.joints.index("right_wrist")
    flip = np.asarray([-1.0, 1.0])
    np.testing.assert_allclose(
        mirrored.body[:, :, left], plain.body[:, :, right] * flip, rtol=1e-5, atol=1e-3
    )
    np.testing.assert_array_equal(mirrored.body_mask[:, :, left], plain.body_mask[:, :, right])
    np.testing.assert_array_equal(mirrored.hand_mask, plain.hand_mask[:, :, ::-1])
    np.testing.assert_allclose(
        np.abs(mirrored.hands[..., :2]), plain.hands[:, :, ::-1, :, :2], rtol=1e-5, atol=1e-3
    )
    assert (mirrored.hands[..., 0] <= 0).all()
    assert not np.array_equal(plain.hand_mask, mirrored.hand_mask)
    np.testing.assert_array_equal(classes, store.classes)


def test_masked_hands_are_zero_whatever_is_varied(store: ClipStore) -> None:
    settings = AugmentationSettings(hand_gap_probability=0.7, noise=0.1, rest_probability=0.5)
    batch, _ = vary(store, settings)
    masked = batch.hand_mask == 0
    assert masked.any() and not masked.all()
    assert (batch.hands[masked] == 0).all()
    assert (batch.hands[~masked] != 0).any(axis=(1, 2)).all()


def test_absent_hands_are_absent_throughout(store: ClipStore) -> None:
    batch, _ = vary(store, replace(UNVARIED, hand_absent_probability=1.0))
    assert (batch.hand_mask == 0).all()


def test_rest_alone_is_background(store: ClipStore) -> None:
    _, unvaried = vary(store, UNVARIED)
    batch, classes = vary(store, replace(UNVARIED, background_rest_probability=1.0))
    assert set(unvaried.tolist()) == {0, 1, 2}
    assert (classes == BACKGROUND_ID).all()
    # At most a fifth of a window that is background still shows hands.
    assert batch.hand_mask.mean() < vary(store, UNVARIED)[0].hand_mask.mean() / 2


def test_temperature_is_recovered() -> None:
    generator = torch.Generator().manual_seed(0)
    true_logits = 2.0 * torch.randn(5000, 5, generator=generator)
    classes = torch.multinomial(torch.softmax(true_logits, 1), 1, generator=generator)[:, 0]
    for temperature in (0.5, 2.5):
        found = fit_temperature(true_logits * temperature, classes)
        assert found == pytest.approx(temperature, rel=0.05)


def test_loss_adds_each_expert_to_the_ensemble() -> None:
    body, hand = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0]])
    classes = torch.tensor([0, 1])
    logits = ExpertLogits.of_single_heads(body + hand, body, hand, torch.tensor([True, False]))
    # The hand expert has seen nothing of the second sample.
    expected = cross_entropy(body + hand, classes) + 0.5 * (
        cross_entropy(body, classes) + cross_entropy(hand[:1], classes[:1])
    )
    assert float(ensemble_loss(logits, classes, UNSMOOTHED)) == pytest.approx(float(expected))


def test_loss_without_hands_ignores_the_hand_expert() -> None:
    body, classes = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    hand = torch.zeros(2, 2, requires_grad=True)
    logits = ExpertLogits.of_single_heads(body, body, hand, torch.zeros(2, dtype=torch.bool))
    loss = ensemble_loss(logits, classes, UNSMOOTHED)
    assert float(loss) == pytest.approx(1.5 * float(cross_entropy(body, classes)))
    assert not loss.requires_grad


@pytest.mark.parametrize(
    ("off", "expected_weights"),
    [("ensemble", (0.0, 0.5, 0.5)), ("body", (1.0, 0.0, 0.5)), ("hand", (1.0, 0.5, 0.0))],
)
def test_each_part_of_the_loss_can_be_switched_off(
    off: str, expected_weights: tuple[float, float, float]
) -> None:
    body, hand = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0]])
    classes = torch.tensor([0, 1])
    logits = ExpertLogits.of_single_heads(body + hand, body, hand, torch.tensor([True, True]))
    settings = replace(UNSMOOTHED, **{f"{off}_weight": 0.0})
    expected = sum(
        weight * float(cross_entropy(judged, classes))
        for weight, judged in zip(expected_weights, (body + hand, body, hand), strict=True)
    )
    assert float(ensemble_loss(logits, classes, settings)) == pytest.approx(expected)


def test_a_loss_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="ensemble_weight, body_weight, hand_weight: at least one"):
        LossSettings(ensemble_weight=0.0, body_weight=0.0, hand_weight=0.0)


def test_shipped_settings_are_read() -> None:
    settings = read_settings(find_resource("config/train/gestures.yaml"))
    assert settings.name == "gestures"
    # Unquoted, YAML takes these two for truth values.
    assert {"yes", "no"} <= set(settings.class_names)
    assert settings.body.channels == (16, 32, 64)
    assert settings.augmentation.background_rest_probability == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: x\nclass_names: [a]\nepoch: 3\n", "epoch: is no setting; known are .*epochs"),
        ("name: x\nclass_names: [a]\nbody: {width: 3}\n", r"body\.width: is no setting"),
        ("name: x\nclass_names: [a]\nbody: 3\n", "body: expected a mapping"),
        ("name: x\n", ".*class_names"),
        ("- name\n", "expected a mapping of settings"),
        ("name: [\n", "cannot be read as YAML"),
    ],
)
def test_wrong_setting_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"train\.yaml: {complaint}"):
        read_settings(path)


SETTINGS = """
name: tiny
class_names: [wave, point]
features: {frames: 8}
body: {channels: [8, 16], depths: [1, 1]}
hand: {channels: [8, 16], depths: [1, 1]}
window_s: 1.5
epochs: 7
batch_size: 4
"""


def test_training_writes_a_bundle_that_can_be_used(clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")
    from bharnet_ros.training.train import add_arguments, run

    config = tmp_path / "tiny.yaml"
    config.write_text(SETTINGS, encoding="utf-8")
    sources = tiny_data.write_sources(tmp_path / "sources.csv", {"a": 0, "b": 0, "c": 1, "d": 1})
    out = tmp_path / "model"
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = ["--config", config, "--data", clips, "--subjects-from", sources, "--fold", 1]
    words += ["--out", out, "--device", "cpu", "--epochs", 1]

    status = run(parser.parse_args([str(word) for word in words]))

    description = load_bundle(out).description
    assert status == 0
    assert description.name == "tiny"
    assert description.class_names == CLASS_NAMES
    assert description.window_s == pytest.approx(1.5)
    assert description.training["settings"]["epochs"] == 1
    assert (description.training["clips"], description.training["people"]) == (6, 2)
    assert description.training["licences_of_sources"] == {"MIT": 2}
    assert description.metrics["held_out_fold"] == 1
    assert (description.metrics["clips"], description.metrics["unknown_clips"]) == (4, 2)
    assert description.temperature > 0
    assert list((out / "checkpoints").glob("*.ckpt"))
    assert "wave, point" in (out / "README.md").read_text(encoding="utf-8")
