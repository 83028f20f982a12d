"""Batches for training and validation, and weight decay."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.settings import BackboneSettings, NetworkSettings
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.module import AugmentedClips, Batch, TrainingModule, WholeClips
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.training.targets import ClipTargets, clip_targets

FEATURES = FeatureSettings(frames=8)
CLASSES = np.asarray([0, 1, 2] * 4)


def targets_of(trained_on: npt.NDArray[np.int64]) -> ClipTargets:
    names = ("wave", "nod", "background")
    labels, subjects = np.asarray(names)[CLASSES], np.asarray(["ada"] * 12)
    return clip_targets(labels, subjects, names, trained_on)


def drawn(store: ClipStore, clips: list[int], **options: object) -> AugmentedClips:
    settings = {"batch_size": 4, "batches": 3, "class_balance": 0.5, "seed": 0, **options}
    chosen = np.asarray(clips)
    targets = targets_of(chosen)
    return AugmentedClips(store, chosen, targets, FEATURES, AugmentationSettings(), **settings)


def tensors_of(batch: Batch) -> list[torch.Tensor]:
    """Return all tensors of a batch without further streams."""
    return [*batch[:4], *batch[-1]]


def same(first: list[Batch], second: list[Batch]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(
        torch.equal(a, b)
        for pair in pairs
        for a, b in zip(*(tensors_of(batch) for batch in pair), strict=True)
    )


def test_batches_depend_on_seed_epoch_and_process(webcam_store: ClipStore) -> None:
    clips = drawn(webcam_store, [*range(12)])
    first, second = list(clips), list(clips)
    assert same(first, list(drawn(webcam_store, [*range(12)])))
    assert not same(first, second)
    for options in ({"seed": 1}, {"rank": 1}):
        assert not same(first, list(drawn(webcam_store, [*range(12)], **options)))


def test_only_the_given_clips_are_drawn(webcam_store: ClipStore) -> None:
    # Rest turns some windows into background.
    classes = torch.cat([batch[-1].classes for batch in drawn(webcam_store, [1, 4, 7], batches=20)])
    assert set(classes.tolist()) <= {1, 2}
    assert (classes == 1).sum() > 40


def test_rare_classes_are_drawn_more_often_than_their_share(webcam_store: ClipStore) -> None:
    def share(balance: float) -> float:
        clips = drawn(webcam_store, [0, 3, 6, 9, 1], batches=40, class_balance=balance)
        classes = torch.cat([batch[-1].classes for batch in clips])
        return float((classes == 1).float().mean())

    assert share(0.0) < 0.3 < share(1.0)


def test_twins_are_other_clips_of_the_same_person_and_label(webcam_store: ClipStore) -> None:
    clips = drawn(webcam_store, [0, 1, 3, 4, 6], batches=10, batch_size=5, twins=True)
    for *_, targets in clips:
        own = targets.own_labels.numpy()
        assert len(own) == 5
        # Rest has no label.
        both = (own[:2] >= 0) & (own[3:] >= 0)
        assert (own[:2][both] // 2 == own[3:][both] // 2).all()


def test_whole_clips_come_in_their_order(webcam_store: ClipStore) -> None:
    targets = targets_of(np.arange(12))
    batches = WholeClips(webcam_store, np.asarray([5, 0, 7]), targets, FEATURES, 2)
    assert len(batches) == 2
    assert [batch[-1].classes.tolist() for batch in (batches[0], batches[1])] == [[2, 0], [1]]
    assert batches[1][0].shape == (1, FEATURES.body_channels, 8, 21, 1)
    with pytest.raises(IndexError):
        batches[2]


def test_only_weights_decay() -> None:
    size = BackboneSettings(channels=(8,), depths=(1,))
    network = NetworkSettings(
        "base", 3, 7, 14, "mediapipe_upper_body", "mediapipe_hand", size, size
    )
    settings = TrainingSettings(name="tiny", class_names=("a", "b"), weight_decay=0.5)
    module = TrainingModule(network, settings, steps=10, targets=targets_of(np.arange(12)))
    groups = module.configure_optimizers()["optimizer"].param_groups
    decay = {id(one): group["weight_decay"] for group in groups for one in group["params"]}
    for name, parameter in module.named_parameters():
        # Decay would pull a tap to the centre of the window.
        free = name.endswith(("offsets", "bias")) or "normalise" in name
        if free or name.endswith(("classify.weight", "adjacency")):
            assert decay[id(parameter)] == (0.0 if free else 0.5), name
    assert len(decay) == len(list(module.parameters()))
