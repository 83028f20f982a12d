"""The model card: whom a model was trained on, and how to train it again."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bharnet_ros.evaluation.metrics.clips import ClipMetrics
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.training.card import model_card


@pytest.mark.parametrize(
    ("licences", "whom", "option"),
    [
        ({}, "Trained on everybody, so nobody is left to measure it on. ", ""),
        (
            {"only_licences": ["MIT", "CC0"]},
            "Trained on all 20 people who published under MIT or CC0 alone. ",
            " --licences MIT CC0",
        ),
    ],
)
def test_a_card_tells_everybody_from_all_of_some_licences(licences, whom, option):
    description = load_bundle(find_model("gestures_open")).description
    metrics = ClipMetrics(
        **{one.name: description.metrics[one.name] for one in fields(ClipMetrics)}
    )
    training = {**description.training, **licences}
    card = model_card(replace(description, training=training), metrics)
    assert whom + "The numbers are of models of\nthe same settings" in card
    assert f"config/train/gestures_open.yaml{option} --data holistic_wild.npz" in card
    assert "MIT (17 people), CC0 (1 person), Apache-2.0 (2 people)." in card
