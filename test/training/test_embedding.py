"""The embedding space of a trained network, and its background."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import BackboneSettings, NetworkSettings
from bharnet_ros.recognition.background import KINDS
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.embedding import fit_space, make_background
from bharnet_ros.training.losses import IGNORED
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.training.targets import clip_targets

FEATURES = FeatureSettings(frames=8)


def output_of(body: torch.Tensor, hand: torch.Tensor) -> ExpertOutput:
    logits = torch.zeros(len(body), 2)
    return ExpertOutput.of_skeleton(
        logits, logits, logits, hand.any(1), body_features=body, hand_features=hand
    )


def test_directions_in_which_labels_differ_count_most() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    # The first feature tells labels apart; the second is larger, but only noise.
    features = np.stack(
        [labels + 0.1 * random.standard_normal(200), 50 * random.standard_normal(200)], axis=1
    )
    body = torch.from_numpy(features).float()
    found = fit_space(output_of(body, torch.zeros(200, 0)), labels)
    assert found.size == 2
    mapped = (body.numpy() - found.body.centre) @ found.body.projection
    within = np.mean([mapped[labels == one].std(0) for one in range(10)], axis=0)
    between = np.stack([mapped[labels == one].mean(0) for one in range(10)]).std(0)
    assert between[0] / within[0] > 5 * between[1] / within[1]


def test_absent_parts_and_other_people_do_not_shape_the_space() -> None:
    torch.manual_seed(0)
    labels = np.repeat(np.arange(5), 6)
    body, hand = torch.rand(30, 3), torch.rand(30, 4)
    plain = fit_space(output_of(body, hand), labels)
    more_body = torch.cat([body, 100 * torch.rand(4, 3)])
    more_hand = torch.cat([hand, torch.zeros(4, 4)])
    others = fit_space(
        output_of(more_body, more_hand), np.concatenate([labels, np.full(4, IGNORED)])
    )
    np.testing.assert_array_equal(plain.body.projection, others.body.projection)
    np.testing.assert_array_equal(plain.hand.centre, others.hand.centre)


@pytest.fixture
def network() -> BHaRNet:
    torch.manual_seed(0)
    size = BackboneSettings(channels=(8,), depths=(1,), readout=(6,), maximum=True)
    settings = NetworkSettings(
        "base", 3, 7, 14, "mediapipe_upper_body", "mediapipe_hand", size, size
    )
    return build_network(settings).eval()


def test_the_background_shows_rest_transitions_and_unknown_motion(
    webcam_store: ClipStore, network: BHaRNet
) -> None:
    labels = np.asarray(["wave", "nod", "jump"] * 4)
    subjects = np.asarray(["ada"] * 6 + ["bob"] * 6)
    targets = clip_targets(labels, subjects, ("wave", "nod", "background"), np.arange(12))
    given = (network, webcam_store, targets, np.arange(12), FEATURES, AugmentationSettings(), 0)
    found = make_background(*given)
    # The unknown motion is the jump of each person.
    assert {kind: len(found.of_kind(kind)) for kind in KINDS} == {
        **{"rest": 12, "transition": 12},
        "unknown": 2,
    }
    length = np.linalg.norm(found.vectors, axis=1)
    np.testing.assert_allclose(length[length > 0], 1.0, rtol=1e-4)
    np.testing.assert_array_equal(found.vectors, make_background(*given).vectors)


def test_a_model_of_every_label_has_no_unknown_motion(
    webcam_store: ClipStore, network: BHaRNet
) -> None:
    labels = np.asarray(["wave", "nod"] * 6)
    targets = clip_targets(labels, np.full(12, "ada"), ("wave", "nod", "background"), np.arange(12))
    found = make_background(
        network, webcam_store, targets, np.arange(12), FEATURES, AugmentationSettings(), 0
    )
    assert len(found.of_kind("unknown")) == 0
    assert len(found.of_kind("rest")) == 12
