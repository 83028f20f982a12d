"""Training that goes on from the weights of another bundle, with other classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bharnet_ros.network.build import build_network
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.weights import load_network

pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

from bharnet_ros.training.initial_weights import take_weights
from bharnet_ros.types.errors import InputError


def test_weights_are_copied_and_heads_row_by_row_for_known_classes(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    known = bundle.description.class_names
    wanted = ("nod", *reversed(known[1:]))
    description = replace(bundle.description, class_names=wanted)
    torch.manual_seed(5)
    network = build_network(description.network_settings())
    before = {name: values.clone() for name, values in network.state_dict().items()}
    take_weights(network, tiny_bundle, description)

    trained = load_network(bundle).state_dict()
    heads = 0
    for name, values in network.state_dict().items():
        if ".classify." not in name:
            assert torch.equal(values, trained[name]), name
            continue
        heads += 1
        assert torch.equal(values[0], before[name][0])
        for row, label in enumerate(wanted[1:], start=1):
            assert torch.equal(values[row], trained[name][known.index(label)])
    assert heads


def test_a_bundle_of_another_network_is_refused(tiny_bundle: Path) -> None:
    description = load_bundle(tiny_bundle).description
    wider = replace(description, hand=replace(description.hand, channels=(8, 24)))
    for other, message in (
        (replace(description, variant="pooling"), "variant: is base, must be pooling"),
        (wider, "is of another network: "),
    ):
        network = build_network(other.network_settings())
        with pytest.raises(InputError, match=message):
            take_weights(network, tiny_bundle, other)


def test_weights_that_saw_the_clips_held_out_are_refused(tiny_bundle: Path) -> None:
    description = load_bundle(tiny_bundle).description
    network = build_network(description.network_settings())
    training = description.training
    for protocol in ("fold_1", "everybody"):
        wanted = replace(description, training={**training, "protocol": protocol})
        if protocol == "everybody":
            take_weights(network, tiny_bundle, wanted)
            continue
        with pytest.raises(InputError, match=r"weights_from: .* on clips that fold_1 holds out"):
            take_weights(network, tiny_bundle, wanted)
