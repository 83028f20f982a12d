"""Settings of features, crops and `rgb`: wrong values are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from bharnet_ros.features.rgb_settings import RgbSettings
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.errors import InputError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frames": 1}, "frames: must be at least 2, got 1"),
        ({"modalities": ()}, "modalities: .*known are joint, bone"),
        ({"modalities": ("joint", "colour")}, "modalities: .*'colour'"),
        ({"body_layout": "centaur"}, "'centaur' is unknown"),
        ({"hand_layout": "hoof"}, "'hoof' is unknown"),
        ({"hanging_drop": -1.0}, "hanging_drop: must be 0 or positive, got -1.0"),
        ({"hip_confidence": 0.0}, "hip_confidence: must be greater than 0 and at most 1, got 0.0"),
        ({"hip_confidence": 1.1}, "hip_confidence: must be greater than 0 and at most 1, got 1.1"),
        ({"frames": 24.5}, "^frames: expected a whole number, got 24.5"),
        ({"frames": True}, "^frames: expected a whole number, got True"),
        ({"modalities": "joint"}, "^modalities: expected a list of texts, got 'joint'"),
        ({"modalities": ("joint", 2)}, "^modalities: expected a list of texts"),
        ({"body_layout": ["mediapipe_body"]}, "^body_layout: expected a text"),
        ({"align_heading": "no"}, "^align_heading: expected true or false, got 'no'"),
        ({"hanging_drop": "far"}, "^hanging_drop: expected a number, got 'far'"),
        ({"hanging_drop": 10**400}, "^hanging_drop: expected a number"),
    ],
)
def test_wrong_feature_settings_are_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FeatureSettings(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"colour": 1, 2: 3}, "^2: is not an option; known are backbone"),
        ({"backbone": 5}, "^backbone: expected a text, got 5"),
        ({"channels": 4.5}, "^channels: expected a whole number"),
        ({"channels": 0}, "^channels: must be positive, got 0"),
        ({"full_size": "no"}, "^full_size: expected true or false"),
        ({"size": "large"}, "^size: expected a whole number, got 'large'"),
        ({"moments": float("inf")}, "^moments: expected a whole number, got inf"),
        ({"regions": "left_hand"}, "^regions: expected a list of texts, got 'left_hand'"),
        ({"regions": None}, "^regions: expected a list of texts, got None"),
    ],
)
def test_wrong_rgb_options_are_refused_by_name(wrong: dict[Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RgbSettings.of(wrong)


def test_lists_and_integers_are_accepted_for_tuples_and_floats() -> None:
    settings = RgbSettings.of({"regions": ["right_hand"], "hand_reach": 1})
    assert settings.crops.regions == ("right_hand",)
    assert FeatureSettings(hanging_drop=1).hanging_drop == 1
