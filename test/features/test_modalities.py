"""Features of a person in an image: invariances, absent parts, mirroring."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from feature_inputs import PIXELS, WIDTH, assert_finite, assert_same, features, person

from bharnet_ros.features.settings import MODALITIES, FeatureSettings
from bharnet_ros.types.layouts import get_layout

BODY = get_layout(PIXELS.body_layout)


@pytest.mark.parametrize("modalities", [("joint",), ("bone", "joint_motion"), MODALITIES])
def test_shapes_agree_with_the_settings(modalities: tuple[str, ...]) -> None:
    settings = FeatureSettings(frames=10, modalities=modalities)
    given = features(person(), settings)
    assert given.body.shape == (1, settings.body_channels, 10, len(BODY), 1)
    assert given.hands.shape == (1, settings.hand_channels, 10, 21, 2)
    assert given.body_mask.shape == (1, 10, 1)
    assert given.hand_mask.shape == (1, 10, 2)
    assert {a.dtype for a in vars(given).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("body_seen", [True, False])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, (75, -40)), (0.5, (0, 0)), (1.7, (-120, 60))])
def test_position_and_size_in_the_image_do_not_matter(
    scale: float, shift: tuple[float, float], body_seen: bool
) -> None:
    near = person()
    if not body_seen:
        near.body[..., :3] = np.nan
    body, hands = near.body.copy(), near.hands.copy()
    body[..., :3] *= scale
    hands *= scale
    body[..., :2] += shift
    hands[..., :2] += shift
    far = dataclasses.replace(near, body=body, hands=hands)
    assert_same(features(near), features(far))


def test_motion_in_the_image_matters() -> None:
    still, moving = person(), person()
    moving.body[..., 0] += np.linspace(0, 60, len(moving))[:, None]
    assert np.abs(features(still).body - features(moving).body).max() > 0.1


@pytest.mark.parametrize("side", [0, 1])
def test_an_absent_hand_changes_nothing_else(side: int) -> None:
    complete, one_handed = person(), person()
    one_handed.hands[:, side] = np.nan
    with_both, with_one = features(complete), features(one_handed)
    assert_finite(with_one)
    assert np.array_equal(with_both.body, with_one.body)
    assert np.array_equal(with_both.hands[..., 1 - side], with_one.hands[..., 1 - side])
    assert not with_one.hands[..., side].any()
    assert not with_one.hand_mask[..., side].any()


def test_one_missing_landmark_makes_the_hand_absent_in_that_frame() -> None:
    partly, absent = person(), person()
    partly.hands[7, 0, 13, 2] = np.nan
    absent.hands[7, 0] = np.nan
    assert_finite(features(partly))
    assert_same(features(partly), features(absent), atol=0)


def test_hands_without_a_body_have_a_frame_of_their_own() -> None:
    sequence = person()
    sequence.body[..., :3] = np.nan
    given = features(sequence)
    assert_finite(given)
    assert not given.body.any()
    assert not given.body_mask.any()
    assert given.hand_mask.all()
    place = given.hands[0, :2]
    assert 0.1 < np.abs(place).max() < 8.0


def test_a_hand_far_below_the_shoulders_counts_as_absent() -> None:
    settings = dataclasses.replace(PIXELS, hanging_drop=2.0)
    sequence = person()
    lowered, without = sequence.hands.copy(), sequence.hands.copy()
    lowered[:, 0, :, 1] += 300.0
    without[:, 0] = np.nan
    assert_same(features(sequence, settings), features(sequence))
    hanging = features(dataclasses.replace(sequence, hands=lowered), settings)
    assert_same(hanging, features(dataclasses.replace(sequence, hands=without)))
    assert features(dataclasses.replace(sequence, hands=lowered)).hand_mask[..., 0].all()


def test_hands_do_not_hang_if_the_shoulders_are_not_seen() -> None:
    sequence = person()
    hidden = sequence.body.copy()
    hidden[:, 11, 3] = 0.0
    sequence = dataclasses.replace(sequence, body=hidden)
    settings = dataclasses.replace(PIXELS, hanging_drop=0.1)
    assert_same(features(sequence, settings), features(sequence))


def test_hips_that_come_into_view_change_nothing_if_they_are_in_doubt() -> None:
    hidden, seen = person(), person()
    hips = [BODY.sources[BODY.joints.index(f"{side}_hip")] for side in ("left", "right")]
    hidden.body[:, hips, 3] = 0.05
    seen.body[:, hips, 3] = np.linspace(0.05, 1.0, len(seen))[:, None]
    settings = dataclasses.replace(PIXELS, hip_confidence=0.05)
    assert_same(features(seen, settings), features(hidden))
    assert_same(features(hidden, settings), features(hidden))
    assert np.abs(features(seen).body - features(hidden).body).max() > 0.9


def test_if_nobody_is_seen_everything_is_zero() -> None:
    sequence = person()
    sequence.body[..., :3] = np.nan
    sequence.hands[:] = np.nan
    given = features(sequence)
    for name, values in vars(given).items():
        assert not values.any(), name


def test_scattered_gaps_give_only_finite_numbers() -> None:
    sequence, rng = person(), np.random.default_rng(1)
    sequence.body[rng.random(sequence.body.shape[:2]) < 0.4] = np.nan
    sequence.hands[rng.random(sequence.hands.shape[:2]) < 0.4] = np.nan
    assert_finite(features(sequence))


def test_a_mirrored_person_gives_mirrored_features() -> None:
    sequence = person()
    body, hands = sequence.body.copy(), sequence.hands[:, ::-1].copy()
    sources = np.array(BODY.sources)
    body[:, sources] = sequence.body[:, sources[list(BODY.mirror)]]
    body[..., 0] = WIDTH - body[..., 0]
    hands[..., 0] = WIDTH - hands[..., 0]
    mirrored = features(dataclasses.replace(sequence, body=body, hands=hands))

    given = features(sequence)
    expected = given.body[:, :, :, list(BODY.mirror)]
    expected[:, [0, 2, 4, 6]] *= -1  # x of each modality; y and the mask stay
    np.testing.assert_allclose(mirrored.body, expected, atol=2e-4)
    np.testing.assert_allclose(mirrored.hands, given.hands[..., ::-1], atol=2e-4)


def test_left_hands_are_mirrored_onto_right_ones() -> None:
    # The right hand of a person who faces the camera is on the left of the image.
    horizontal = features(person()).hands[0, 0]
    assert (horizontal.mean(axis=(0, 1)) < 0).all()
