"""Prepared crops: the nearest in time, with left hands mirrored to look like right ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bharnet_ros.features.streams import (
    STREAM_INPUTS,
    RgbPreparation,
    StreamPreparation,
    moments,
    nearest_crops,
    prepare_streams,
)
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence, absent

SIZE = 8


def crops_at(times: list[float], *, regions: int = 2) -> CropSequence:
    """Return crops with the time's index in red, the region's in green, and a blue left edge."""
    pixels = np.zeros((len(times), regions, SIZE, SIZE, 3), dtype=np.uint8)
    pixels[..., 0] = np.arange(len(times))[:, None, None, None]
    pixels[..., 1] = 10 * np.arange(regions)[None, :, None, None]
    pixels[:, :, :, 0, 2] = 255
    return CropSequence(np.array(times), pixels, np.ones((len(times), regions), dtype=bool))


def person(crops: CropSequence | None, seconds: float = 2.0) -> KeypointSequence:
    """Return a person without keypoints, with crops only."""
    frames = 5
    return KeypointSequence(
        stamps=np.linspace(0.0, seconds, frames),
        body=absent(frames, 33, 4),
        hands=absent(frames, 2, 21, 3),
        hand_scores=np.zeros((frames, 2), dtype=np.float32),
        crops=crops,
    )


def prepared(**options: object) -> RgbPreparation:
    return RgbPreparation({"size": SIZE, "moments": 4, **options})


def test_the_last_moment_is_the_end_of_the_window() -> None:
    assert moments(1.0, 3.0, 4).tolist() == [1.5, 2.0, 2.5, 3.0]


def test_the_nearest_crop_is_used_unless_it_is_too_far_away() -> None:
    pixels, present = nearest_crops(
        crops_at([0.0, 0.4, 0.5, 2.0]), np.array([0.1, 0.44, 0.46, 1.2, 2.1])
    )
    assert pixels[:, 0, 0, 0, 0].tolist()[:3] == [0, 1, 2]
    assert present[:, 0].tolist() == [True, True, True, False, True]


def test_left_hands_are_mirrored_and_absent_crops_are_masked() -> None:
    found = prepared().of([person(crops_at([0.5, 1.0, 1.5])), person(None)], None)
    assert found.values.shape == (2, 4, 2, 3, SIZE, SIZE)
    assert found.mask[0].tolist() == [[1, 1], [1, 1], [1, 1], [0, 0]]
    assert not found.mask[1].any()
    left, right = found.values[0, 0]
    assert left[2, :, -1].min() == 255 and not left[2, :, 0].any()
    assert right[2, :, 0].min() == 255 and not right[2, :, -1].any()


def test_a_window_ends_at_the_newest_frame() -> None:
    found = prepared().of([person(crops_at([0.0, 1.25, 1.5, 1.75, 2.0]))], 1.0)
    assert found.values[0, :, 1, 0, 0, 0].tolist() == [1, 2, 3, 4]


def test_the_hands_of_a_mirrored_person_change_places() -> None:
    preparation = prepared(regions=["left_hand", "right_hand", "upper_body"])
    crops = crops_at([0.5], regions=3)
    pixels, present = crops.pixels[None], crops.present[None].copy()
    present[0, 0, 0] = False
    plain = preparation.arranged(pixels, present, np.array([False]))
    turned = preparation.arranged(pixels, present, np.array([True]))
    assert np.array_equal(turned.values[:, :, 0], plain.values[:, :, 1])
    assert np.array_equal(turned.values[:, :, 1], plain.values[:, :, 0])
    assert np.array_equal(turned.values[:, :, 2], plain.values[:, :, 2, ..., ::-1])
    assert turned.mask[0, 0].tolist() == [1, 0, 1]
    assert plain.mask[0, 0].tolist() == [0, 1, 1]


def test_a_mirrored_person_has_no_crops_if_only_one_hand_was_cut() -> None:
    preparation = prepared(regions=["right_hand"])
    crops = crops_at([0.5], regions=1)
    turned = preparation.arranged(crops.pixels[None], crops.present[None], np.array([True]))
    assert not turned.mask.any()


def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="crops: the model takes 2 regions of 16 pixels, got 2 of"):
        prepared(size=16).of([person(crops_at([0.5]))], None)


def test_the_example_has_the_shape_of_real_input() -> None:
    example = prepared().example(3)
    assert example.values.shape == (3, 4, 2, 3, SIZE, SIZE)
    assert example.mask.all()


def test_an_unknown_stream_is_named() -> None:
    with pytest.raises(ValueError, match="streams: 'sonar' has no preparation; known are: rgb"):
        prepare_streams({"sonar": {}})


@pytest.mark.parametrize(
    ("given", "message"), [("many", "invalid literal"), (float("inf"), "infinity"), (None, "int")]
)
def test_a_wrong_option_of_any_stream_names_the_stream(
    given: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(options: Mapping[str, Any]) -> StreamPreparation:
        return prepared(moments=int(options["moments"]))

    monkeypatch.setitem(STREAM_INPUTS, "sonar", prepare)
    with pytest.raises(InputError, match=rf"^streams\.sonar: .*{message}"):
        prepare_streams({"sonar": {"moments": given}})
