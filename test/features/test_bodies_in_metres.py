"""Bodies in metres: their frame, their heading, and the box that may replace the frame."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from feature_inputs import (
    METRES,
    PIXELS,
    assert_finite,
    assert_same,
    features,
    person,
    samples,
    tracked,
)
from scipy.spatial.transform import Rotation

from bharnet_ros.features.settings import MODALITIES
from bharnet_ros.types.keypoints import KeypointSequence

ALIGNED = dataclasses.replace(METRES, align_heading=True)
BOXED = dataclasses.replace(METRES, fit_to_box=True, modalities=("joint",))


def test_depth_cameras_give_three_coordinates_of_a_joint() -> None:
    given = features(tracked(), METRES)
    assert METRES.body_channels == 3 * len(MODALITIES) + 1
    assert given.body.shape == (1, METRES.body_channels, 16, 25, 1)
    shoulders, centre = given.body[0, :3, :, [4, 8], 0], given.body[0, :3, :, 20, 0]
    width = np.linalg.norm(shoulders[0] - shoulders[1], axis=0)
    assert np.median(width) == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(np.median(centre, axis=1), 0.0, atol=1e-3)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, (0.7, -0.2, 1.1)), (0.6, (0.0, 0.0, 0.0))])
def test_position_before_a_depth_camera_and_size_do_not_matter(
    scale: float, shift: tuple[float, float, float]
) -> None:
    near = tracked()
    body = near.body.copy()
    body[..., :3] = body[..., :3] * scale + np.float32(shift)
    assert_same(features(near, METRES), features(dataclasses.replace(near, body=body), METRES))


def test_depth_of_the_body_matters() -> None:
    flat, deep = tracked(), tracked()
    deep.body[:, 11, 2] += 0.3
    moved = np.abs(features(flat, METRES).body - features(deep, METRES).body)[0, :, :, :, 0]
    assert moved[2, :, 11].min() > 0.5
    assert not moved[:, :, 15].any()


def test_hands_beside_a_body_in_metres_have_a_frame_of_their_own() -> None:
    given, bodiless = features(tracked(), METRES), person()
    bodiless.body[..., :3] = np.nan
    alone = features(bodiless)
    np.testing.assert_array_equal(given.hands, alone.hands)
    place = given.hands[0, :2]
    assert 0.1 < np.abs(place).max() < 8.0


def test_a_body_with_hidden_shoulders_still_has_a_frame() -> None:
    hidden = tracked()
    hidden.body[:, [4, 8, 20]] = np.nan
    given = features(hidden, METRES)
    assert_finite(given)
    assert np.abs(given.body[0, :3]).max() < 5.0


def seen_from(sequence: KeypointSequence, angle: float) -> KeypointSequence:
    """Return a person before a depth camera, turned about the vertical by an angle in radians."""
    turned = sequence.body.copy()
    turned[..., :3] @= np.float32(Rotation.from_euler("y", angle).as_matrix().T)
    return dataclasses.replace(sequence, body=turned)


@pytest.mark.parametrize("angle", [0.6, -1.5, 3.1])
def test_the_view_direction_does_not_matter_with_align_heading(angle: float) -> None:
    pair = [tracked(0), tracked(1)]
    turned = [seen_from(one, angle) for one in pair]
    assert_same(samples(ALIGNED, pair), samples(ALIGNED, turned))
    assert np.abs(samples(METRES, pair).body - samples(METRES, turned).body).max() > 0.1


def test_aligned_shoulders_lie_along_x() -> None:
    given = features(seen_from(tracked(), 1.0), ALIGNED)
    left, right = given.body[0, :3, :, 4, 0], given.body[0, :3, :, 8, 0]
    across = (right - left).mean(axis=1)
    assert across[0] == pytest.approx(1.0, abs=0.1)
    assert across[2] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("hidden", [[4], [8], [4, 8]])
def test_a_body_without_both_shoulders_is_not_turned(hidden: list[int]) -> None:
    sideways = seen_from(tracked(), 1.0)
    sideways.body[:, hidden] = np.nan
    aligned = features(sideways, ALIGNED)
    assert_same(aligned, features(sideways, METRES))


def test_bodies_in_images_are_not_aligned() -> None:
    aligned = features(person(), dataclasses.replace(PIXELS, align_heading=True))
    assert_same(aligned, features(person()))


def test_each_axis_of_a_box_runs_from_minus_one_to_one() -> None:
    given = features(tracked(), BOXED)
    joints = given.body[0, :3, ..., 0].reshape(3, -1)
    np.testing.assert_allclose(joints.min(1), -1.0, atol=1e-5)
    np.testing.assert_allclose(joints.max(1), 1.0, atol=1e-5)


def test_position_and_size_along_an_axis_do_not_matter_in_a_box() -> None:
    near = tracked()
    body = near.body.copy()
    body[..., :3] = body[..., :3] * np.float32((0.5, 2.0, 1.3)) + np.float32((0.7, -0.2, 1.1))
    assert_same(features(near, BOXED), features(dataclasses.replace(near, body=body), BOXED))


def test_a_person_who_walks_becomes_small_in_a_box() -> None:
    walking = tracked()
    walking.body[..., 0] += np.linspace(0.0, 3.0, len(walking.body), dtype=np.float32)[:, None]
    width = [
        np.abs(given.body[0, 0, :, 4, 0] - given.body[0, 0, :, 8, 0]).mean()
        for given in (features(tracked(), BOXED), features(walking, BOXED))
    ]
    assert width[1] < 0.5 * width[0]


def test_people_of_a_sample_share_a_box() -> None:
    beside = tracked(1)
    beside.body[..., 0] += 1.5
    given = samples(BOXED, [tracked(0), beside])
    x = given.body[0, 0]
    assert (x.min(), x.max()) == (pytest.approx(-1.0, abs=1e-5), pytest.approx(1.0, abs=1e-5))
    assert x[..., 0].max() < x[..., 1].min()


def test_a_box_without_people_is_empty_and_images_have_no_box() -> None:
    hidden = tracked()
    hidden.body[:] = np.nan
    assert not features(hidden, BOXED).body.any()
    assert_same(
        features(person(), dataclasses.replace(PIXELS, fit_to_box=True)), features(person())
    )
